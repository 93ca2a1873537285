//! The simulator: what happens in it, happens again, and happens live; and what is true of every plan.

#[path = "simulator/anchors.rs"]
mod anchors;
#[path = "simulator/answers.rs"]
mod answers;
#[path = "simulator/control.rs"]
mod control;
#[path = "common/desk.rs"]
mod desk;
#[path = "simulator/determinism.rs"]
mod determinism;
#[path = "simulator/early_end.rs"]
mod early_end;
#[path = "../benches/minimum/explanations.rs"]
mod explanations;
#[path = "simulator/faults.rs"]
mod faults;
#[path = "simulator/jobs.rs"]
mod jobs;
#[path = "simulator/known.rs"]
mod known;
#[path = "simulator/load.rs"]
mod load;
#[path = "simulator/parity.rs"]
mod parity;
#[path = "simulator/properties.rs"]
mod properties;
#[path = "simulator/recovery_clock.rs"]
mod recovery_clock;
#[path = "simulator/regress.rs"]
mod regress;
#[path = "simulator/shrinking.rs"]
mod shrinking;
#[path = "common/trial.rs"]
mod trial;
