//! A campaign: one plan after the other, until it is decided.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::control::Controls;
use super::recovery::Recoveries;
use super::{Audience, Bench, CampaignError, Interrupt, ShrinkBudget, Shrunken, save};
use crate::generator;
use crate::latency::Latencies;
use crate::model::{Failure, Plan, Rehearsal, Reproduced, Signature, Summary, Verdict};
use crate::scenario;
use crate::trace::{Phase, Trace, View};

/// What is tried, and when it is enough.
#[derive(Debug, Clone, PartialEq)]
pub struct Campaign {
    /// Decides the plans.
    pub seed: u64,
    /// What is tried.
    pub plans: Plans,
    /// For how long new trials are begun at most.
    pub at_most: Option<Duration>,
    /// After how many different signatures it ends.
    pub max_failures: usize,
    /// Which share of inconclusive trials, from 0 to 1, is put up with.
    pub max_inconclusive: f64,
    /// Below this the campaign's own folder is made.
    pub out: PathBuf,
    /// Here failing traces are kept.
    pub traces: PathBuf,
    /// What may be spent on shrinking each failure; none to keep it as it was found.
    pub shrink: Option<ShrinkBudget>,
}

/// The plans of a campaign.
#[derive(Debug, Clone, PartialEq)]
pub enum Plans {
    /// So many drawn from the seed.
    Random(u64),
    /// These, with what is expected of the API told one by one.
    Scenario(Vec<Plan>),
}

/// A campaign under way.
struct Progress {
    summary: Summary,
    latency: Latencies,
    recoveries: Recoveries,
    controls: Controls,
    began: Instant,
}

impl Campaign {
    /// Runs the campaign on a stack that is up, and saves everything as it goes. The stack is left healed, and fresh where the
    /// policy resets it.
    ///
    /// # Errors
    /// When the stack cannot be reset, or a file cannot be written.
    pub async fn run(
        &self,
        bench: &Bench,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<Summary, CampaignError> {
        let folder = save::run_folder(&self.out, self.seed)?;
        let mut progress = Progress::new(self.seed, bench, &folder);
        let mut trials_since_reset = 0;
        for index in 0..self.plans.count() {
            let late = self
                .at_most
                .is_some_and(|limit| progress.began.elapsed() >= limit);
            if interrupt.is_requested() || late {
                break;
            }
            let plan = match &self.plans {
                Plans::Random(_) => generator::plan(&bench.space, self.seed, index),
                Plans::Scenario(plans) => plans[index as usize].clone(),
            };
            let path = folder.join(format!("trial-{index:04}.jsonl"));
            let mut trace = bench
                .trial(&plan, &path, trials_since_reset, interrupt, audience)
                .await?;
            trials_since_reset += 1;
            let controls = &mut progress.controls;
            let controlled = controls.weigh(&mut trace, &path, bench, interrupt, audience);
            if controlled.await? {
                trials_since_reset = 1;
            }
            let latencies = Latencies::of(&View::new(&trace));
            save::latencies(&folder, &trace, &latencies)?;
            let verdict = progress.count(&trace, &latencies);
            if let Plans::Scenario(_) = self.plans {
                progress.rehearse(&trace, verdict);
            }
            if let Some(signature) = progress.new_signature(&trace) {
                let kept = save::keep_trace(&self.traces, &path, &bench.info, &signature, &plan)?;
                progress.add_failure(&trace, signature, &kept);
                if let Some(budget) = self.shrink {
                    let shrunk = bench.shrink(&trace, &kept, &folder, budget, interrupt, audience);
                    progress.shrunk(shrunk.await?);
                }
            }
            let enough = progress.ways_to_fail() >= self.max_failures;
            // What is not healthy before anything was done to it will not be so for the other plans either.
            let hopeless = index == 0 && View::new(&trace).phase(Phase::Plan).is_none();
            progress.judge(self.max_inconclusive);
            save::summary(&folder, &progress.summary)?;
            let last = index + 1 == self.plans.count();
            let ends = last || enough || hopeless;
            if interrupt.is_requested() || (ends && !bench.executor.stands_alone()) {
                break;
            }
            if bench.wants_reset(verdict) && bench.refresh(audience).await? {
                trials_since_reset = 0;
            } else if verdict != Verdict::Holds && !bench.executor.can_reset() {
                // A stack that may still be broken, and cannot be made anew, would only be blamed again.
                break;
            }
            if ends {
                break;
            }
        }
        progress.summary.interrupted = interrupt.is_requested();
        save::summary(&folder, &progress.summary)?;
        Ok(progress.summary)
    }
}

impl Plans {
    /// How many there are.
    pub fn count(&self) -> u64 {
        match self {
            Plans::Random(count) => *count,
            Plans::Scenario(plans) => plans.len() as u64,
        }
    }
}

impl Progress {
    fn new(seed: u64, bench: &Bench, folder: &Path) -> Self {
        let mut stack = match &bench.info.variant {
            Some(variant) => format!("{} {variant}", bench.info.name),
            None => bench.info.name.clone(),
        };
        if bench.info.simulated {
            stack += ", simulated";
        }
        Progress {
            summary: Summary {
                verdict: Verdict::Inconclusive,
                seed,
                stack,
                plans_executed: 0,
                elapsed_ms: 0,
                inconclusive: 0,
                inconclusive_reasons: Vec::new(),
                failures: Vec::new(),
                flaky: Vec::new(),
                run: folder.display().to_string(),
                interrupted: false,
                scenario: Vec::new(),
                latency: Vec::new(),
                recovery: Vec::new(),
            },
            latency: Latencies::default(),
            recoveries: Recoveries::default(),
            controls: Controls::default(),
            began: Instant::now(),
        }
    }

