//! Tests of the load with a scripted API, and of the traps of HTTP clients over real sockets.

mod answers;
mod crossings;
mod following;
pub(super) mod scripted;
mod traps;
