//! The observers: what the services do, which resources the API uses, whether the backends are
//! ready, and how busy this machine is.
//!
//! They change nothing. All they observe goes to the recorder, from which the executor's anchors,
//! the display and the invariants read.

mod awaited;
mod crowd;
mod lag;
mod readiness;
mod resources;
mod services;
mod waits;

pub use awaited::{ask, until_ready};
pub use crowd::Crowd;
pub use lag::Lag;
pub use readiness::ReadinessObserver;
pub use resources::{Resources, look};
pub use services::Services;
pub use waits::WaitObserver;
