//! What must not leave the program as it is: secrets, and characters that command a terminal.
//!
//! Every text that leaves passes through here at one of a few doors:
//!
//! | door | what goes through it | what is removed |
//! |---|---|---|
//! | [`Recorder`](crate::trace::Recorder) | what APIs, logs and engines say | every secret |
//! | standard error (`stream.rs` and `bar.rs` of `cli/kit`) | errors, progress, diagnostics | every secret |
//! | standard output, traces, summaries, report files | comeback's own wording around all that | distinctive secrets |
//!
//! The last door is a second lock: what it lets through has come through the first already, or is
//! comeback's own. It leaves plain words and numbers alone, because a variable that happens to be
//! `stop` or `8000` would otherwise take words and figures out of reports.
//!
//! A secret is found in the spellings that programs give it (see [`Redactor`]), and shown by the
//! name of its variable, `${NAME}`: just as the configuration writes it.

mod decoded;
mod doors;
mod redactor;
mod secret;
mod visible;

pub use doors::{Clean, foreign, know, own, to_json, to_json_pretty, write_file};
pub use redactor::Redactor;
pub use secret::{SHORTEST, Secret};
pub use visible::visible;
