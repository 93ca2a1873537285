//! Comeback's own shrinking of steps. It is told nothing.

use comeback::model::{Action, Anchor, Plan, Step, StepId, Wait};
use comeback::shrink::{Executions, Purpose, reduce};
use futures_util::FutureExt;

use super::oracle::Oracle;
use super::outcome::Outcome;

struct Counted {
    oracle: Oracle,
    guard_runs: u32,
}

impl Executions for Counted {
    async fn fails(&mut self, plan: &Plan, purpose: Purpose) -> Option<bool> {
        self.guard_runs += u32::from(purpose == Purpose::Guard);
        let places = plan
            .steps
            .iter()
            .filter_map(|step| step.id.0.parse::<u32>().ok());
        Some(
            self.oracle
                .fails(places.fold(0, |kept, place| kept | 1 << place)),
        )
    }

    fn fits(&self, _plan: &Plan) -> bool {
        true
    }

    fn best(&mut self, _plan: &Plan, _rate: f64) {}
}

/// Shrinks.
pub fn shrink(oracle: Oracle) -> Outcome {
    let count = oracle.count();
    // Only the steps' names matter.
    let steps = (0..count).map(|place| Step {
        id: StepId(place.to_string()),
        anchor: Anchor::At { offset_ms: 0 },
        action: Action::Wait(Wait { wait_ms: 1 }),
    });
    let plan = Plan {
        seed: 1,
        index: 0,
        background: None,
        steps: steps.collect(),
    };
    let mut counted = Counted {
        oracle,
        guard_runs: 0,
    };
    let reduced = reduce(&plan, vec![0.0; count], &mut counted).now_or_never();
    let reduced = reduced.expect("a simulated run waits for nothing");
    Outcome::new(&counted.oracle, reduced.kept, counted.guard_runs)
}
