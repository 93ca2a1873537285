//! Smaller plans, as pure functions of a plan. Every plan that they give is valid.

mod number;
mod removal;
mod shape;

pub use number::{Number, What, scaled};
pub use removal::without;
pub use shape::simpler_shapes;
