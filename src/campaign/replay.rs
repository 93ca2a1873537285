//! A saved plan, performed again on a live stack.

use std::path::{Path, PathBuf};

use super::{Audience, Bench, CampaignError, Interrupt, save};
use crate::model::{Judgement, Replayed, Reproduced, Verdict};
use crate::trace::Trace;

/// What is replayed, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// How many times.
    pub times: u64,
    /// Below this the replay's own folder is made.
    pub out: PathBuf,
}

impl Replay {
    /// Performs the plan of a trace, on a stack that is fresh each time.
    ///
    /// # Errors
    /// When the stack cannot be reset, or a file cannot be written.
    pub async fn run(
        &self,
        recorded: &Trace,
        bench: &Bench,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<Replayed, CampaignError> {
        let folder = save::run_folder(&self.out, recorded.plan.seed)?;
        let mut judgements = Vec::new();
        for nth in 0..self.times {
            if interrupt.is_requested() {
                break;
            }
            // What stands on its own may still suffer from a trial of an earlier run.
            if nth > 0 || bench.executor.stands_alone() {
                bench.refresh(audience).await?;
            }
            let path = folder.join(format!("replay-{nth:04}.jsonl"));
            let trace = bench
                .trial(&recorded.plan, &path, 0, interrupt, audience)
                .await?;
            judgements.extend(trace.judgement);
        }
        if bench.executor.stands_alone() && !interrupt.is_requested() {
            bench.refresh(audience).await?;
        }
        Ok(count(
            recorded,
            judgements,
            &folder,
            interrupt.is_requested(),
        ))
    }
}

/// Counts the executions in which the recorded failure showed.
fn count(
    recorded: &Trace,
    judgements: Vec<Judgement>,
    folder: &Path,
    interrupted: bool,
) -> Replayed {
    let signature = recorded
        .judgement
        .as_ref()
        .and_then(|judgement| judgement.signature.clone());
    let decided = judgements
        .iter()
        .filter(|j| j.verdict != Verdict::Inconclusive);
    let runs = decided.clone().count() as u64;
    let failed = match &signature {
        Some(_) => decided.filter(|j| j.signature == signature).count() as u64,
        None => 0,
    };
    let reproduced = Reproduced { failed, runs };
    Replayed {
        // With nothing executed, nothing was shown.
        verdict: judgements
            .iter()
            .map(|j| j.verdict)
            .max()
            .unwrap_or(Verdict::Inconclusive),
        signature,
        rate_interval: reproduced.interval(),
        reproduced,
        judgements,
        run: folder.display().to_string(),
        interrupted,
    }
}
