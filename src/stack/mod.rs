//! The system under test: one driver per service, and a direct readiness probe per backend.
//!
//! The files of this folder hold traits and plain data. [`process`], [`docker`] and [`command`]
//! implement the traits, and so does the [demo](crate::demo). [`link`] adds a link to any of them.

pub mod backoff;
pub mod command;
pub mod control_group;
pub mod docker;
mod driver;
mod driver_error;
mod feed;
mod figures;
mod lease;
pub mod link;
mod log_lines;
pub mod mark;
mod observation;
pub mod port;
pub mod probe;
pub mod process;
mod program;
mod readiness_probe;
mod stack;
mod subject;
mod tail;
mod undone;
mod wait_until;

pub use self::feed::{Feed, Observations, feed};
pub use self::subject::Subject;
pub use self::undone::Undone;
pub use self::wait_until::wait_until;
pub use driver::Driver;
pub use driver_error::DriverError;
pub use lease::Lease;
pub use observation::{Observation, ServiceState, Usage};
pub use readiness_probe::Probe;
pub use stack::{Backend, Stack};
