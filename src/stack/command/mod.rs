//! The `command` driver: a service that commands of the user's own start, stop, kill and look at.
//! It is the way out for everything that has no driver of its own: systemd, kubectl, ssh.

mod commands;
mod driver;
mod run;
mod running;
#[cfg(test)]
mod tests;
mod undo;

pub use self::commands::{Commands, Driven};
pub use self::driver::CommandDriver;
pub use self::running::{end_running, is_any_running};
pub use self::undo::{is_running, undo};
