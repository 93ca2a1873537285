//! The command line. This is the only place that chooses concrete parts (which driver, which
//! transport) and the only user of the configuration.
//!
//! `verbs/` holds one file or folder for each verb, and none of them uses another. What they share
//! is in `kit/`, which uses no verb.

mod cli;
mod kit;
mod verbs;

pub use cli::Cli;
pub use kit::Exit;
