//! Undoing what runs have left behind, by their journals.

mod healed;
mod healing;
mod undo;

pub use healed::Healed;
pub use healing::{Healing, heal_dead_runs};
