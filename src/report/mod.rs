//! What people and machines read: plain data first, then text for the terminal, a page, and files for other tools.

mod campaign;
mod checkup;
mod comparison;
mod document;
mod failure;
mod glance;
pub mod hgrm;
pub mod html;
mod json;
pub mod junit;
pub mod prometheus;
mod regressed;
mod replayed;
mod scene;
mod scope;
mod sent;
mod shrunk;
mod table;
pub mod terminal;
mod tested;
mod trial;
mod wording;

pub use campaign::CampaignReport;
pub use checkup::{Check, Checkup, Health};
pub use comparison::{Change, Compared, Comparison};
pub use document::{Report, ReportError};
pub use glance::Glance;
pub use json::ReportJson;
pub use regressed::{fate_line, regressed};
pub use replayed::replayed;
pub use scene::{Line, Scene, Tone};
pub use scope::{Ability, Scope, Touched};
pub use sent::{Sent, SentSummary};
pub use shrunk::shrunk;
pub use table::table;
pub use trial::{Counterexample, Happening, Headline, Requests, Row, TrialReport};
