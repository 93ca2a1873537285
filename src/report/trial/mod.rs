//! What a trace tells, in plain data that stays small however long the trace is.

mod counterexample;
mod headline;
mod requests;
mod timeline;
mod trial_report;

pub use counterexample::Counterexample;
pub use headline::Headline;
pub use requests::{Requests, Row};
pub use timeline::TimelineEvent;
pub use trial_report::TrialReport;
