//! What needs no stack: the library's promises, the program's texts, and campaigns in the
//! simulator.

mod config;
mod docker_fake;
mod generator;
mod link;
mod mistakes;
mod report;
mod runnable;
mod saved;
mod shrink;
mod simulator;
#[path = "../support/mod.rs"]
mod support;
mod tidy;
mod trace_properties;
mod unreadable;
mod verbs;

use support::trial;
