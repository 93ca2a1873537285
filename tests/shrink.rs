//! Failures made small: what is left, what is told of it, and what is on disk whenever it ends.

#[path = "common/desk.rs"]
mod desk;
#[path = "shrink/killed.rs"]
mod killed;
#[path = "shrink/machine.rs"]
mod machine;
#[path = "shrink/result.rs"]
mod result;
#[path = "shrink/rule.rs"]
mod rule;
