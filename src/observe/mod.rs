//! The observers: what the services do, what the API uses, whether the backends are ready, and how
//! this machine fares.
//!
//! They only look. Everything they see goes to the recorder, from which the executor's anchors, the
//! display and the invariants all read.

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
