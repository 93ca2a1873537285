//! What people and machines read: text for the terminal, made from plain data.

mod sent;
mod table;
pub mod terminal;

pub use sent::{Sent, SentSummary};
pub use table::{millis, table};
