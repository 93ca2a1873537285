//! A campaign under way: the results of its trials, folded into the summary. A resumed campaign is
//! folded from its ledger in the same way.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use super::control::{Control, Controls};
use super::ledger::{Entry, FinishedTrial, Ledger};
use super::recovery::Recoveries;
use super::retention::TraceRetention;
use super::{
    Campaign, Interrupt, LedgerError, PlanSource, SaveError, ShrinkBudget, Shrunken, StackHandle,
};
use crate::latency::{Latencies, percentiles};
use crate::model::{
    Failure, Fate, Known, Regressed, Rehearsal, Reproduced, Signature, Summary, Verdict,
};
use crate::scenario;
use crate::trace::{Trace, tested};

/// The summary lists at most this many reasons why trials were inconclusive.
const MOST_REASONS: usize = 20;

/// A campaign under way.
pub(super) struct CampaignProgress {
    pub summary: Summary,
    /// Patterns of the signatures of known failures.
    listed: BTreeSet<Signature>,
    latency: Latencies,
    recoveries: Recoveries,
    pub controls: Controls,
    /// Whether requests should meet outages: a scenario may leave the API idle on purpose.
    needs_requests: bool,
    began: Instant,
    /// How long it ran before it was resumed.
    before: Duration,
    /// The failures that are not shrunk yet, by their place in the summary.
    unshrunk: Vec<usize>,
    /// The time spent on shrinking since the campaign was begun or resumed.
    pub spent_on_shrinking: Duration,
    retention: TraceRetention,
}

impl CampaignProgress {
    pub fn new(campaign: &Campaign, handle: &StackHandle, folder: &Path) -> Self {
        let mut stack = match &handle.info.variant {
            Some(variant) => format!("{} {variant}", handle.info.name),
            None => handle.info.name.clone(),
        };
        if handle.info.simulated {
            stack += ", simulated";
        }
        CampaignProgress {
            summary: Summary::begun(campaign.seed, stack, folder.display().to_string()),
            listed: campaign.known.clone(),
            latency: Latencies::default(),
            recoveries: Recoveries::default(),
            controls: Controls::default(),
            needs_requests: matches!(campaign.plans, PlanSource::Random(_)),
            began: Instant::now(),
            before: Duration::ZERO,
            unshrunk: Vec::new(),
            spent_on_shrinking: Duration::ZERO,
            retention: TraceRetention::new(folder, handle.executor.settings.max_run_bytes),
        }
    }

    /// How long the campaign has been running, without the time between an interruption and its
    /// resumption.
    pub fn elapsed(&self) -> Duration {
        self.before + self.began.elapsed()
    }

    /// The entry of a trial in the ledger.
    pub fn finished(
        &self,
        trace: &Trace,
        failure: Option<Failure>,
        control: Option<(Signature, Control)>,
        latency_bytes: u64,
    ) -> FinishedTrial {
        let judgement = trace.judgement.as_ref();
        let undecided = judgement.filter(|j| j.verdict == Verdict::Inconclusive);
        let mut tested = tested(trace);
        tested.why_not_judged = judgement.map(|j| j.why_not_judged()).unwrap_or_default();
        FinishedTrial {
            index: trace.plan.index,
            verdict: trace.verdict(),
            reason: undecided.map(|judgement| judgement.reason()),
            doubted: None,
            signature: judgement.and_then(|j| j.signature.clone()),
            failure,
            control,
            tested,
            recovery: judgement.map(Recoveries::figures).unwrap_or_default(),
            elapsed_ms: self.elapsed().as_millis() as u64,
            latency_bytes,
            traces_removed: self.summary.traces_removed,
        }
    }

    /// Counts a trial, and makes room for its trace.
    ///
    /// # Errors
    /// When an old trace cannot be removed.
    pub fn add(&mut self, finished: FinishedTrial, latencies: &Latencies) -> Result<(), SaveError> {
        self.count(finished);
        self.latency.add(latencies);
        self.fold();
        self.summary.traces_removed += self.retention.make_room()?;
        Ok(())
    }

    /// Puts the measurements over all trials into the summary.
    fn fold(&mut self) {
        self.summary.latency = self.latency.rows();
        self.summary.late = self.latency.late().map(percentiles);
        self.summary.recovery = self.recoveries.rows();
        self.summary.first_calls = self.recoveries.first_calls();
    }

