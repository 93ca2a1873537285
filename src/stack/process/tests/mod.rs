//! Tests of the driver with real processes.

mod driver;
mod wanderers;
