//! `comeback link` over real sockets: TCP over IPv4 and IPv6, and Unix.

#[path = "link/faults.rs"]
mod faults;
#[path = "link/lease.rs"]
mod lease;
#[path = "link/path.rs"]
mod path;
#[path = "link/plain.rs"]
mod plain;
#[path = "link/program.rs"]
mod program;
