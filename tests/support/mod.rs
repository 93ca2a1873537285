//! What the three programs of tests share.

#![allow(dead_code, reason = "each program uses a part of it")]

pub mod compose;
pub mod desk;
pub mod docker;
pub mod live;
pub mod long_trace;
pub mod test_container;
pub mod trial;
pub mod turn;
