//! `comeback run`: random plans against a live stack, or a simulated one.

mod known;
mod run;

pub use run::Run;
