//! What happened in a trial: the events, the file they are kept in, and questions put to them.

mod asked;
mod bounds;
mod crowd;
mod event;
mod folder;
mod foreign;
mod lag;
mod lines;
mod mismatch;
mod origin;
mod phase;
mod query;
mod recorder;
mod redaction;
mod request;
mod rows;
#[cfg(test)]
pub(crate) mod script;
mod span;
mod steps;
mod store;
mod streak;
mod tested;
mod usage;
mod waits;
mod window;

pub use asked::Asked;
pub use event::{Event, EventKind, Exchange};
pub use folder::files;
pub use lag::Measure;
pub use lines::{Line, Lines};
pub use mismatch::Mismatch;
pub use origin::Origin;
pub use phase::Phase;
pub use query::View;
pub use recorder::{Follower, Recorder};
pub use redaction::Redaction;
pub use request::{Accepted, Answer, End, Moment, Poll, Request};
pub use span::{Span, Spans};
pub use steps::{outages_ms, step_times};
pub use store::{FORMAT_VERSION, Header, KindInfo, StackInfo, Trace, TraceError, TraceWriter};
pub use streak::{Streak, Streaks, sustained};
pub use tested::tested;
pub use usage::Sample;
pub use window::{Ready, Window};
