//! Trials in worlds of their own.

use std::sync::Arc;
use std::{io, panic, thread};

use tokio::runtime::Builder;

use super::trial::Attempt;
use super::{Bench, CampaignError};
use crate::executor::Executor;
use crate::invariant::judge;
use crate::load::Transport;
use crate::model::Plan;
use crate::nemesis::{Journal, bring_up};
use crate::stack::Stack;
use crate::trace::{Event, Recorder, Trace};

/// Makes a world for each trial. Nothing of one trial reaches the next: it has a stack of its own,
/// and a tokio runtime whose clock begins anew, on a thread of its own. So a trial is a function of
/// its plan and of which execution of it this is, whatever was tried before.
pub struct Simulation(Box<Make>);

/// Makes a world for a plan's nth execution.
type Make = dyn Fn(&Plan, u64) -> World + Send + Sync;

/// The world of one trial.
pub struct World {
    /// The stack, not yet started.
    pub stack: Stack,
    /// How requests reach its API.
    pub transport: Arc<dyn Transport>,
}

/// There is no world to be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot make a simulated world: {0}")]
pub struct SimulationError(#[from] io::Error);

impl Simulation {
    /// A simulation whose worlds are made so, for the plan's nth execution (from 0); what is left
    /// to chance in one is drawn from its plan's seed, and anew for each execution.
    pub fn new(make: impl Fn(&Plan, u64) -> World + Send + Sync + 'static) -> Self {
        Simulation(Box::new(make))
    }

    /// Executes a plan for the nth time (from 0) in a new world, as the bench's executor would, and
    /// judges it. It takes as long as there is something to compute, and no longer; `interrupted`
    /// ends it earlier.
    ///
    /// # Errors
    /// When there is no thread or clock for it, or the stack cannot be brought up.
    pub fn trial(
        &self,
        bench: &Bench,
        plan: &Plan,
        nth: u64,
        interrupted: impl Future<Output = ()> + Send,
    ) -> Result<Trace, CampaignError> {
        let execution = Attempt {
            nth,
            ..Attempt::default()
        };
        self.execute(bench, plan, execution, interrupted)
    }

    /// The same for an execution of another kind.
    pub(super) fn execute(
        &self,
        bench: &Bench,
        plan: &Plan,
        execution: Attempt,
        interrupted: impl Future<Output = ()> + Send,
    ) -> Result<Trace, CampaignError> {
        let World { stack, transport } = (self.0)(plan, execution.nth);
        let executor = Executor {
            stack: Arc::new(stack),
            transport,
            // Healing asks it what is under way: that must be this trial's, and not that of one
            // beside it.
            journal: Arc::new(Journal::nowhere()),
            ..bench.executor.clone()
        };
        // A runtime may not be run within another one, on whose thread we may be.
        let events = thread::scope(|scope| {
            let world = || events(&executor, bench, plan, execution, interrupted);
            let world = thread::Builder::new().spawn_scoped(scope, world);
            let world = world.map_err(SimulationError)?;
            world
                .join()
                .unwrap_or_else(|lost| panic::resume_unwind(lost))
        })?;
        let mut trace = Trace {
            header: bench.header(0),
            plan: plan.clone(),
            events,
            judgement: None,
            notes: Vec::new(),
        };
        trace.judgement = Some(judge(&trace, &trace.header.limits, &bench.invariants));
        Ok(trace)
    }
}

/// The history of one trial.
fn events(
    executor: &Executor,
    bench: &Bench,
    plan: &Plan,
    execution: Attempt,
    interrupted: impl Future<Output = ()>,
) -> Result<Vec<Event>, CampaignError> {
    let world = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(SimulationError)?;
    world.block_on(async {
        bring_up(&executor.stack, &executor.journal).await?;
        let cap = executor.settings.max_trace_bytes;
        let recorder = Recorder::new(None, bench.redaction.clone(), cap);
        let early = bench.early_end(plan, execution);
        executor.trial(plan, &recorder, interrupted, early).await;
        Ok(recorder.history())
    })
}
