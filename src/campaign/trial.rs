//! One trial, from its plan to its verdict on disk.

use std::path::Path;
use std::time::SystemTime;

use super::{Audience, Bench, CampaignError, Interrupt};
use crate::executor::ResetPolicy;
use crate::generator::GENERATOR_VERSION;
use crate::invariant::judge;
use crate::model::{Judgement, Plan, Verdict};
use crate::trace::{FORMAT_VERSION, Header, Recorder, Trace, TraceWriter};

impl Bench {
    /// Executes a plan once, judges it, and leaves its trace, verdict included, at `path`.
    ///
    /// # Errors
    /// When the trace cannot be begun. Whatever goes wrong later makes the verdict inconclusive.
    pub(super) async fn trial(
        &self,
        plan: &Plan,
        path: &Path,
        trials_since_reset: u64,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<Trace, CampaignError> {
        let header = self.header(trials_since_reset);
        let writer = TraceWriter::create(path, &header, plan)?;
        let cap = self.executor.settings.max_trace_bytes;
        let recorder = Recorder::new(Some(writer), self.redaction.clone(), cap);
        audience.trial_begins(plan, &recorder);
        self.executor
            .trial(plan, &recorder, interrupt.requested())
            .await;

        let (plan, events) = (plan.clone(), recorder.history());
        let mut trace = Trace {
            header,
            plan,
            events,
            judgement: None,
            notes: Vec::new(),
        };
        let mut judgement = judge(&trace, &trace.header.limits, &self.invariants);
        if let Err(error) = recorder.close(&judgement) {
            judgement = unwritten(judgement, &error.to_string());
        }
        audience.trial_ended(&trace.plan, &judgement);
        trace.judgement = Some(judgement);
        Ok(trace)
    }

    /// Resets the stack if that can be done, and tells whether it was.
    ///
    /// # Errors
    /// When a service cannot be stopped or started.
    pub(super) async fn refresh(&self, audience: &dyn Audience) -> Result<bool, CampaignError> {
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

    fn header(&self, trials_since_reset: u64) -> Header {
        Header {
            comeback_trace: FORMAT_VERSION,
            comeback: env!("CARGO_PKG_VERSION").to_owned(),
            generator: GENERATOR_VERSION,
            stack: self.info.clone(),
            limits: self.executor.limits.clone(),
            log: self.log.clone(),
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