    /// Counts a trial, except for its latencies.
    fn count(&mut self, finished: FinishedTrial) {
        self.retention.add(finished.index, finished.verdict);
        if let Some((signature, control)) = finished.control {
            self.controls.add(signature, control);
        }
        self.recoveries.add(&finished.recovery);
        let summary = &mut self.summary;
        summary.tested.add(&finished.tested);
        summary.doubted.extend(finished.doubted);
        summary.flaky = self.controls.flaky().cloned().collect();
        summary.plans_executed += 1;
        summary.elapsed_ms = finished.elapsed_ms;
        if finished.verdict == Verdict::Inconclusive {
            summary.inconclusive += 1;
            if summary.inconclusive_reasons.len() < MOST_REASONS {
                let reason = finished.reason.unwrap_or_default();
                summary.inconclusive_reasons.push(reason);
            }
        }
        let Some(signature) = finished.signature else {
            return;
        };
        let known_before = self.known_before(&signature);
        let Summary {
            known, failures, ..
        } = &mut self.summary;
        if let Some(known) = known
            .iter_mut()
            .find(|known| known.signature.is_same_failure(&signature))
        {
            known.seen += 1;
            return;
        }
        if let Some(known_before) = known_before {
            known.push(Known {
                seen: 1,
                ..known_before
            });
            return;
        }
        let found = failures
            .iter_mut()
            .find(|failure| failure.signature.is_same_failure(&signature));
        match (found, finished.failure) {
            (Some(failure), _) => failure.see(signature),
            (None, Some(failure)) => {
                self.unshrunk.push(failures.len());
                failures.push(failure);
            }
            (None, None) => {}
        }
    }

    /// Why a failure was known before it was seen in a trial: a list names it, or it was saved and
    /// is not fixed. One that did not show in the few replays may still do so in a trial.
    fn known_before(&self, signature: &Signature) -> Option<Known> {
        let is_it = |regressed: &&Regressed| {
            let saved = regressed.signature.as_ref();
            regressed.fate != Fate::Fixed
                && saved.is_some_and(|saved| saved.is_same_failure(signature))
        };
        let saved = self.summary.reused.iter().find(is_it);
        let listed = self.is_listed(signature);
        (listed || saved.is_some()).then(|| Known {
            signature: signature.clone(),
            listed,
            trace: saved.map(|regressed| regressed.trace.clone()),
            reproduced: saved.map(|regressed| regressed.reproduced),
            seen: 0,
        })
    }

    /// Whether a trial shows a failure that was known before the campaign began.
    pub fn is_known(&self, trace: &Trace) -> bool {
        let judgement = trace.judgement.as_ref();
        let signature = judgement.and_then(|judgement| judgement.signature.as_ref());
        signature.is_some_and(|signature| self.known_before(signature).is_some())
    }

    /// Records the replay of a saved failure.
    pub fn reused(&mut self, regressed: Regressed) {
        let still_fails = Some(&regressed).filter(|regressed| regressed.fate == Fate::StillFails);
        let signature = still_fails.and_then(|regressed| regressed.signature.clone());
        self.summary.reused.push(regressed);
        if let Some(signature) = signature
            && !self
                .summary
                .known
                .iter()
                .any(|known| known.signature.is_same_failure(&signature))
        {
            let known = self.known_before(&signature);
            self.summary.known.extend(known);
        }
    }

    /// Counts everything that was finished before the campaign was resumed.
    pub fn recall(&mut self, ledger: &mut Ledger) -> Result<(), LedgerError> {
        let mut latency_bytes = 0;
        for entry in ledger.take_past() {
            match entry {
                Entry::Trial(finished) => {
                    latency_bytes = finished.latency_bytes;
                    self.summary.traces_removed = finished.traces_removed;
                    self.count(*finished);
                }
                Entry::Shrunk(shrunk) => {
                    let failures = self.summary.failures.iter_mut().enumerate();
                    let mut found =
                        failures.filter(|(_, f)| f.signature.is_same_failure(&shrunk.signature));
                    if let Some((place, failure)) = found.next() {
                        let (seen, also) = (failure.seen, failure.also.clone());
                        *failure = Failure {
                            seen,
                            also,
                            ..*shrunk
                        };
                        self.unshrunk.retain(|other| *other != place);
                    }
                }
                Entry::Reused(regressed) => self.reused(*regressed),
                Entry::Ended => {}
            }
        }
        self.before = Duration::from_millis(self.summary.elapsed_ms);
        self.latency = ledger.latencies(latency_bytes)?;
        self.fold();
        Ok(())
    }

