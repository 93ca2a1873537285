//! Before anything new is tried, a campaign replays what failed before.

use std::path::PathBuf;
use std::time::Duration;

use super::ledger::{Entry, Ledger};
use super::progress::CampaignProgress;
use super::{Audience, Bench, Campaign, CampaignError, FreshStack, Interrupt, Regress, Unseen};
use crate::trace::Trace;

/// A saved failure is replayed so often at most. This is not to tell whether it is fixed, which is
/// what `regress` is for, but to know it again.
const TIMES: u64 = 3;

/// Few failures are rare enough that three executions are more than this asks for.
const CONFIDENCE: f64 = 0.9;

/// A saved failure.
#[derive(Debug, Clone, PartialEq)]
pub struct Saved {
    /// The trace's file.
    pub path: PathBuf,
    /// The trace; its events are not needed.
    pub trace: Trace,
}

impl Campaign {
    /// Replays the saved failures that were not yet. What fails still is known from then on. Tells
    /// whether the stack can be used afterwards: it is fresh again where it can be reset, and
    /// spoilt where it cannot and an execution did not hold.
    ///
    /// # Errors
    /// When the stack cannot be reset, or a file cannot be written.
    pub(super) async fn replay_saved(
        &self,
        progress: &mut CampaignProgress,
        ledger: &mut Ledger,
        bench: &Bench,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<bool, CampaignError> {
        let regress = Regress {
            confidence: CONFIDENCE,
            times: TIMES,
            out: ledger.folder().join("reused"),
        };
        for told in &self.unreadable {
            let mut before = progress.summary.reused.iter();
            if !before.any(|before| before.trace == told.trace) {
                ledger.write(&Entry::Reused(Box::new(told.clone())))?;
                progress.reused(told.clone());
            }
        }
        let mut stack = FreshStack::new(bench, interrupt, &Unseen);
        for Saved { path, trace } in &self.reuse {
            let name = path.display().to_string();
            let mut done = progress.summary.reused.iter();
            if done.any(|told| told.trace == name) {
                continue;
            }
            if self.left(progress) == Some(Duration::ZERO) {
                break;
            }
            audience.busy(&format!("replaying what failed before: {name}"));
            let told = regress.run(path, trace, &mut stack).await?;
            if stack.is_interrupted() {
                return Ok(true);
            }
            audience.reused(&told);
            ledger.write(&Entry::Reused(Box::new(told.clone())))?;
            progress.reused(told);
        }
        if !self.reuse.is_empty() {
            bench.refresh(audience).await?;
        }
        Ok(stack.spoilt().is_none())
    }
}
