//! The observers: what the services do, and whether the backends are ready.
//!
//! They only look. Everything they see goes to the recorder, from which the executor's anchors, the display and
//! the invariants all read.

mod awaited;
mod readiness;
mod services;

pub use awaited::{ask, until_ready};
pub use readiness::Readiness;
pub use services::Services;
