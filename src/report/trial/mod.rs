//! The content of a trace, in plain data that stays small even for a long trace.

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
