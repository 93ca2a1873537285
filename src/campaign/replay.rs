//! A saved plan, executed again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::attempt::MOST_INCONCLUSIVE;
use super::fidelity::Fold;
use super::{Audience, CampaignError, Interrupt, Replayer, StackHandle, save};
use crate::model::{Judgement, OtherFailure, Replayed, Reproduced, Signature, Speed, Verdict};
use crate::trace::Trace;

/// What is replayed, and how often.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    /// How many times at most.
    pub times: u64,
    /// Whether it ends at the first reproduction.
    pub until_fails: bool,
    /// How fast the plan is executed.
    pub speed: Speed,
    /// The folder in which the replay's own folder is made.
    pub out: PathBuf,
}

impl Replay {
    /// Executes the plan of a trace, each time on a stack that was reset.
    ///
    /// # Errors
    /// When the stack cannot be reset, or a file cannot be written.
    pub async fn run(
        &self,
        recorded: &Trace,
        handle: &StackHandle,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<Replayed, CampaignError> {
        let folder = save::run_folder(&self.out, recorded.plan.seed)?;
        let plan = self.speed.plan(&recorded.plan);
        let mut replayer = Replayer::new(handle, interrupt, audience);
        let mut fidelity = Fold::new(recorded, self.speed);
        let mut judgements = Vec::new();
        let mut why_unusable = None;
        for nth in 0..self.times {
            why_unusable = replayer.why_unusable();
            if self.until_fails && are_inconclusive(&judgements) {
                why_unusable = Some("the last nine executions told nothing");
            }
            if interrupt.is_requested() || why_unusable.is_some() {
                break;
            }
            let trace = replayer.execute(&plan, &folder, nth).await?;
            fidelity.take(&trace);
            let Some(judgement) = trace.judgement else {
                continue;
            };
            let is_enough = self.until_fails && is_reproduced(recorded, &judgement);
            judgements.push(judgement);
            if is_enough {
                break;
            }
        }
        replayer.leave().await?;
        let replayed = Replayed {
            speed: self.speed.factor(),
            fidelity: fidelity.finish(),
            ended_early: why_unusable.map(str::to_owned),
            interrupted: interrupt.is_requested(),
            ..count(recorded, judgements, &folder)
        };
        Ok(replayed)
    }
}

/// Whether the last executions were all inconclusive.
fn are_inconclusive(judgements: &[Judgement]) -> bool {
    let last = judgements.iter().rev().take(MOST_INCONCLUSIVE);
    let inconclusive = last.filter(|judgement| judgement.verdict == Verdict::Inconclusive);
    inconclusive.count() == MOST_INCONCLUSIVE
}

/// The signature that a trace was saved for.
pub(super) fn signature(recorded: &Trace) -> Option<&Signature> {
    recorded.judgement.as_ref()?.signature.as_ref()
}

/// Whether an execution shows the failure of the recorded one, or any failure if the recorded one
/// had not failed.
fn is_reproduced(recorded: &Trace, judgement: &Judgement) -> bool {
    let looked_for = signature(recorded);
    judgement.verdict == Verdict::Violated
        && looked_for.is_none_or(|failure| judgement.shows(failure))
}

/// Counts the executions in which the recorded failure showed, and those in which another did.
fn count(recorded: &Trace, judgements: Vec<Judgement>, folder: &Path) -> Replayed {
    let looked_for = signature(recorded);
    let (mut reproduced, mut inconclusive) = (Reproduced::default(), 0);
    let mut others = BTreeMap::new();
    for judgement in &judgements {
        match judgement.verdict {
            Verdict::Inconclusive => inconclusive += 1,
            Verdict::Holds => reproduced.count(false),
            Verdict::Violated => {
                let failed = looked_for.is_some_and(|failure| judgement.shows(failure));
                reproduced.count(failed);
                if let (false, Some(other)) = (failed, &judgement.signature) {
                    *others.entry(other.clone()).or_insert(0) += 1;
                }
            }
        }
    }
    let violated = judgements.iter().any(|j| j.verdict == Verdict::Violated);
    Replayed {
        // Without executions nothing was shown, and a few say little about a failure that shows
        // seldom.
        verdict: match violated {
            true => Verdict::Violated,
            false if reproduced.runs == 0 || inconclusive > reproduced.runs => {
                Verdict::Inconclusive
            }
            false => Verdict::Holds,
        },
        signature: looked_for.cloned(),
        rate_interval: reproduced.interval(),
        reproduced,
        others: others
            .into_iter()
            .map(|(signature, runs)| OtherFailure { signature, runs })
            .collect(),
        inconclusive,
        speed: Speed::AS_WRITTEN.factor(),
        fidelity: Default::default(),
        judgements,
        run: folder.display().to_string(),
        ended_early: None,
        interrupted: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::script::Script;

    const LOOKED_FOR: &str = "v1/no-hang/job/job-never-terminal/stop";
    const OTHER: &str = "v1/recovers/job/never/stop";

    fn judged(verdict: Verdict, signature: Option<&str>) -> Judgement {
        Judgement {
            verdict,
            signature: signature.map(|text| text.parse().unwrap()),
            findings: Vec::new(),
            inconclusive: None,
        }
    }

    fn counted(recorded: Option<&str>, seen: &[(Verdict, Option<&str>)]) -> Replayed {
        let mut trace = Script::new(&["job"]).finish(100);
        trace.judgement = Some(judged(Verdict::Violated, recorded));
        let judgements = seen.iter().map(|(v, s)| judged(*v, *s)).collect();
        count(&trace, judgements, Path::new("runs/x"))
    }

    #[test]
    fn nine_executions_in_a_row_that_tell_nothing_are_enough() {
        let nothing = || judged(Verdict::Inconclusive, None);
        let mut judgements: Vec<Judgement> = (0..8).map(|_| nothing()).collect();
        assert!(!are_inconclusive(&judgements));
        judgements.push(judged(Verdict::Holds, None));
        judgements.extend((0..8).map(|_| nothing()));
        assert!(!are_inconclusive(&judgements));
        judgements.push(nothing());
        assert!(are_inconclusive(&judgements));
    }

    #[test]
    fn another_failure_is_a_violation_but_no_reproduction() {
        use Verdict::{Holds, Inconclusive, Violated};
        let replayed = counted(
            Some(LOOKED_FOR),
            &[
                (Violated, Some(OTHER)),
                (Holds, None),
                (Inconclusive, None),
                (Violated, Some(OTHER)),
            ],
        );
        assert_eq!(replayed.reproduced, Reproduced { failed: 0, runs: 3 });
        assert_eq!((replayed.verdict, replayed.inconclusive), (Violated, 1));
        assert_eq!(replayed.others.len(), 1);
        assert_eq!(replayed.others[0].runs, 2);
        let never_failed = counted(None, &[(Violated, Some(OTHER))]);
        assert_eq!(never_failed.reproduced.failed, 0);
        assert_eq!(never_failed.others.len(), 1);
    }

    #[test]
    fn what_could_not_be_told_is_not_held() {
        use Verdict::{Holds, Inconclusive, Violated};
        let verdict = |seen: &[Verdict]| {
            let signature = |v: &Verdict| (*v == Violated).then_some(LOOKED_FOR);
            let seen: Vec<_> = seen.iter().map(|v| (*v, signature(v))).collect();
            counted(Some(LOOKED_FOR), &seen).verdict
        };
        assert_eq!(verdict(&[]), Inconclusive);
        assert_eq!(verdict(&[Inconclusive]), Inconclusive);
        assert_eq!(verdict(&[Holds, Inconclusive, Inconclusive]), Inconclusive);
        assert_eq!(verdict(&[Holds, Inconclusive]), Holds);
        assert_eq!(verdict(&[Inconclusive, Inconclusive, Violated]), Violated);
    }
}
