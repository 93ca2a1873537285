//! Stacks of containers. Without a Docker engine, each test says that it is skipped.

mod driver;
mod ray;
mod stack;
#[path = "../support/mod.rs"]
mod support;
