//! A saved failure, replayed until it shows or is fixed.

use std::path::{Path, PathBuf};

use super::replay::signature;
use super::{CampaignError, Replayer, notes, save};
use crate::model::{Fate, Regressed, Verdict};
use crate::trace::Trace;

/// Even where few executions must pass, this many more may be inconclusive.
const LEAST_SPARE: u64 = 3;

/// How sure the answer "fixed" must be, and what that may cost.
///
/// A failing execution is proof, and ends the replay at once. A passing one is weak evidence:
/// [`Reproduced::runs_for`](crate::model::Reproduced::runs_for) computes how many must pass in a
/// row from the failure rate in the trace. If that was never measured, no number of passes is
/// enough.
#[derive(Debug, Clone, PartialEq)]
pub struct Regress {
    /// The probability with which the failure would have shown if it were still there; between 0
    /// and 1, exclusive.
    pub confidence: f64,
    /// How many executions one trace may take at most, inconclusive ones included.
    pub times: u64,
    /// The folder in which each trace's own folder is made.
    pub out: PathBuf,
}

impl Regress {
    /// How many executions a trace may take at most, if all of them pass.
    pub fn most_runs(&self, recorded: &Trace) -> u64 {
        let needed = notes::rate(recorded).runs_for(self.confidence);
        needed.map_or(self.times, |needed| needed.min(self.times))
    }

    /// Replays the plan of a trace that had failed.
    ///
    /// # Errors
    /// When the stack cannot be reset, or a file cannot be written.
    pub async fn run(
        &self,
        path: &Path,
        recorded: &Trace,
        replayer: &mut Replayer<'_>,
    ) -> Result<Regressed, CampaignError> {
        let name = path.display().to_string();
        let mut tally = Tally::new(self, recorded);
        if let Err(misfit) = replayer.handle().space.fits(&recorded.plan) {
            let because = format!("its plan does not fit this stack: {misfit}");
            return Ok(tally.into_regressed(name, Fate::Inconclusive, because));
        }
        let folder = save::run_folder(&self.out, recorded.plan.seed)?;
        let (fate, because) = loop {
            if let Some(ending) = tally.ending(self) {
                break ending;
            }
            let interrupted = (Fate::Inconclusive, "interrupted".to_owned());
            if replayer.is_interrupted() {
                break interrupted;
            }
            if let Some(reason) = replayer.why_unusable() {
                break (Fate::Inconclusive, reason.to_owned());
            }
            let nth = tally.executed();
            let trace = replayer.execute(&recorded.plan, &folder, nth).await?;
            // An execution that was interrupted is not counted, not even as inconclusive.
            if replayer.is_interrupted() && trace.verdict() != Verdict::Violated {
                break interrupted;
            }
            tally.take(&trace);
        };
        Ok(Regressed {
            run: Some(folder.display().to_string()),
            ..tally.into_regressed(name, fate, because)
        })
    }
}

/// The results of the executions of one trace so far.
struct Tally {
    /// The result if nothing more is replayed.
    regressed: Regressed,
    passed: u64,
    reasons: Vec<String>,
    failure: Option<String>,
}

impl Tally {
    fn new(regress: &Regress, recorded: &Trace) -> Self {
        let rate = notes::rate(recorded);
        Tally {
            regressed: Regressed {
                signature: signature(recorded).cloned(),
                recorded: rate,
                needed: rate.runs_for(regress.confidence),
                ..Regressed::not_replayed(String::new(), Fate::Inconclusive, "")
            },
            passed: 0,
            reasons: Vec::new(),
            failure: None,
        }
    }

    fn executed(&self) -> u64 {
        let another = u64::from(self.regressed.other.is_some());
        self.passed + self.regressed.reproduced.failed + another + self.regressed.inconclusive
    }

