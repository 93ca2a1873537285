//! What people and machines read: text for the terminal, made from plain data.

mod checkup;
mod scene;
mod sent;
mod table;
pub mod terminal;

pub use checkup::{Check, Checkup, Health};
pub use scene::{Line, Scene, Tone};
pub use sent::{Sent, SentSummary};
pub use table::{millis, table};
