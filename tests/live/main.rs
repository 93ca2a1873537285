//! Live stacks of processes. They measure time, so those of different groups never run at once: see
//! `support::turn`.

mod cli;
mod demo;
mod kills;
mod links;
mod nginx;
mod parity;
mod real;
mod shrink;
#[path = "../support/mod.rs"]
mod support;
mod verbs;
mod with_proptest;
