//! Reports: plain data, and its formats for the terminal, a page and other tools.
//!
//! The formats (`terminal`, `html`, `junit`, `json`, `prometheus`, `hgrm`) do not use each other.
//! What several of them share is in `wording` (sentences and numbers), `story` (an event in words)
//! or `table`.

mod campaign;
#[cfg(feature = "cli")]
mod checkup;
mod comparison;
mod document;
mod error;
mod failure;
#[cfg(feature = "cli")]
mod forecast;
pub mod hgrm;
pub mod html;
mod json;
#[cfg(feature = "cli")]
pub mod junit;
mod link_words;
mod live_log;
pub mod prometheus;
#[cfg(feature = "cli")]
mod regressed;
#[cfg(feature = "cli")]
mod replayed;
#[cfg(feature = "cli")]
mod scope;
#[cfg(feature = "cli")]
mod send_stats;
mod shrunk;
mod story;
#[cfg(feature = "cli")]
mod table;
#[cfg(feature = "cli")]
pub mod terminal;
mod tested;
mod tone;
mod trial;
mod trial_summary;
mod unreadable;
mod untraced_trial;
mod wording;

pub use campaign::CampaignReport;
#[cfg(feature = "cli")]
pub use checkup::{Check, Checkup, Health};
pub use comparison::{Change, Compared, Comparison};
pub use document::Report;
pub use error::ReportError;
#[cfg(feature = "cli")]
pub use forecast::Forecast;
pub use json::ReportJson;
pub use live_log::LiveLog;
#[cfg(feature = "cli")]
pub use regressed::regressed;
#[cfg(feature = "cli")]
pub use replayed::replayed;
#[cfg(feature = "cli")]
pub use scope::{Ability, Scope, Touched};
#[cfg(feature = "cli")]
pub use send_stats::{SendStats, SendSummary};
pub use shrunk::shrunk;
pub use story::EventLine;
#[cfg(feature = "cli")]
pub use table::table;
pub use tone::Tone;
pub use trial::{ControlNote, Counterexample, Headline, RequestEnd, Requests, ResourceUse, Row};
pub use trial::{TimelineEvent, TrialReport, UseSample};
pub use trial_summary::TrialSummary;
pub use unreadable::{Unreadable, without_os_number};
pub use untraced_trial::UntracedTrial;
pub use wording::fate_line;
