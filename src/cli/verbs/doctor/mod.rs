//! `comeback doctor`: a configuration against its live stack.

mod ample;
mod commands;
mod containers;
mod doctor;
mod links;
mod requests;

pub use doctor::Doctor;
