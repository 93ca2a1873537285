//! What happened in a trial: the events, the file they are kept in, and questions put to them.

mod event;
mod query;
mod recorder;
mod redaction;
mod store;

pub use event::{Event, EventKind, Exchange, Origin, Phase};
pub use query::{Answered, Request, View, Window};
pub use recorder::{Follower, Recorder};
pub use redaction::Redaction;
pub use store::{FORMAT_VERSION, Header, KindInfo, StackInfo, Trace, TraceError, TraceWriter};