    fn take(&mut self, trace: &Trace) {
        let regressed = &mut self.regressed;
        let judgement = trace.judgement.as_ref();
        match trace.verdict() {
            Verdict::Inconclusive => {
                regressed.inconclusive += 1;
                self.reasons.extend(judgement.map(|j| j.reason()));
            }
            Verdict::Holds => {
                regressed.reproduced.count(false);
                self.passed += 1;
            }
            Verdict::Violated => {
                let saved = regressed.signature.as_ref();
                let shown = saved
                    .zip(judgement)
                    .is_some_and(|(failure, j)| j.shows(failure));
                let primary = judgement.and_then(|j| j.primary());
                self.failure = primary.map(|finding| finding.message.clone());
                regressed.reproduced.count(shown);
                if !shown {
                    regressed.other = judgement.and_then(|j| j.signature.clone());
                }
            }
        }
    }

    /// The fate of the failure, once that is decided.
    fn ending(&self, regress: &Regress) -> Option<(Fate, String)> {
        let Regressed {
            reproduced,
            inconclusive,
            needed,
            other,
            ..
        } = &self.regressed;
        let message = self.failure.clone().unwrap_or_default();
        if reproduced.failed > 0 {
            return Some((Fate::StillFails, message));
        }
        if let Some(other) = other {
            return Some((Fate::FailsOtherwise, format!("{other}: {message}")));
        }
        let is_enough = needed.is_some_and(|needed| self.passed >= needed);
        if is_enough && !self.regressed.recorded.is_measured() {
            let because = format!(
                "{} passed, but how often the failure shows was never measured, so that says little; `comeback shrink` measures it \
                 where the failure is still in",
                self.passed
            );
            return Some((Fate::Inconclusive, because));
        }
        if is_enough {
            let because = format!(
                "{} passed, and before it showed in {} of {}",
                self.passed, self.regressed.recorded.failed, self.regressed.recorded.runs
            );
            return Some((Fate::Fixed, because));
        }
        let spare = needed.unwrap_or(regress.times).max(LEAST_SPARE);
        if *inconclusive > spare || (self.executed() >= regress.times && *inconclusive > 0) {
            let last = self.reasons.last().cloned().unwrap_or_default();
            let because = format!(
                "{inconclusive} of {} executions told nothing, the last because {last}",
                self.executed()
            );
            return Some((Fate::Inconclusive, because));
        }
        if self.executed() >= regress.times {
            let needed = match needed {
                Some(needed) => needed.to_string(),
                None => "more than a million".to_owned(),
            };
            let because = format!(
                "{} passed, and {needed} would have to; `comeback regress --times N` allows more",
                self.passed
            );
            return Some((Fate::Inconclusive, because));
        }
        None
    }