    /// Counts a trial and returns its verdict.
    fn count(&mut self, trace: &Trace, latencies: &Latencies) -> Verdict {
        self.latency.add(latencies);
        let summary = &mut self.summary;
        summary.flaky = self.controls.flaky().cloned().collect();
        summary.plans_executed += 1;
        summary.elapsed_ms = self.began.elapsed().as_millis() as u64;
        summary.latency = self.latency.rows();
        let Some(judgement) = &trace.judgement else {
            return Verdict::Inconclusive;
        };
        self.recoveries.add(judgement);
        summary.recovery = self.recoveries.rows();
        if judgement.verdict == Verdict::Inconclusive {
            summary.inconclusive += 1;
            summary.inconclusive_reasons.push(judgement.reason());
        }
        judgement.verdict
    }

    /// Tells what was expected of the API in a trial of a scenario.
    fn rehearse(&mut self, trace: &Trace, verdict: Verdict) {
        let (plan, expectations) = (trace.plan.clone(), scenario::expectations(trace));
        self.summary.scenario.push(Rehearsal {
            plan,
            verdict,
            expectations,
        });
    }

    /// The signature of a failure that was not seen before in this campaign.
    fn new_signature(&self, trace: &Trace) -> Option<Signature> {
        let signature = trace.judgement.as_ref()?.signature.clone()?;
        let known = self
            .summary
            .failures
            .iter()
            .any(|failure| failure.signature == signature);
        (!known).then_some(signature)
    }

    fn add_failure(&mut self, trace: &Trace, signature: Signature, kept: &Path) {
        let finding = trace
            .judgement
            .as_ref()
            .and_then(|judgement| judgement.primary());
        self.summary.failures.push(Failure {
            invariant: signature.invariant.clone(),
            without_faults: self.controls.verdict(&signature),
            signature,
            message: finding.map(|f| f.message.clone()).unwrap_or_default(),
            evidence: finding.map(|f| f.evidence.clone()).unwrap_or_default(),
            trace: kept.display().to_string(),
            steps: trace.plan.steps.len(),
            steps_before_shrink: trace.plan.steps.len(),
            shrink_runs: 0,
            guard_runs: 0,
            reproduced: Reproduced { failed: 1, runs: 1 },
            explanation: None,
        });
    }

    /// Tells what is left of the failure that was added last.
    fn shrunk(&mut self, shrunk: Option<Shrunken>) {
        let Some((failure, shrunk)) = self.summary.failures.last_mut().zip(shrunk) else {
            return;
        };
        let judgement = shrunk.trace.judgement.as_ref();
        if let Some(finding) = judgement.and_then(|judgement| judgement.primary()) {
            failure.message = finding.message.clone();
            failure.evidence = finding.evidence.clone();
        }
        failure.steps = shrunk.trace.plan.steps.len();
        failure.shrink_runs = shrunk.history.runs;
        failure.guard_runs = shrunk.history.guard_runs;
        failure.reproduced = shrunk.reproduced;
        failure.explanation = Some(shrunk.explanation.text);
    }

    /// How many different ways to fail were seen, those that need no fault included.
    fn ways_to_fail(&self) -> usize {
        self.summary.failures.len() + self.summary.flaky.len()
    }

    /// Violated if any trial is; else inconclusive if too many are, or if the stack fails without a fault; else holds.
    fn judge(&mut self, max_inconclusive: f64) {
        let summary = &mut self.summary;
        let allowed = max_inconclusive * summary.plans_executed as f64;
        summary.verdict = if !summary.failures.is_empty() {
            Verdict::Violated
        } else if !summary.flaky.is_empty() || summary.inconclusive as f64 > allowed {
            Verdict::Inconclusive
        } else {
            Verdict::Holds
        };
    }
}
