//! Smaller plans, as pure functions of a plan. Every plan that they give is valid.

mod anchoring;
mod removal;
mod shape;
mod smaller;

pub use anchoring::anchored;
pub use removal::{no_later, without};
pub use shape::{is_same_change, other_faults, simpler_shapes, with_fault};
pub use smaller::smaller_plans;
