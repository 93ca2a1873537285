//! What the verbs share: options, the stack for the length of a command, and what is written to
//! the terminal. Nothing here uses a verb.

mod bar;
mod bar_line;
mod budget;
mod colors;
mod exit;
pub mod folder;
pub mod healing;
pub mod interrupt;
mod output;
mod pace;
mod plain_page;
mod plain_table;
mod plain_words;
mod progress;
pub mod reports;
pub mod saved;
pub mod scope;
mod session;
mod source;
pub mod stream;
mod values;
mod waiting;

pub use bar::Bar;
pub use budget::Budget;
pub use colors::ColorWhen;
pub use exit::{Exit, words};
pub use output::{Format, Output};
pub use progress::Progress;
pub use session::{Session, with_stacks};
pub use source::{Source, my_executable};
pub use values::{above_zero, seconds, seed, seed_of_now, share, whole};
