//! Failures made small, in the simulator and against rules.

mod result;
mod rule;
