//! A scripted API for the load's own tests, what its answers have to be, and the traps of HTTP
//! clients over real sockets.

mod answers;
mod crossings;
mod following;
pub(super) mod scripted;
mod traps;
