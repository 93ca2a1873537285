//! The program as it is used: the real binary, each time in a folder of its own.

mod alone;
mod cases;
mod in_doubt;
mod jobs;
mod killed;
mod known;
mod parts;
mod planted;
mod regress;
mod resumed;
mod secrets;
mod terminal;
mod trouble;
mod verdicts;
