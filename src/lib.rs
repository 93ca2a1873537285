//! (stub)
pub mod app;
pub mod campaign;
pub mod cli;
pub mod config;
pub mod executor;
pub mod generator;
pub mod invariant;
pub mod latency;
pub mod load;
pub mod model;
pub mod nemesis;
pub mod observe;
pub mod report;
pub mod stack;
pub mod trace;
