//! The simulator: what happens in it, happens again; and what is true of every plan.

mod anchors;
mod answers;
mod control;
mod determinism;
mod early_end;
#[path = "../../benches/minimum/explanations.rs"]
mod explanations;
mod faults;
mod hangs;
mod jobs;
mod known;
mod load;
mod properties;
mod recovery_clock;
mod regress;
mod shrinking;
mod unwritable;
