//! A campaign: one plan after the other, until it is decided.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::ledger::{Entry, Ledger};
use super::progress::Progress;
use super::reuse::Saved;
use super::{Audience, Bench, CampaignError, Interrupt, ShrinkBudget, save};
use crate::generator;
use crate::latency::Latencies;
use crate::model::{Plan, Signature, Summary, Verdict};
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
    /// Saved failures of the stack, which are replayed before anything new is tried.
    pub reuse: Vec<Saved>,
    /// The signatures that are put up with.
    pub known: BTreeSet<Signature>,
}

/// The plans of a campaign.
#[derive(Debug, Clone, PartialEq)]
pub enum Plans {
    /// So many drawn from the seed.
    Random(u64),
    /// These, with what is expected of the API told one by one.
    Scenario(Vec<Plan>),
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
        let mut ledger = Ledger::begin(&folder, self, bench)?;
        let progress = Progress::new(self, bench, &folder);
        self.go_on(progress, 0, &mut ledger, bench, interrupt, audience)
            .await
    }

    /// Goes on with a campaign that was interrupted or killed, [`Ledger::campaign`]: trials that were finished count as they are, one that
    /// was under way is done again.
    ///
    /// # Errors
    /// As [`Campaign::run`]; and when what was saved cannot be read.
    pub async fn resume(
        &self,
        ledger: &mut Ledger,
        bench: &Bench,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<Summary, CampaignError> {
        let folder = ledger.folder().to_owned();
        let mut progress = Progress::new(self, bench, &folder);
        progress.recall(ledger)?;
        // Nobody knows what the trial that was under way has done to the stack.
        let trials_since_reset = match bench.refresh(audience).await? {
            true => 0,
            false => progress.summary.plans_executed + 1,
        };
        let index = progress.summary.plans_executed;
        save::forget_trial(&folder, index)?;
        for unshrunk in progress.unshrunk() {
            let Some(budget) = self.shrink else { break };
            let kept = PathBuf::from(&progress.summary.failures[unshrunk].trace);
            let failing = Trace::read(&kept)?;
            let shrunk = bench.shrink(&failing, &kept, &folder, budget, interrupt, audience);
            progress.shrunk(unshrunk, shrunk.await?, ledger, interrupt)?;
        }
        self.go_on(
            progress,
            trials_since_reset,
            ledger,
            bench,
            interrupt,
            audience,
        )
        .await
    }

    /// Does the replays and the trials that are left.
    async fn go_on(
        &self,
        mut progress: Progress,
        mut trials_since_reset: u64,
        ledger: &mut Ledger,
        bench: &Bench,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<Summary, CampaignError> {
        let replayed = self.replay_saved(&mut progress, ledger, bench, interrupt, audience);
        if !replayed.await? {
            return self.end(progress, ledger, interrupt);
        }
        let folder = ledger.folder().to_owned();
        for index in progress.summary.plans_executed..self.plans.count() {
            let enough = progress.ways_to_fail() >= self.max_failures;
            if interrupt.is_requested() || self.is_over(&progress) || enough {
                break;
            }
            let plan = match &self.plans {
                Plans::Random(_) => generator::plan(&bench.space, self.seed, index),
                Plans::Scenario(plans) => plans[index as usize].clone(),
            };
            let path = save::trial(&folder, index);
            let mut trace = bench
                .trial(&plan, &path, trials_since_reset, interrupt, audience)
                .await?;
            trials_since_reset += 1;
            let controls = &mut progress.controls;
            let controlled = controls.weigh(&mut trace, &path, bench, interrupt, audience);
            let control = controlled.await?;
            if control.is_some() {
                trials_since_reset = 1;
            }
            if interrupt.is_requested() && is_cut_short(&trace) {
                // It tells nothing, and is done again if the campaign is resumed.
                break;
            }
            let latencies = Latencies::of(&View::new(&trace));
            let latency_bytes = save::latencies(&folder, &trace, &latencies)?;
            let failure = match progress.new_signature(&trace) {
                Some(signature) => {
                    let kept =
                        save::keep_trace(&self.traces, &path, &bench.info, &signature, &plan)?;
                    Some(progress.failure(&trace, signature, &kept))
                }
                None => None,
            };
            let is_new = failure.is_some();
            let finished = progress.finished(&trace, failure, control, latency_bytes);
            ledger.write(&Entry::Trial(Box::new(finished.clone())))?;
            let verdict = finished.verdict;
            progress.add(finished, &latencies)?;
            if let Plans::Scenario(_) = self.plans {
                progress.rehearse(&trace, verdict);
            }
            if let (true, Some(budget)) = (is_new, self.shrink) {
                let last = progress.summary.failures.len() - 1;
                let kept = PathBuf::from(&progress.summary.failures[last].trace);
                let shrunk = bench.shrink(&trace, &kept, &folder, budget, interrupt, audience);
                progress.shrunk(last, shrunk.await?, ledger, interrupt)?;
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
        self.end(progress, ledger, interrupt)
    }

    /// Whether nothing new is to be begun, for the time that was given is over.
    pub(super) fn is_over(&self, progress: &Progress) -> bool {
        self.at_most
            .is_some_and(|limit| progress.elapsed() >= limit)
    }

    fn end(
        &self,
        mut progress: Progress,
        ledger: &mut Ledger,
        interrupt: &Interrupt,
    ) -> Result<Summary, CampaignError> {
        progress.judge(self.max_inconclusive);
        progress.summary.interrupted = interrupt.is_requested();
        save::summary(ledger.folder(), &progress.summary)?;
        if !progress.summary.interrupted {
            ledger.write(&Entry::Ended)?;
        }
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

/// Whether a trial was ended by somebody, so that its verdict is not its own.
fn is_cut_short(trace: &Trace) -> bool {
    let judgement = trace.judgement.as_ref();
    judgement.is_none_or(|judgement| judgement.verdict == Verdict::Inconclusive)
}
