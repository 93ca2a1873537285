//! One file or folder for each verb. None uses another.

mod check;
mod completions;
mod demo;
mod demo_part;
mod doctor;
mod fault;
mod heal;
mod help;
mod init;
mod link;
mod man;
mod regress;
mod replay;
mod report;
mod run;
mod send;
mod shrink;
mod watch;

pub use check::CheckArgs;
pub use completions::Completions;
pub use demo::Demo;
pub use demo_part::DemoPart;
pub use doctor::Doctor;
pub use fault::FaultArgs;
pub use heal::Heal;
pub use help::Help;
pub use init::Init;
pub use link::LinkArgs;
pub use man::ManPages;
pub use regress::RegressArgs;
pub use replay::ReplayArgs;
pub use report::ReportArgs;
pub use run::Run;
pub use send::Send;
pub use shrink::Shrink;
pub use watch::Watch;
