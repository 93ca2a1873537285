//! What people and machines read: text for the terminal, made from plain data.

pub mod terminal;
