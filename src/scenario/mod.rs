//! The fixed plans of `comeback run --scenario`, and what is expected of an API in each: the three
//! ways in which people restart a backend by hand.

mod expectations;
mod plans;

pub use expectations::expectations;
pub use plans::{Scenario, UnknownScenario};
