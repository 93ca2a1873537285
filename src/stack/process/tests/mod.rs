//! The driver at work on real processes.

mod driver;
mod wanderers;
