//! Containers of a Docker or Podman engine as services.
//!
//! [`Engine`] is the way to the daemon, [`Selector`] says which container is meant, and
//! [`DockerDriver`] drives and observes it. [`undo`] restores, from a lease alone, what a run that
//! died left behind. This module is the only user of `bollard`.
//!
//! What Docker does differently from what one would expect, and what is done about it here:
//! - Its state lags behind its answers, and its answers behind its state. An act is done when an
//!   inspection confirms it; the engine's events say when to look again (`container`).
//! - `docker stop` counts its grace in whole seconds. A grace here is in milliseconds, because the
//!   stop signal and the kill are sent one by one.
//! - A pause that meets a command on its way into the container locks the engine up, so the two
//!   wait for each other (`exec`).
//! - A log cannot be followed across a restart, and can be resumed only at a whole second. Lines
//!   already seen are counted and passed over (`log`).
//! - A restart, or joining a network again, may publish a port elsewhere. Random ports are refused
//!   (`refusal`), and any other move is found and reported (`ports`).
//! - A name also finds whatever has an id that begins so. Only a container's own name, or twelve
//!   digits of its id, are taken (`selector`).

mod compose;
mod container;
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
mod undo;
mod usage;

pub use compose::{ComposeService, compose_services};
pub use driver::DockerDriver;
pub use engine::Engine;
pub use ports::published_alike;
pub use selector::Selector;
pub use undo::undo;
