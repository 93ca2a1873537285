//! The project's vocabulary as plain data. This module is the leaf of the crate: it uses no other
//! module, does no I/O, and everything in it can be written to a trace and read back.

mod anchor;
mod burst;
pub mod ceiling;
mod count;
mod duration;
mod executed;
mod explanation;
mod fault;
mod fault_name;
mod known;
mod limits;
mod link_fault;
mod link_fault_name;
mod log_patterns;
mod number;
mod outcome;
mod plan;
mod planned;
mod regressed;
mod replayed;
mod reproduced;
mod request;
mod signature;
mod size;
mod speed;
mod step_id;
mod suggestion;
mod summary;
mod tested;
mod times;
mod verdict;
mod words;

pub use anchor::{Anchor, Edge};
pub use burst::{Background, Burst, Mix, Pace};
pub use count::{count, listed};
pub use duration::{duration, duration_ms, duration_s, duration_us, moment};
pub use executed::Executed;
pub use explanation::{
    Alternative, Explanation, NeededNumber, NeededStep, ShrinkHistory, ShrinkRun, Standing,
};
pub use fault::{Act, BackendName, Fault, FaultKind};
pub use fault_name::FaultName;
pub use known::Known;
pub use limits::{ErrorBodies, LatencyLimits, LimitError, Limits, ResourceLimits};
pub use link_fault::{ClosedBy, Direction, LinkFault};
pub use link_fault_name::LinkFaultName;
pub use log_patterns::LogPatterns;
pub use number::{Number, NumberKind};
pub use outcome::{Outcome, UnknownReason};
pub use plan::{AFTER, Action, BACKGROUND, BASELINE, Misfit, PROBE, Plan, Step, Wait};
pub use regressed::{Fate, Regressed, Regression};
pub use replayed::{Counts, Differing, Drift, Fidelity, OtherFailure, Replayed, Skipped};
pub use reproduced::Reproduced;
pub use request::{Expect, Job, KindName, RequestKind};
pub use signature::{Signature, SignatureError};
pub use size::Size;
pub use speed::Speed;
pub use step_id::StepId;
pub use suggestion::{ALIKE, suggestion};
pub use summary::{
    Expectation, Failure, FirstCalls, LatencyRow, Percentiles, RecoveryRow, Rehearsal, Summary,
};
pub use tested::{FaultsDone, Tested};
pub use times::StepTimes;
pub use verdict::{Figure, Finding, Judgement, Verdict};
pub use words::{faults_in_words, is_other_outage};

/// The name of the API wherever a service is named: in events, logs and reports. No backend may
/// have this name.
pub const API: &str = "api";
