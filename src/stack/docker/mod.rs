//! Containers of a Docker or Podman engine as services.
//!
//! [`Engine`] is the connection to the engine, [`Selector`] says which container is meant, and
//! [`DockerDriver`] drives and observes it. [`undo`] restores, from a lease, what a dead run left
//! behind. This module is the only user of `bollard`.
//!
//! Docker's traps, and what is done about them:
//! - The engine's responses and its view of a container's state may lag behind each other. An act
//!   is complete when an inspection confirms it; events say when to inspect again (`container`).
//! - `docker stop` has a grace period in whole seconds. Here it is in milliseconds, because the
//!   stop signal and the kill are separate requests.
//! - A pause while a command is being started in the container deadlocks the engine, so the two
//!   exclude each other (`exec`).
//! - A log cannot be followed across a restart, and can be resumed only at a whole second. Lines
//!   already read are counted and skipped (`log`).
//! - A restart, or rejoining a network, may publish a port elsewhere. Random ports are refused
//!   (`refusal`), and any other move is detected and reported (`ports`).
//! - A name also matches containers whose id begins with it. Only a container's own name, or at
//!   least twelve digits of its id, are accepted (`selector`).

mod compose;
mod container;
mod control_group;
mod direct_kill;
mod driver;
mod engine;
mod events;
mod exec;
mod log;
mod network;
mod observer;
mod ports;
mod refusal;
mod selector;
mod stamp;
mod stop_signal;
mod undo;
mod usage;

pub use compose::{ComposeService, compose_services};
pub use driver::DockerDriver;
pub use engine::Engine;
pub use ports::published_alike;
pub use selector::Selector;
pub use undo::undo;
