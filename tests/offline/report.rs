//! Reports as other tools read them: parsers and validators that nobody here wrote, and a browser.

mod browser;
mod layout;
mod machines;
mod page;
mod reading;
