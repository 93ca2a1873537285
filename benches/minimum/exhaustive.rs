//! The minimum, by trying everything.

use std::collections::BTreeSet;

use crate::trial;
use comeback::campaign::StackHandle;
use comeback::model::{Plan, Signature, StepId};
use comeback::shrink::without;
use comeback::trace::{Trace, step_times};

/// A set of steps that passes so often in a row is taken not to fail.
const TRIES: u64 = 5;

/// The least number of steps with which the plan of a trace fails in the same way, if it is below `below`. Steps are left out of the plan as it
/// was found, and nothing else is changed.
pub fn fewer_steps(handle: &StackHandle, found: &Trace, below: usize) -> Option<usize> {
    let signature = found.judgement.as_ref()?.signature.as_ref()?;
    let times = step_times(found);
    let steps: Vec<&StepId> = found.plan.steps.iter().map(|step| &step.id).collect();
    let executed = |id: &&&StepId| times.start_ms(id).is_some();
    let executed: Vec<&StepId> = steps.iter().filter(executed).copied().collect();
    (0..below).find(|size| {
        subsets(executed.len(), *size).any(|kept| {
            let is_kept = |id: &StepId| {
                let place = executed.iter().position(|known| *known == id);
                place.is_some_and(|place| kept >> place & 1 == 1)
            };
            let gone: BTreeSet<StepId> = steps
                .iter()
                .filter(|id| !is_kept(id))
                .map(|id| (*id).clone())
                .collect();
            let plan = without(&found.plan, &gone, &times);
            let with_load = plan.background.is_some() && *size > 0;
            let bare = Plan {
                background: None,
                ..plan.clone()
            };
            fails(handle, &bare, signature) || (with_load && fails(handle, &plan, signature))
        })
    })
}

/// Whether a plan fails with this signature in any of some executions.
fn fails(handle: &StackHandle, plan: &Plan, signature: &Signature) -> bool {
    // The chances differ from those that shrinking had.
    (1_000..1_000 + TRIES).any(|nth| {
        let judgement = trial::simulated(handle, plan, nth).judgement;
        judgement.is_some_and(|judgement| judgement.shows(signature))
    })
}

/// All sets of `size` places out of `count`.
fn subsets(count: usize, size: usize) -> impl Iterator<Item = u32> {
    (0..1_u32 << count).filter(move |set| set.count_ones() as usize == size)
}