    fn into_regressed(self, trace: String, fate: Fate, because: String) -> Regressed {
        Regressed {
            trace,
            fate,
            because,
            confidence: match fate {
                Fate::Fixed | Fate::Inconclusive if self.regressed.recorded.is_measured() => {
                    self.regressed.recorded.shows_within(self.passed)
                }
                _ => 0.0,
            },
            ..self.regressed
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Judgement, Reproduced};
    use crate::trace::script::Script;

    const SAVED: &str = "v1/no-hang/job/job-never-terminal/stop";

    fn judged(verdict: Verdict, signature: Option<&str>) -> Trace {
        let mut trace = Script::new(&["job"]).finish(100);
        trace.judgement = Some(Judgement {
            verdict,
            signature: signature.map(|text| text.parse().unwrap()),
            findings: Vec::new(),
            inconclusive: (verdict == Verdict::Inconclusive).then(|| "it is too busy".to_owned()),
        });
        trace
    }

    fn saved(notes: Vec<serde_json::Value>) -> Trace {
        Trace {
            notes,
            ..judged(Verdict::Violated, Some(SAVED))
        }
    }

    /// Takes executions until it is decided, and returns how many that took.
    fn regress(times: u64, recorded: &Trace, seen: &[Trace]) -> (Regressed, u64) {
        let regress = Regress {
            confidence: 0.95,
            times,
            out: PathBuf::new(),
        };
        let mut tally = Tally::new(&regress, recorded);
        let mut seen = seen.iter().cycle();
        loop {
            if let Some((fate, because)) = tally.ending(&regress) {
                let executed = tally.executed();
                return (
                    tally.into_regressed("a".to_owned(), fate, because),
                    executed,
                );
            }
            tally.take(seen.next().unwrap());
        }
    }

    #[test]
    fn as_many_have_to_pass_as_the_rate_asks_for() {
        let passes = [judged(Verdict::Holds, None)];
        for (failed, runs, needed) in [(5, 5, 2), (3, 3, 3), (4, 20, 16)] {
            let note = json!({"rate": {"failed": failed, "runs": runs}});
            let (regressed, executed) = regress(50, &saved(vec![note]), &passes);
            assert_eq!(
                (regressed.fate, executed),
                (Fate::Fixed, needed),
                "{regressed:?}"
            );
            assert!(regressed.confidence >= 0.95);
        }
    }

    #[test]
    fn a_rate_that_nobody_measured_makes_nothing_fixed() {
        let passes = [judged(Verdict::Holds, None)];
        for notes in [vec![], vec![json!({"rate": {"failed": 1, "runs": 1}})]] {
            let (regressed, executed) = regress(50, &saved(notes), &passes);
            assert_eq!(
                (regressed.fate, regressed.confidence),
                (Fate::Inconclusive, 0.0)
            );
            assert!(executed <= 19, "{executed}");
            assert!(
                regressed.because.contains("was never measured"),
                "{regressed:?}"
            );
        }
    }

    #[test]
    fn the_same_failure_under_another_name_still_fails() {
        let other = judged(Verdict::Violated, Some("v1/no-hang/sync/job-late/kill"));
        let (regressed, _) = regress(50, &saved(vec![]), &[other]);
        assert_eq!(regressed.fate, Fate::StillFails);
    }

    #[test]
    fn the_first_failure_ends_it_and_another_one_is_told_as_such() {
        let pass = judged(Verdict::Holds, None);
        let fails = judged(Verdict::Violated, Some(SAVED));
        let (regressed, executed) = regress(50, &saved(vec![]), &[pass.clone(), fails]);
        assert_eq!((regressed.fate, executed), (Fate::StillFails, 2));
        assert_eq!(regressed.reproduced, Reproduced { failed: 1, runs: 2 });
        let other = judged(Verdict::Violated, Some("v1/recovers/job/never/stop"));
        let (regressed, executed) = regress(50, &saved(vec![]), &[pass, other]);
        assert_eq!((regressed.fate, executed), (Fate::FailsOtherwise, 2));
        assert_eq!(regressed.other.unwrap().invariant, "recovers");
        assert_eq!(regressed.confidence, 0.0);
    }

    #[test]
    fn inconclusive_executions_prove_nothing() {
        let (pass, nothing) = (
            judged(Verdict::Holds, None),
            judged(Verdict::Inconclusive, None),
        );
        let measured = saved(vec![json!({"rate": {"failed": 3, "runs": 3}})]);
        let seen = [pass.clone(), nothing.clone()];
        let (regressed, executed) = regress(50, &measured, &seen);
        assert_eq!((regressed.fate, executed), (Fate::Fixed, 5));
        let seen = [pass, nothing.clone(), nothing];
        let (regressed, _) = regress(50, &measured, &seen);
        assert_eq!(regressed.fate, Fate::Inconclusive);
        insta::assert_snapshot!(regressed.because, @"4 of 6 executions told nothing, the last because it is too busy");
    }

    #[test]
    fn too_few_executions_are_inconclusive_and_say_how_sure_they_are() {
        let measured = saved(vec![json!({"rate": {"failed": 3, "runs": 3}})]);
        let (regressed, executed) = regress(2, &measured, &[judged(Verdict::Holds, None)]);
        assert_eq!((regressed.fate, executed), (Fate::Inconclusive, 2));
        // 1 - 1/5 * 2/6
        assert!((regressed.confidence - 14.0 / 15.0).abs() < 1e-12);
        insta::assert_snapshot!(regressed.because, @"2 passed, and 3 would have to; `comeback regress --times N` allows more");
    }
}
