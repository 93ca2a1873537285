//! A failing trial, shrunk live: executions of smaller plans, with the best so far on disk at all
//! times.

mod budget;
mod laboratory;
mod lane;
mod pipeline;
mod publish;
mod seldom;
mod shrunken;

use tokio::sync::{Mutex, mpsc};

pub use budget::{ShrinkBudget, Shrinking};
use laboratory::Laboratory;
use pipeline::Pipeline;
pub use shrunken::Shrunken;

use super::prior::prior;
use super::shared_stack::SharedStack;
use super::side_by_side::side_by_side;
use super::{Audience, CampaignError, Interrupt, Stacks};
use crate::shrink::{Found, shrink};
use crate::trace::{Trace, step_times};
use crate::watched;

impl Stacks<'_> {
    /// Shrinks the failure of a trace on all of the stacks at once. None if the trace did not fail,
    /// or if the stacks cannot be reset, so that a second failure would prove nothing.
    ///
    /// # Errors
    /// When a stack cannot be reset, or a file cannot be written.
    pub async fn shrink(
        &self,
        failing: &Trace,
        shrinking: Shrinking<'_>,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<Option<Shrunken>, CampaignError> {
        let stacks = self.shared().iter();
        shrink_on(stacks, failing, shrinking, interrupt, audience).await
    }
}

/// As [`Stacks::shrink`]. Of these stacks, each is used as soon as it is free; the first one has to
/// be.
///
/// # Errors
/// When a stack cannot be reset, or a file cannot be written.
pub(super) async fn shrink_on<'p, 's: 'p>(
    stacks: impl Iterator<Item = &'p SharedStack<'s>>,
    failing: &Trace,
    shrinking: Shrinking<'_>,
    interrupt: &Interrupt,
    audience: &dyn Audience,
) -> Result<Option<Shrunken>, CampaignError> {
    let judgement = failing.judgement.as_ref();
    let Some(signature) = judgement.and_then(|j| j.signature.clone()) else {
        return Ok(None);
    };
    let mut stacks: Vec<&SharedStack<'_>> = stacks.collect();
    let handle = stacks[0].handle;
    if handle.runner.most_at_once() > 1 {
        // A simulated trial does not wait, it keeps a processor busy: with more at once, nothing is
        // gained.
        stacks.truncate(1);
    }
    if !handle.can_reset() {
        return Ok(None);
    }
    let found = Found {
        plan: failing.plan.clone(),
        times: step_times(failing),
        log_odds: prior(failing),
        longest_offset_ms: handle.space.longest_offset_ms(),
    };
    let (orders, ordered) = mpsc::unbounded_channel();
    let pipeline = Pipeline::new(&found, handle, orders, stacks.len());
    let mut laboratory = Laboratory::new(
        pipeline, failing, &signature, shrinking, interrupt, audience,
    );
    let (end, ended) = watched::channel(false);
    let ended = Interrupt::new(ended);
    let ordered = Mutex::new(ordered);
    let workers = stacks.into_iter().enumerate().map(|(nth, stack)| {
        let (ordered, ended) = (&ordered, &ended);
        let name = format!("shrinking-{:04}-{nth}.jsonl", failing.plan.index);
        let scratch = shrinking.folder.join(name);
        move || async move { lane::work(stack, ordered, &scratch, ended, interrupt).await }
    });
    // It owns what gives the orders: if it panics, there are no more, and the workers end.
    let failure = &found;
    let shrunk = async move {
        let shrunk = shrink(failure, failing.plan.seed, &mut laboratory).await;
        laboratory.pipeline.end();
        end.send_replace(true);
        (shrunk, laboratory)
    };
    let ((shrunk, laboratory), ended) = side_by_side(shrunk, workers.collect()).await;
    let finished = laboratory.finish(failure, shrunk)?;
    ended.into_iter().collect::<Result<(), _>>()?;
    Ok(Some(finished))
}
