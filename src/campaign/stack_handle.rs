//! A stack with all that its trials need, and how they are run.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use super::{Attempt, Audience, CampaignError, Interrupt};
use crate::executor::{EarlyEnd, Executor, ResetPolicy};
use crate::generator::{GENERATOR_VERSION, Space};
use crate::invariant::{Invariant, is_decided, judge};
use crate::load::{Client, Draw, LoadError};
use crate::model::{LogPatterns, Plan, Verdict};
use crate::nemesis::NemesisError;
use crate::trace::{Event, FORMAT_VERSION, Header, Recorder, Redaction, StackInfo, Trace};

/// Runs the trials of a stack: on its services as they are ([`LiveRunner`](super::LiveRunner)), or
/// each in a simulated world of its own. No user of a stack needs to know which. By default there
/// is nothing to reset and nothing to leave behind.
#[async_trait]
pub trait TrialRunner: Send + Sync {
    /// Prepares the stack for its first trial. `false` when it was interrupted before that was
    /// done.
    ///
    /// # Errors
    /// When a service cannot be started.
    async fn bring_up(
        &self,
        stack: &StackHandle,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<bool, NemesisError>;

    /// Executes a plan once and judges it. If it did not hold, its trace, verdict included, is in
    /// the attempt's file afterwards.
    ///
    /// # Errors
    /// When the trial cannot be begun. Whatever goes wrong later makes the verdict inconclusive.
    async fn execute(
        &self,
        stack: &StackHandle,
        attempt: Attempt<'_>,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<Trace, CampaignError>;

    /// Whether the next trial can have a fresh stack. If not, a broken one stays broken.
    fn can_reset(&self, _stack: &StackHandle) -> bool {
        true
    }

    /// Makes the stack fresh for the next trial. It is called only where that can be done.
    ///
    /// # Errors
    /// When a service cannot be stopped or started.
    async fn reset(
        &self,
        _stack: &StackHandle,
        _audience: &dyn Audience,
    ) -> Result<(), NemesisError> {
        Ok(())
    }

    /// How many trials one stack can be used for at the same time.
    fn most_at_once(&self) -> usize;

    /// Leaves the stack as it was found, after trials.
    ///
    /// # Errors
    /// When a service cannot be healed or released.
    async fn leave(
        &self,
        _stack: &StackHandle,
        _audience: &dyn Audience,
    ) -> Result<(), NemesisError> {
        Ok(())
    }

    /// Ends what bringing the stack up has started, where no trial was run.
    ///
    /// # Errors
    /// When a service cannot be released.
    async fn release(&self, _stack: &StackHandle) -> Result<(), NemesisError> {
        Ok(())
    }
}

/// A stack with all that its trials need.
pub struct StackHandle {
    /// Runs the trials: on live services or in simulated worlds.
    pub runner: Box<dyn TrialRunner>,
    /// Executes one plan.
    pub executor: Executor,
    /// What plans may contain.
    pub space: Space,
    /// The description of the stack in traces.
    pub info: StackInfo,
    /// What is removed from traces.
    pub redaction: Redaction,
    /// What the API's log is expected to show.
    pub log: LogPatterns,
    /// What is checked.
    pub invariants: Vec<Box<dyn Invariant>>,
    /// When the stack is reset.
    pub reset_policy: ResetPolicy,
}

impl StackHandle {
    /// Executes a plan once and judges it. If it did not hold, its trace, verdict included, is in
    /// the attempt's file afterwards.
    ///
    /// # Errors
    /// When the trial cannot be begun. Whatever goes wrong later makes the verdict inconclusive.
    pub async fn execute(
        &self,
        attempt: Attempt<'_>,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<Trace, CampaignError> {
        let trial = self.runner.execute(self, attempt, interrupt, audience);
        let trace = trial.await?;
        if let Some(judgement) = &trace.judgement {
            audience.trial_ended(attempt.plan, judgement);
        }
        Ok(trace)
    }

    /// Whether the next trial can have a fresh stack. Where it cannot, a broken one stays broken.
    pub fn can_reset(&self) -> bool {
        self.runner.can_reset(self)
    }

    /// Resets the stack if that can be done, and returns whether it was.
    ///
    /// # Errors
    /// When a service cannot be stopped or started.
    pub async fn reset(&self, audience: &dyn Audience) -> Result<bool, NemesisError> {
        let can_reset = self.can_reset();
        if can_reset {
            self.runner.reset(self, audience).await?;
        }
        Ok(can_reset)
    }

    /// Whether the policy asks for a reset after a trial of this verdict.
    pub(super) fn wants_reset(&self, verdict: Verdict) -> bool {
        match self.reset_policy {
            ResetPolicy::Always => true,
            ResetPolicy::IfUnhealthy => verdict != Verdict::Holds,
            ResetPolicy::Never => false,
        }
    }

    /// When an attempt may end before everything has been seen of it.
    pub(crate) fn early_end(&self, attempt: Attempt<'_>) -> EarlyEnd<impl Fn(Vec<Event>) -> bool> {
        EarlyEnd {
            after: match attempt.in_haste {
                true => Duration::ZERO,
                false => Duration::from_millis(self.executor.limits.recovery_ms),
            },
            is_decided: move |events| {
                let so_far = trace(self.header(0), attempt.plan, events);
                is_decided(&so_far, &so_far.header.limits, &self.invariants)
            },
        }
    }

    /// The first line of a trace that begins now.
    pub fn header(&self, trials_since_reset: u64) -> Header {
        Header {
            comeback_trace: FORMAT_VERSION,
            comeback: env!("CARGO_PKG_VERSION").to_owned(),
            generator: GENERATOR_VERSION,
            stack: self.info.clone(),
            limits: self.executor.limits.clone(),
            log: self.log.clone(),
            probe_every_ms: self.executor.settings.probe_every.as_millis() as u64,
            trials_since_reset,
            started_at: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
        }
    }

    /// The trace of a trial with this history, judged.
    pub(crate) fn judged(&self, header: Header, plan: &Plan, events: Vec<Event>) -> Trace {
        let mut trace = trace(header, plan, events);
        trace.judgement = Some(judge(&trace, &trace.header.limits, &self.invariants));
        trace
    }

    /// A client outside of any trial, sending any of the kinds. The backends count as ready, so a
    /// job's limit runs from its acceptance. The name distinguishes its tokens from those of
    /// others.
    ///
    /// # Errors
    /// When a kind cannot be sent as it is described.
    pub fn client(&self, name: &str, seed: u64, recorder: Recorder) -> Result<Client, LoadError> {
        let draw = Draw {
            seed,
            index: 0,
            token_prefix: format!("{name}-{seed:x}"),
        };
        self.executor.client_beside(recorder, draw)
    }

    /// A recorder that writes no file.
    pub fn recorder(&self) -> Recorder {
        Recorder::new(None, self.redaction.clone(), u64::MAX)
    }
}

/// A trace that is not judged yet.
fn trace(header: Header, plan: &Plan, events: Vec<Event>) -> Trace {
    Trace {
        header,
        plan: plan.clone(),
        events,
        judgement: None,
        notes: Vec::new(),
    }
}
