//! Before anything new is tried, a campaign replays what failed before.

use std::time::Duration;

use super::ledger::{Entry, Ledger};
use super::progress::CampaignProgress;
use super::{
    Audience, Campaign, CampaignError, Interrupt, Regress, Replayer, Saved, StackHandle, Unseen,
};

/// A saved failure is replayed at most this often. The aim is to recognize it later, not to find
/// out whether it is fixed, which is what `regress` is for.
const TIMES: u64 = 3;

/// For most failures, this confidence asks for no more than three executions.
const CONFIDENCE: f64 = 0.9;

impl Campaign {
    /// Replays the saved failures that were not replayed yet. Those that still fail are known from
    /// then on. Returns whether the stack can be used afterwards: not if an execution did not hold
    /// and the stack cannot be reset.
    ///
    /// # Errors
    /// When the stack cannot be reset, or a file cannot be written.
    pub(super) async fn replay_saved(
        &self,
        progress: &mut CampaignProgress,
        ledger: &mut Ledger,
        handle: &StackHandle,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<bool, CampaignError> {
        let regress = Regress {
            confidence: CONFIDENCE,
            times: TIMES,
            out: ledger.folder().join("reused"),
        };
        for regressed in &self.unreadable {
            let mut before = progress.summary.reused.iter();
            if !before.any(|before| before.trace == regressed.trace) {
                ledger.write(&Entry::Reused(Box::new(regressed.clone())))?;
                progress.reused(regressed.clone());
            }
        }
        let mut replayer = Replayer::new(handle, interrupt, &Unseen);
        for Saved { path, trace } in &self.reuse {
            let name = path.display().to_string();
            let mut done = progress.summary.reused.iter();
            if done.any(|regressed| regressed.trace == name) {
                continue;
            }
            if self.time_left(progress) == Some(Duration::ZERO) {
                break;
            }
            audience.busy(&format!("replaying what failed before: {name}"));
            let regressed = regress.run(path, trace, &mut replayer).await?;
            if replayer.is_interrupted() {
                return Ok(true);
            }
            audience.reused(&regressed);
            ledger.write(&Entry::Reused(Box::new(regressed.clone())))?;
            progress.reused(regressed);
        }
        if !self.reuse.is_empty() {
            handle.reset(audience).await?;
        }
        Ok(replayer.why_unusable().is_none())
    }
}
