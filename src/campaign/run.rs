//! Running and resuming a campaign.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::ledger::{Entry, Ledger};
use super::progress::CampaignProgress;
use super::shrinking::Shrinking;
use super::trial_queue::TrialQueue;
use super::{Audience, Campaign, CampaignError, Interrupt, Stacks, save};
use crate::model::{Summary, Verdict};
use crate::trace::Trace;

impl Campaign {
    /// Runs the campaign on stacks that are up and all alike, and saves everything as it goes. They
    /// are left healed, and reset where the policy says so.
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
        self.go_on(progress, stacks, &mut ledger, interrupt, audience)
            .await
    }

    /// Resumes a campaign that was interrupted or killed ([`Ledger::campaign`]): finished trials
    /// count as they are, an unfinished one is done again.
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
        let folder = ledger.folder().to_owned();
        let mut progress = CampaignProgress::new(self, stacks.first(), &folder);
        progress.recall(ledger)?;
        let finished = progress.summary.plans_executed;
        save::forget_trials(&folder, finished)?;
        for stack in stacks.shared() {
            // The unfinished trial may have left anything behind.
            let is_fresh = stack.handle.reset(audience).await?;
            let mut usage = stack.usage.lock().await;
            usage.trials_since_reset = if is_fresh { 0 } else { finished + 1 };
        }
        for unshrunk in progress.unshrunk() {
            let Some(budget) = self.shrink else { break };
            let kept = PathBuf::from(&progress.summary.failures[unshrunk].trace);
            let failing = Trace::read(&kept)?;
            let shrinking = Shrinking {
                kept: &kept,
                folder: &folder,
                budget: progress.share_of(budget),
            };
            let began = Instant::now();
            let shrunk = stacks.shrink(&failing, shrinking, interrupt, audience);
            progress.shrunk(unshrunk, shrunk.await?, ledger, interrupt)?;
            progress.spent_on_shrinking += began.elapsed();
        }
        self.go_on(progress, stacks, ledger, interrupt, audience)
            .await
    }

    /// Does the remaining replays and trials.
    async fn go_on(
        &self,
        mut progress: CampaignProgress,
        stacks: &Stacks<'_>,
        ledger: &mut Ledger,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<Summary, CampaignError> {
        let done = self
            .do_trials(&mut progress, stacks, ledger, interrupt, audience)
            .await;
        Ok(self.end(progress, ledger, interrupt, done))
    }

    async fn do_trials(
        &self,
        progress: &mut CampaignProgress,
        stacks: &Stacks<'_>,
        ledger: &mut Ledger,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<(), CampaignError> {
        let handle = stacks.first();
        let replayed = self.replay_saved(progress, ledger, handle, interrupt, audience);
        if replayed.await? {
            let queue = TrialQueue::new(self, stacks, progress, ledger, interrupt, audience);
            queue.run().await?;
        }
        Ok(())
    }

    /// How long new trials may still be begun, if that is limited.
    pub(super) fn time_left(&self, progress: &CampaignProgress) -> Option<Duration> {
        let limit = self.at_most?;
        Some(limit.saturating_sub(progress.elapsed()))
    }

    /// Writes the summary, even if an error ended the campaign. What was found is returned in any
    /// case: a full disk must not take the result of a night.
    fn end(
        &self,
        mut progress: CampaignProgress,
        ledger: &mut Ledger,
        interrupt: &Interrupt,
        done: Result<(), CampaignError>,
    ) -> Summary {
        progress.judge(self.max_inconclusive);
        // Controls and shrinking come after the trial that they belong to.
        progress.summary.elapsed_ms = progress.elapsed().as_millis() as u64;
        progress.summary.interrupted = interrupt.is_requested();
        let is_done = done.is_ok();
        let mut summary = progress.summary;
        if let Err(error) = done {
            break_off(&mut summary, &error);
        }
        let written = save::summary(ledger.folder(), &summary)
            .map_err(CampaignError::from)
            .and_then(|()| match is_done && !summary.interrupted {
                true => {
                    // Trials that were running on other stacks when the campaign ended do not
                    // count.
                    save::forget_trials(ledger.folder(), summary.plans_executed)?;
                    Ok(ledger.write(&Entry::Ended)?)
                }
                false => Ok(()),
            });
        if let Err(error) = written {
            break_off(&mut summary, &error);
        }
        summary
    }
}

/// Notes the first error that ended the campaign.
fn break_off(summary: &mut Summary, error: &CampaignError) {
    summary.broken_off.get_or_insert_with(|| error.to_string());
    if summary.verdict == Verdict::Holds {
        summary.verdict = Verdict::Inconclusive;
    }
}
