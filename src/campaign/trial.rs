//! One trial, from its plan to its verdict on disk.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::{Audience, Bench, CampaignError, Interrupt};
use crate::executor::{EarlyEnd, ResetPolicy};
use crate::generator::GENERATOR_VERSION;
use crate::invariant::{is_decided, judge};
use crate::model::{Judgement, Plan, Verdict};
use crate::observe::{Crowd, Lag, WaitObserver};
use crate::trace::{Event, FORMAT_VERSION, Header, Recorder, Trace, TraceWriter};

/// So many executions in a row that tell nothing are enough: the environment is broken.
pub(super) const MOST_INCONCLUSIVE: usize = 9;

/// One execution of a plan.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Attempt {
    /// Which one of this plan, from 0: what is left to chance in a simulated world differs.
    pub nth: u64,
    /// How many trials the stack has been through since its last reset.
    pub trials_since_reset: u64,
    /// Whether it may end as soon as its verdict is sure, also if it is not known yet whether the
    /// API recovers.
    pub in_haste: bool,
}

impl Bench {
    /// Executes a plan once, judges it, and leaves its trace, verdict included, at `path`; where
    /// trials are simulated, only if it did not hold, for the same plan gives the same trace again.
    ///
    /// # Errors
    /// When the trace cannot be begun. Whatever goes wrong later makes the verdict inconclusive.
    pub async fn trial(
        &self,
        plan: &Plan,
        path: &Path,
        trials_since_reset: u64,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<Trace, CampaignError> {
        let execution = Attempt {
            trials_since_reset,
            ..Attempt::default()
        };
        self.execute(plan, execution, path, interrupt, audience)
            .await
    }

    /// The same for a plan that may have been executed before.
    ///
    /// # Errors
    /// As [`Bench::trial`].
    pub(super) async fn execute(
        &self,
        plan: &Plan,
        execution: Attempt,
        path: &Path,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<Trace, CampaignError> {
        if let Some(simulation) = &self.simulation {
            let trace = simulation.execute(self, plan, execution, interrupt.requested())?;
            if trace.verdict() != Verdict::Holds {
                trace.write(path)?;
            }
            if let Some(judgement) = &trace.judgement {
                audience.trial_ended(plan, judgement);
            }
            return Ok(trace);
        }
        let header = self.header(execution.trials_since_reset);
        let writer = TraceWriter::create(path, &header, plan)?;
        let cap = self.executor.settings.max_trace_bytes;
        let recorder = Recorder::new(Some(writer), self.redaction.clone(), cap);
        audience.trial_begins(plan, &self.executor, &recorder);
        let lag = Lag::observe(&recorder);
        let waits = WaitObserver::observe(&self.executor.stack, &recorder).await;
        // What the kernel says of the services themselves is better than any guess.
        let crowd = (!waits.is_complete()).then(|| Crowd::observe(&recorder));
        self.executor
            .trial(
                plan,
                &recorder,
                interrupt.requested(),
                self.early_end(plan, execution),
            )
            .await;
        drop((lag, waits));
        if let Some(crowd) = crowd {
            crowd.end().await;
        }

        let (events, writer) = recorder.finish();
        let plan = plan.clone();
        let mut trace = Trace {
            header,
            plan,
            events,
            judgement: None,
            notes: Vec::new(),
        };
        let mut judgement = judge(&trace, &trace.header.limits, &self.invariants);
        let written = writer.map(|mut writer| writer.judgement(&judgement));
        if let Some(Err(error)) = written {
            judgement = unwritten(judgement, &error.to_string());
        }
        audience.trial_ended(&trace.plan, &judgement);
        trace.judgement = Some(judgement);
        Ok(trace)
    }

    /// When a trial of a plan may end early.
    pub(super) fn early_end(
        &self,
        plan: &Plan,
        execution: Attempt,
    ) -> EarlyEnd<impl Fn(Vec<Event>) -> bool> {
        let recovery = Duration::from_millis(self.executor.limits.recovery_ms);
        EarlyEnd {
            after: match execution.in_haste {
                true => Duration::ZERO,
                false => recovery,
            },
            is_decided: |events| self.is_decided(plan, events),
        }
    }

    /// Whether the verdict of a trial with this history so far is sure.
    fn is_decided(&self, plan: &Plan, events: Vec<Event>) -> bool {
        let so_far = Trace {
            header: self.header(0),
            plan: plan.clone(),
            events,
            judgement: None,
            notes: Vec::new(),
        };
        is_decided(&so_far, &so_far.header.limits, &self.invariants)
    }

    /// Resets the stack if that can be done, and tells whether it was.
    ///
    /// # Errors
    /// When a service cannot be stopped or started.
    pub async fn refresh(&self, audience: &dyn Audience) -> Result<bool, CampaignError> {
        if self.simulation.is_some() {
            // Each trial has a new world.
            return Ok(true);
        }
        if !self.executor.can_reset() {
            return Ok(false);
        }
        audience.busy("resetting the stack");
        self.executor.reset().await?;
        Ok(true)
    }

    /// Whether the policy asks for a reset after a trial of this verdict.
    pub(super) fn wants_reset(&self, verdict: Verdict) -> bool {
        match self.reset {
            ResetPolicy::Always => true,
            ResetPolicy::IfUnhealthy => verdict != Verdict::Holds,
            ResetPolicy::Never => false,
        }
    }

    pub(super) fn header(&self, trials_since_reset: u64) -> Header {
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
}

/// A verdict that could not be written down is not one to be trusted.
fn unwritten(judgement: Judgement, error: &str) -> Judgement {
    Judgement {
        verdict: Verdict::Inconclusive,
        signature: None,
        inconclusive: Some(format!("the verdict could not be written: {error}")),
        ..judgement
    }
}
