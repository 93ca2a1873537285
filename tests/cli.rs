//! The program as it is used: the real binary, each time in a folder of its own.

#[path = "cli/alone.rs"]
mod alone;
#[path = "cli/cases.rs"]
mod cases;
#[path = "common/desk.rs"]
mod desk;
#[path = "cli/in_doubt.rs"]
mod in_doubt;
#[path = "cli/jobs.rs"]
mod jobs;
#[path = "cli/killed.rs"]
mod killed;
#[path = "cli/known.rs"]
mod known;
#[path = "cli/live.rs"]
mod live;
#[path = "cli/mistakes.rs"]
mod mistakes;
#[path = "cli/parts.rs"]
mod parts;
#[path = "cli/planted.rs"]
mod planted;
#[path = "cli/regress.rs"]
mod regress;
#[path = "cli/resumed.rs"]
mod resumed;
#[path = "cli/secrets.rs"]
mod secrets;
#[path = "cli/terminal.rs"]
mod terminal;
#[path = "cli/trouble.rs"]
mod trouble;
#[path = "cli/unreadable.rs"]
mod unreadable;
#[path = "cli/verdicts.rs"]
mod verdicts;
