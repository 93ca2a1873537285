//! Reports as other tools read them: parsers and validators that nobody here wrote, and a browser.

#[path = "report/browser.rs"]
mod browser;
#[path = "common/desk.rs"]
mod desk;
#[path = "common/long_trace.rs"]
mod long_trace;
#[path = "report/machines.rs"]
mod machines;
#[path = "report/page.rs"]
mod page;
