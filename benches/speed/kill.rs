//! The trial that is measured: one kill of the backend, in a stack that answers at once.

use std::time::Instant;

use anyhow::{Context, bail};
use comeback::LiveStack;
use comeback::model::{Action, Anchor, Fault, FaultKind, Plan, Step, Verdict};
use comeback::trace::{EventKind, Trace};

/// Requests before and after the kill of a minimal loop: as many as show sustained success.
pub const REQUESTS: usize = 3;

/// How long the backend is left dead.
pub const OUTAGE_MS: u64 = 1;

/// How long something took, in milliseconds.
pub struct Took {
    /// The whole trial, with the reset before it.
    pub took_ms: f64,
    /// From the kill, once its intent is on the disk, to the first success after it.
    pub away_ms: f64,
}

/// Runs the trial once. One that a busy machine left undecided is run again.
///
/// # Errors
/// When the stack cannot be driven, or a trial does not hold.
pub fn trial(stack: &mut LiveStack) -> anyhow::Result<Took> {
    let plan = plan();
    loop {
        let began = Instant::now();
        let trace = stack.execute(&plan)?;
        let took_ms = ms_since(began);
        match trace.verdict() {
            Verdict::Holds => {
                let away_ms = away_ms(&trace).context("the trial killed nothing")?;
                return Ok(Took { took_ms, away_ms });
            }
            Verdict::Violated => bail!("{:?}", trace.judgement),
            Verdict::Inconclusive => {}
        }
    }
}

/// The time since then, in milliseconds.
pub fn ms_since(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1_000.0
}

fn plan() -> Plan {
    Plan {
        seed: 1,
        index: 0,
        background: None,
        steps: vec![Step {
            id: "f1".into(),
            anchor: Anchor::At { offset_ms: 0 },
            action: Action::Fault(Fault {
                backend: "db".to_owned(),
                kind: FaultKind::Kill,
                outage_ms: OUTAGE_MS,
            }),
        }],
    }
}

fn away_ms(trace: &Trace) -> Option<f64> {
    let mut events = trace.events.iter();
    let killed_us = events.find_map(|event| match event.kind {
        EventKind::FaultActed { took_us, .. } => Some(event.at_us - took_us),
        _ => None,
    })?;
    let is_ok =
        |kind: &EventKind| matches!(kind, EventKind::Ended { outcome, .. } if outcome.is_ok());
    let served = events.find(|event| is_ok(&event.kind))?;
    Some((served.at_us - killed_us) as f64 / 1_000.0)
}
