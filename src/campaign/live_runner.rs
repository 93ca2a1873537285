//! Trials on live services.

use async_trait::async_trait;

use super::{Attempt, Audience, CampaignError, Interrupt, StackHandle, TrialRunner};
use crate::model::{Judgement, Verdict};
use crate::nemesis::NemesisError;
use crate::observe::{Crowd, Lag, WaitObserver};
use crate::trace::{Recorder, Trace, TraceWriter};

/// Runs trials on the services of the stack, one after the other. Each trace is written as it
/// happens.
#[derive(Debug, Clone, Copy)]
pub struct LiveRunner;

#[async_trait]
impl TrialRunner for LiveRunner {
    async fn bring_up(
        &self,
        stack: &StackHandle,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<bool, NemesisError> {
        audience.busy("bringing the stack up");
        let waits = |wait: &str| audience.busy(wait);
        tokio::select! {
            biased;
            () = interrupt.requested() => Ok(false),
            up = stack.executor.bring_up(&waits) => up.map(|()| true),
        }
    }

    async fn execute(
        &self,
        stack: &StackHandle,
        attempt: Attempt<'_>,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<Trace, CampaignError> {
        let (executor, plan) = (&stack.executor, attempt.plan);
        let header = stack.header(attempt.trials_since_reset);
        let writer = match attempt.path {
            Some(path) => Some(TraceWriter::create(path, &header, plan)?),
            None => None,
        };
        let cap = executor.settings.max_trace_bytes;
        let recorder = Recorder::new(writer, stack.redaction.clone(), cap);
        audience.trial_begins(plan, executor, &recorder);
        let lag = Lag::observe(&recorder);
        let waits = WaitObserver::observe(&executor.stack, &recorder).await;
        // What the kernel says of the services themselves is better than any guess.
        let crowd = (!waits.is_complete()).then(|| Crowd::observe(&recorder));
        let early = stack.early_end(attempt);
        executor
            .trial(plan, &recorder, interrupt.requested(), early)
            .await;
        drop((lag, waits));
        if let Some(crowd) = crowd {
            crowd.end().await;
        }

        let (events, writer) = recorder.finish();
        let mut trace = stack.judged(header, plan, events);
        if let (Some(mut writer), Some(judgement)) = (writer, &mut trace.judgement)
            && let Err(error) = writer.judgement(judgement)
        {
            *judgement = unwritten(judgement, &error.to_string());
        }
        Ok(trace)
    }

    fn can_reset(&self, stack: &StackHandle) -> bool {
        stack.executor.can_reset()
    }

    async fn reset(
        &self,
        stack: &StackHandle,
        audience: &dyn Audience,
    ) -> Result<(), NemesisError> {
        audience.busy("resetting the stack");
        stack.executor.reset().await
    }

    fn most_at_once(&self) -> usize {
        1
    }

    async fn leave(
        &self,
        stack: &StackHandle,
        audience: &dyn Audience,
    ) -> Result<(), NemesisError> {
        audience.busy("leaving the stack as it was found");
        stack.executor.leave().await
    }

    async fn release(&self, stack: &StackHandle) -> Result<(), NemesisError> {
        stack.executor.release().await
    }
}

/// A verdict that could not be written down is not to be trusted.
fn unwritten(judgement: &Judgement, error: &str) -> Judgement {
    Judgement {
        verdict: Verdict::Inconclusive,
        signature: None,
        inconclusive: Some(format!("the verdict could not be written: {error}")),
        ..judgement.clone()
    }
}
