//! A campaign: what is tried, and what is done again of it when it is resumed.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::ledger::{Entry, Ledger};
use super::progress::CampaignProgress;
use super::reuse::Saved;
use super::trial_queue::{TrialQueue, UsedStack};
use super::{Audience, CampaignError, Interrupt, ShrinkBudget, Stacks, save};
use crate::generator::{self, Space};
use crate::model::{Plan, Regressed, Signature, Summary, Verdict};
use crate::trace::Trace;

/// What is tried, and when it is enough.
#[derive(Debug, Clone, PartialEq)]
pub struct Campaign {
    /// Decides the plans.
    pub seed: u64,
    /// What is tried.
    pub plans: PlanSource,
    /// For how long new trials are begun at most.
    pub at_most: Option<Duration>,
    /// After how many different failures it ends. One that shows too seldom to work with is not
    /// counted.
    pub max_failures: usize,
    /// Which share of inconclusive trials, from 0 to 1, is put up with.
    pub max_inconclusive: f64,
    /// Below this the campaign's own folder is made.
    pub out: PathBuf,
    /// Here failing traces are kept.
    pub traces: PathBuf,
    /// What may be spent on shrinking; none to keep each failure as it was found.
    pub shrink: Option<ShrinkBudget>,
    /// Saved failures of the stack, which are replayed before anything new is tried.
    pub reuse: Vec<Saved>,
    /// Saved traces that cannot be read: they are in the summary, so that nobody takes them for
    /// replayed.
    pub unreadable: Vec<Regressed>,
    /// The signatures that are put up with; a part `*` stands for any ([`Signature::covers`]).
    pub known: BTreeSet<Signature>,
}

/// The plans of a campaign.
#[derive(Debug, Clone, PartialEq)]
pub enum PlanSource {
    /// So many drawn from the seed.
    Random(u64),
    /// These, with what is expected of the API told one by one.
    Scenario(Vec<Plan>),
}

impl Campaign {
    /// Runs the campaign on stacks that are up, all alike, and saves everything as it goes. They
    /// are left healed, and fresh where the policy resets them.
    ///
    /// # Errors
    /// When a stack cannot be reset, or a file cannot be written.
    pub async fn run(
        &self,
        stacks: &Stacks<'_>,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<Summary, CampaignError> {
        let folder = save::run_folder(&self.out, self.seed)?;
        let mut ledger = Ledger::begin(&folder, self, stacks.first())?;
        let progress = CampaignProgress::new(self, stacks.first(), &folder);
        let fresh = stacks.all().map(|bench| (bench, 0)).collect();
        self.go_on(progress, fresh, &mut ledger, interrupt, audience)
            .await
    }

    /// Goes on with a campaign that was interrupted or killed, [`Ledger::campaign`]: trials that
    /// were finished count as they are, one that was under way is done again.
    ///
    /// # Errors
    /// As [`Campaign::run`]; and when what was saved cannot be read.
    pub async fn resume(
        &self,
        ledger: &mut Ledger,
        stacks: &Stacks<'_>,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<Summary, CampaignError> {
        let (folder, bench) = (ledger.folder().to_owned(), stacks.first());
        let mut progress = CampaignProgress::new(self, bench, &folder);
        progress.recall(ledger)?;
        let finished = progress.summary.plans_executed;
        save::forget_trials(&folder, finished)?;
        let mut places = Vec::new();
        for bench in stacks.all() {
            // Nobody knows what the trial that was under way has done to the stack.
            let is_fresh = bench.refresh(audience).await?;
            places.push((bench, if is_fresh { 0 } else { finished + 1 }));
        }
        for unshrunk in progress.unshrunk() {
            let Some(budget) = self.shrink else { break };
            let kept = PathBuf::from(&progress.summary.failures[unshrunk].trace);
            let failing = Trace::read(&kept)?;
            let (share, began) = (progress.share_of(budget), Instant::now());
            let shrunk = bench.shrink(&failing, &kept, &folder, share, interrupt, audience);
            progress.shrunk(unshrunk, shrunk.await?, ledger, interrupt)?;
            progress.spent_on_shrinking += began.elapsed();
        }
        self.go_on(progress, places, ledger, interrupt, audience)
            .await
    }

    /// Does the replays and the trials that are left.
    async fn go_on(
        &self,
        mut progress: CampaignProgress,
        places: Vec<UsedStack<'_>>,
        ledger: &mut Ledger,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<Summary, CampaignError> {
        let done = self
            .do_trials(&mut progress, places, ledger, interrupt, audience)
            .await;
        self.end(progress, ledger, interrupt, done)
    }

    async fn do_trials(
        &self,
        progress: &mut CampaignProgress,
        places: Vec<UsedStack<'_>>,
        ledger: &mut Ledger,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<(), CampaignError> {
        let (bench, _) = places[0];
        let replayed = self.replay_saved(progress, ledger, bench, interrupt, audience);
        if replayed.await? {
            let work = TrialQueue::new(self, progress, ledger, interrupt, audience);
            work.share_out(&places).await?;
        }
        Ok(())
    }

    /// For how long new trials may still be begun, if that is limited.
    pub(super) fn left(&self, progress: &CampaignProgress) -> Option<Duration> {
        let limit = self.at_most?;
        Some(limit.saturating_sub(progress.elapsed()))
    }

    /// Sums up what was found, also where the environment ended it: that was found all the same.
    fn end(
        &self,
        mut progress: CampaignProgress,
        ledger: &mut Ledger,
        interrupt: &Interrupt,
        done: Result<(), CampaignError>,
    ) -> Result<Summary, CampaignError> {
        progress.judge(self.max_inconclusive);
        // Controls and shrinking come after the trial that they belong to.
        progress.summary.elapsed_ms = progress.elapsed().as_millis() as u64;
        progress.summary.interrupted = interrupt.is_requested();
        if let Err(error) = done {
            progress.summary.broken_off = Some(error.to_string());
            if progress.summary.verdict == Verdict::Holds {
                progress.summary.verdict = Verdict::Inconclusive;
            }
            return match save::summary(ledger.folder(), &progress.summary) {
                Ok(()) => Ok(progress.summary),
                Err(_) => Err(error),
            };
        }
        save::summary(ledger.folder(), &progress.summary)?;
        if !progress.summary.interrupted {
            // Trials that were under way on other stacks when enough was found do not count.
            save::forget_trials(ledger.folder(), progress.summary.plans_executed)?;
            ledger.write(&Entry::Ended)?;
        }
        Ok(progress.summary)
    }
}

impl PlanSource {
    /// How many there are.
    pub fn count(&self) -> u64 {
        match self {
            PlanSource::Random(count) => *count,
            PlanSource::Scenario(plans) => plans.len() as u64,
        }
    }

    /// The one at a place below [`PlanSource::count`].
    pub(super) fn plan(&self, space: &Space, seed: u64, index: u64) -> Plan {
        match self {
            PlanSource::Random(_) => generator::plan(space, seed, index),
            PlanSource::Scenario(plans) => plans[index as usize].clone(),
        }
    }
}
