//! What happened in a trial: the events, the file they are kept in, and questions put to them.

mod crowd;
mod event;
mod folder;
mod lag;
mod lines;
mod origin;
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
mod usage;
mod window;

pub use event::{Event, EventKind, Exchange, Phase};
pub use folder::files;
pub use lines::{Line, Lines};
pub use origin::Origin;
pub use query::View;
pub use recorder::{Follower, Recorder};
pub use redaction::Redaction;
pub use request::{Accepted, Answer, End, Moment, Poll, Request};
pub use span::{Span, Spans};
pub use steps::{outages_ms, step_times};
pub use store::{FORMAT_VERSION, Header, KindInfo, StackInfo, Trace, TraceError, TraceWriter};
pub use streak::{Streak, Streaks, sustained};
pub use usage::Sample;
pub use window::{Ready, Window};
