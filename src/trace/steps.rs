//! When the steps of a trial were done.

use super::{EventKind, Phase, Trace};
use crate::model::StepTimes;

/// When the steps of a trial started and ended.
pub fn step_times(trace: &Trace) -> StepTimes {
    let mut times = StepTimes::default();
    let mut began_us = 0;
    for event in &trace.events {
        let at_ms = (event.at_us - began_us) / 1_000;
        match &event.kind {
            EventKind::Phase { phase: Phase::Plan } => began_us = event.at_us,
            EventKind::StepStarted { step } => {
                times.starts_ms.insert(step.clone(), at_ms);
            }
            EventKind::StepEnded { step } => {
                times.ends_ms.insert(step.clone(), at_ms);
            }
            _ => {}
        }
    }
    times
}
