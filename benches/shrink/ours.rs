//! Comeback's own shrinking of steps. It is told nothing.

use std::collections::BTreeMap;

use comeback::model::{Action, Anchor, Plan, Step, StepId, StepTimes, Wait};
use comeback::shrink::{Execution, Executions, Found, Purpose, reduce};
use futures_util::FutureExt;

use super::oracle::Oracle;
use super::outcome::Outcome;

struct Counted {
    oracle: Oracle,
    guard_runs: u32,
}

impl Executions for Counted {
    async fn execute(&mut self, plan: &Plan, purpose: Purpose) -> Option<Execution> {
        self.guard_runs += u32::from(purpose == Purpose::Guard);
        let places = plan.steps.iter().filter_map(|step| step.id.0.parse().ok());
        let kept = places.fold(0, |kept, place: u32| kept | 1 << place);
        Some(match self.oracle.fails(kept) {
            true => Execution::Failed,
            false => Execution::Passed,
        })
    }

    fn fits(&self, _plan: &Plan) -> bool {
        true
    }

    fn best(&mut self, _plan: &Plan, _rate: f64) {}
}

/// A plan of `count` steps, each named by its place.
fn found(count: usize) -> Found {
    let step = |place: usize| Step {
        id: StepId(place.to_string()),
        anchor: Anchor::At { offset_ms: 0 },
        action: Action::Wait(Wait { wait_ms: 1 }),
    };
    Found {
        plan: Plan {
            seed: 1,
            index: 0,
            background: None,
            steps: (0..count).map(step).collect(),
        },
        times: StepTimes::default(),
        log_odds: BTreeMap::new(),
        longest_offset_ms: 0,
    }
}

/// Shrinks.
pub fn shrink(oracle: Oracle, seed: u64) -> Outcome {
    let found = found(oracle.count());
    let mut executions = Counted {
        oracle,
        guard_runs: 0,
    };
    let reduced = reduce(&found, seed, &mut executions).now_or_never();
    let reduced = reduced.expect("a simulated run waits for nothing");
    Outcome::new(&executions.oracle, reduced.kept, executions.guard_runs)
}
