//! The command line: one file per verb.

pub mod demo;
pub mod demo_part;