    /// The failures that are not shrunk yet.
    pub fn unshrunk(&self) -> Vec<usize> {
        self.unshrunk.clone()
    }

    /// Records which expectations a trial of a scenario met.
    pub fn rehearse(&mut self, trace: &Trace, verdict: Verdict) {
        let (plan, expectations) = (trace.plan.clone(), scenario::expectations(trace));
        self.summary.scenario.push(Rehearsal {
            plan,
            verdict,
            expectations,
        });
    }

    /// Whether the list of known failures has one of its signatures.
    fn is_listed(&self, failure: &Signature) -> bool {
        self.listed
            .iter()
            .any(|listed| listed.covers(failure) || listed.is_same_failure(failure))
    }

    /// The signature of a failure that was neither seen before in this campaign nor known when it
    /// began.
    pub fn new_signature(&self, trace: &Trace) -> Option<Signature> {
        let signature = trace.judgement.as_ref()?.signature.clone()?;
        let (failures, known) = (&self.summary.failures, &self.summary.known);
        let is_old = self.known_before(&signature).is_some()
            || known
                .iter()
                .any(|known| known.signature.is_same_failure(&signature))
            || failures
                .iter()
                .any(|failure| failure.signature.is_same_failure(&signature));
        (!is_old).then_some(signature)
    }

    pub fn failure(&self, trace: &Trace, signature: Signature, kept: &Path) -> Failure {
        let finding = trace
            .judgement
            .as_ref()
            .and_then(|judgement| judgement.primary());
        Failure {
            seen: 1,
            also: Vec::new(),
            invariant: signature.invariant.clone(),
            without_faults: self.controls.verdict(&signature),
            signature,
            message: finding.map(|f| f.message.clone()).unwrap_or_default(),
            evidence: finding.map(|f| f.evidence.clone()).unwrap_or_default(),
            trace: kept.display().to_string(),
            plan: Some(trace.plan.clone()),
            steps: trace.plan.steps.len(),
            steps_before_shrink: trace.plan.steps.len(),
            shrink_runs: 0,
            guard_runs: 0,
            // Finding it says nothing about how often it shows.
            reproduced: Reproduced::default(),
            explanation: None,
            is_seldom: false,
        }
    }

    /// Records the result of shrinking. If it was interrupted, resuming the campaign continues it.
    pub fn shrunk(
        &mut self,
        place: usize,
        shrunk: Option<Shrunken>,
        ledger: &mut Ledger,
        interrupt: &Interrupt,
    ) -> Result<(), LedgerError> {
        let Some((failure, shrunk)) = self.summary.failures.get_mut(place).zip(shrunk) else {
            return Ok(());
        };
        shrunk.update(failure);
        if !interrupt.is_requested() {
            ledger.write(&Entry::Shrunk(Box::new(failure.clone())))?;
            self.unshrunk.retain(|other| *other != place);
        }
        Ok(())
    }

    /// The number of different failures, including those that need no fault. One that shows seldom
    /// does not count, so that the campaign looks for others.
    pub fn ways_to_fail(&self) -> usize {
        let failures = self.summary.failures.iter();
        failures.filter(|failure| !failure.is_seldom).count() + self.summary.flaky.len()
    }

    /// What may be spent on shrinking the next failure.
    pub fn share_of(&self, budget: ShrinkBudget) -> ShrinkBudget {
        ShrinkBudget {
            shared: budget.shared.map(|_| self.spent_on_shrinking),
            ..budget
        }
    }

    /// Violated if any trial is, known failures excepted; else inconclusive if too many are, if the
    /// stack fails without a fault, or if nothing was tested; else holds.
    pub fn judge(&mut self, max_inconclusive: f64) {
        let otherwise = |regressed: &Regressed| {
            let other = regressed.other.as_ref();
            regressed.fate == Fate::FailsOtherwise && !other.is_some_and(|o| self.is_listed(o))
        };
        let fails_otherwise = self.summary.reused.iter().any(otherwise);
        let summary = &mut self.summary;
        summary.untested = summary.nothing_tested(self.needs_requests);
        let allowed = max_inconclusive * summary.plans_executed as f64;
        summary.verdict = if !summary.failures.is_empty()
            || summary.known.iter().any(|known| !known.listed)
            || fails_otherwise
        {
            Verdict::Violated
        } else if summary.plans_executed == 0
            || !summary.flaky.is_empty()
            || summary.inconclusive as f64 > allowed
            || summary.untested.is_some()
        {
            Verdict::Inconclusive
        } else {
            Verdict::Holds
        };
    }
}
