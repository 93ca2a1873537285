//! Removes secrets, and characters that control a terminal, from everything that comeback outputs.
//!
//! Every text leaves through one of these doors:
//!
//! | door | what passes | what is removed |
//! |---|---|---|
//! | [`Recorder`](crate::trace::Recorder) | texts from APIs, logs and engines | every secret |
//! | standard error (`cli/kit/stream.rs`, `bar.rs`) | errors, progress, diagnostics | every secret |
//! | standard output, traces, summaries, report files | comeback's own wording, with those texts in it | distinctive secrets |
//!
//! The last door is a second check: its texts have passed the first door or are comeback's own. It
//! keeps plain words and numbers, because a variable with the value `stop` or `8000` would
//! otherwise remove words and figures from reports.
//!
//! A secret is found in many encodings (see [`Redactor`]). It is replaced by the name of its
//! variable, `${NAME}`, as in the configuration.

mod decoded;
mod doors;
mod redactor;
mod secret;
mod visible;

pub use doors::{Clean, foreign, know, own, to_json, to_json_pretty, write_file, write_json};
pub use redactor::Redactor;
pub use secret::{SHORTEST, Secret};
pub use visible::visible;
