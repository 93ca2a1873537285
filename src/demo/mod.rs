//! The demo as a stack under test: the API and the backend of [`app`](crate::app), live as two
//! processes, or simulated in memory on a clock of its own.

mod error;
mod handle;
mod live;
mod parts;
mod sim;
mod transport;

pub use error::DemoError;
pub use handle::{live, simulated};
pub use live::LiveDemo;
pub use parts::{BACKEND, NAME, kinds, limits};
pub use sim::{Place, SimulatedDemo, SimulatedRunner, World};
pub use transport::InMemory;
