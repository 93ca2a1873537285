//! One trial: client, nemesis and observers joined.

mod settings;

pub use settings::{ResetPolicy, Settings};
