//! A trial, by the beginning and the end of its trace.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::model::{Judgement, Plan, Verdict};
use crate::trace::{Lines, TraceError, TraceLine};

/// The verdict is among the last lines: it is searched within this distance from the end.
const TAIL_BYTES: u64 = 256 << 10;

/// A trial by the beginning and the end of its trace, without the history between.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialSummary {
    /// The trace.
    pub path: PathBuf,
    /// The plan.
    pub plan: Plan,
    /// The verdict, if the trace is complete.
    pub judgement: Option<Judgement>,
}

impl TrialSummary {
    /// Reads the beginning and the end of a trace.
    ///
    /// # Errors
    /// When it cannot be read, or has no plan.
    pub fn read(path: &Path) -> Result<Self, TraceError> {
        let plan = match Lines::open(path)?.next().transpose()? {
            Some(TraceLine::Plan(plan)) => plan,
            _ => {
                return Err(TraceError::TooShort {
                    path: path.to_owned(),
                });
            }
        };
        let tail = tail(path).map_err(TraceError::at(path))?;
        Ok(TrialSummary {
            path: path.to_owned(),
            plan,
            judgement: verdict(&tail),
        })
    }

    /// The verdict; inconclusive if the trace has none.
    pub fn verdict(&self) -> Verdict {
        let judgement = self.judgement.as_ref();
        judgement.map_or(Verdict::Inconclusive, |judgement| judgement.verdict)
    }

    /// What was found, unless everything held.
    pub fn words(&self) -> String {
        let Some(judgement) = &self.judgement else {
            return "the trace was cut off".to_owned();
        };
        match (judgement.verdict, judgement.primary()) {
            (Verdict::Violated, Some(primary)) => {
                format!("{}: {}", primary.invariant, primary.message)
            }
            (Verdict::Inconclusive, _) => judgement.reason(),
            _ => String::new(),
        }
    }
}

fn tail(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
    let mut tail = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut tail)?;
    Ok(tail)
}

/// The verdict among the last lines of a trace. Only a complete line of that kind parses.
fn verdict(tail: &[u8]) -> Option<Judgement> {
    #[derive(serde::Deserialize)]
    struct Written {
        verdict: Judgement,
    }
    let lines = tail.rsplit(|byte| *byte == b'\n');
    let mut verdicts = lines.filter(|line| line.starts_with(b"{\"verdict\""));
    let written = verdicts.find_map(|line| serde_json::from_slice::<Written>(line).ok());
    written.map(|written| written.verdict)
}
