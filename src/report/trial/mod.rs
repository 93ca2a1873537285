//! The content of a trace, in plain data that stays small even for a long trace.

mod control_note;
mod counterexample;
mod failed_in_words;
mod headline;
mod request_end;
mod requests;
mod resource_use;
mod timeline;
mod trial_report;

pub use control_note::ControlNote;
pub use counterexample::Counterexample;
pub use headline::Headline;
pub use request_end::RequestEnd;
pub use requests::{Requests, Row};
pub use resource_use::{ResourceUse, UseSample};
pub use timeline::TimelineEvent;
pub use trial_report::TrialReport;
