//! A scripted API for the load's own tests, and the traps of HTTP clients over real sockets.

pub(super) mod scripted;
mod traps;
