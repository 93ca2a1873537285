//! Simulated trials, each in a world of its own.

use std::sync::Arc;
use std::{panic, thread};

use async_trait::async_trait;
use tokio::runtime::{Builder, Handle, RuntimeFlavor};
use tokio::task::block_in_place;

use crate::campaign::{Attempt, Audience, CampaignError, Interrupt, StackHandle, TrialRunner};
use crate::executor::Executor;
use crate::load::Transport;
use crate::model::{Plan, Verdict};
use crate::nemesis::{Journal, NemesisError, bring_up};
use crate::stack::Stack;
use crate::trace::{Event, Recorder, Trace};

/// Makes a world for each trial. Nothing of one trial reaches the next: each has a stack of its
/// own, and a tokio runtime whose clock begins anew. So a trial is a function of its plan and of
/// which execution of it this is, whatever was tried before. It takes as long as there is something
/// to compute, and no longer.
pub struct SimulatedRunner(Box<MakeWorld>);

/// Makes a world for a plan's nth execution.
type MakeWorld = dyn Fn(&Plan, u64) -> World + Send + Sync;

/// The world of one trial.
pub struct World {
    /// The stack, not yet started.
    pub stack: Stack,
    /// How requests reach its API.
    pub transport: Arc<dyn Transport>,
}

impl SimulatedRunner {
    /// Makes worlds like this for a plan's nth execution (from 0); whatever is left to chance in
    /// one is drawn from the plan's seed, and anew for each execution.
    pub fn new(make_world: impl Fn(&Plan, u64) -> World + Send + Sync + 'static) -> Self {
        SimulatedRunner(Box::new(make_world))
    }

    /// The history of one trial.
    fn events(
        &self,
        handle: &StackHandle,
        attempt: Attempt<'_>,
        interrupt: &Interrupt,
    ) -> Result<Vec<Event>, CampaignError> {
        let World { stack, transport } = (self.0)(attempt.plan, attempt.nth);
        let executor = Executor {
            stack: Arc::new(stack),
            transport,
            // Healing asks the journal what is under way: that must be this trial's, and not that
            // of one beside it.
            journal: Arc::new(Journal::nowhere()),
            ..handle.executor.clone()
        };
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .map_err(CampaignError::World)?;
        runtime.block_on(async {
            bring_up(&executor.stack, &executor.journal).await?;
            let cap = executor.settings.max_trace_bytes;
            let recorder = Recorder::new(None, handle.redaction.clone(), cap);
            let (interrupted, early) = (interrupt.requested(), handle.early_end(attempt));
            executor
                .trial(attempt.plan, &recorder, interrupted, early)
                .await;
            Ok(recorder.finish().0)
        })
    }
}

/// Every trial has a new world, so there is nothing to bring up, to reset or to leave behind. Of a
/// trial that held no trace is written: the same plan gives the same trace again.
#[async_trait]
impl TrialRunner for SimulatedRunner {
    async fn bring_up(
        &self,
        _stack: &StackHandle,
        _interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<bool, NemesisError> {
        audience.busy("simulating");
        Ok(true)
    }

    async fn execute(
        &self,
        stack: &StackHandle,
        attempt: Attempt<'_>,
        interrupt: &Interrupt,
        _audience: &dyn Audience,
    ) -> Result<Trace, CampaignError> {
        let events = outside_runtime(|| self.events(stack, attempt, interrupt))?;
        let trace = stack.judged(stack.header(0), attempt.plan, events);
        if let Some(path) = attempt.path
            && trace.verdict() != Verdict::Holds
        {
            trace.write(path)?;
        }
        Ok(trace)
    }

    fn most_at_once(&self) -> usize {
        usize::MAX
    }
}

/// Does something outside of the runtime whose thread this may be, since a runtime may not be run
/// within another one. A runtime with several threads can lend this one. A new thread would cost
/// each trial a new stack and new memory from the allocator, so it is only made where it must be.
fn outside_runtime<T: Send>(
    work: impl FnOnce() -> Result<T, CampaignError> + Send,
) -> Result<T, CampaignError> {
    let flavor = Handle::try_current().map(|runtime| runtime.runtime_flavor());
    match flavor {
        Ok(RuntimeFlavor::MultiThread) => block_in_place(work),
        Ok(_) => thread::scope(|scope| {
            let worker = thread::Builder::new().spawn_scoped(scope, work);
            let ended = worker.map_err(CampaignError::World)?.join();
            ended.unwrap_or_else(|lost| panic::resume_unwind(lost))
        }),
        Err(_) => work(),
    }
}
