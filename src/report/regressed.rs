//! The results of `comeback regress` on the terminal.

use std::fmt::Write;
use std::path::Path;

use super::table;
use super::wording::fate_line;
use crate::model::{Fate, Regressed, Regression, Verdict};

/// A table of the replayed traces, the reason for each result, and what was skipped.
pub fn regressed(regression: &Regression) -> String {
    let traces = &regression.traces;
    if traces.is_empty() {
        return format!(
            "{} contains no traces (*.jsonl), so there is nothing to replay; `comeback run` saves the failures that it finds there",
            regression.folder
        );
    }
    let mut text = headline(regression);
    let replayed = |trace: &&Regressed| !matches!(trace.fate, Fate::Skipped | Fate::Unreadable);
    let rows: Vec<_> = traces.iter().filter(replayed).map(row).collect();
    if !rows.is_empty() {
        let header = ["", "trace", "before", "now", "sure"];
        let _ = write!(text, "\n\n{}", table(&header, 2, rows));
    }
    text.push('\n');
    for trace in traces {
        let _ = write!(text, "\n{}", fate_line(trace));
        if let Some(run) = &trace.run {
            let _ = write!(text, "\n  the replays' traces are in {run}");
        }
    }
    text
}

fn headline(regression: &Regression) -> String {
    let fates = [
        Fate::StillFails,
        Fate::FailsOtherwise,
        Fate::Inconclusive,
        Fate::Fixed,
        Fate::Unreadable,
        Fate::Skipped,
    ];
    let counts = fates.map(|fate| (regression.count(fate), fate));
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<_> = counts.map(|(n, fate)| format!("{n} {fate}")).collect();
    let interrupted = match regression.interrupted {
        true => " (interrupted)",
        false => "",
    };
    let in_vain = match regression.verdict {
        Verdict::Inconclusive if regression.count(Fate::Inconclusive) == 0 => {
            "; none of them could be replayed, so nothing is known to be fixed"
        }
        _ => "",
    };
    format!(
        "{}: {}, asked for {} % confidence{interrupted}{in_vain}",
        regression.folder,
        counts.join(", "),
        percent(regression.confidence)
    )
}

fn row(trace: &Regressed) -> Vec<String> {
    let Regressed {
        recorded,
        reproduced,
        ..
    } = trace;
    let sure = match trace.fate {
        Fate::StillFails | Fate::FailsOtherwise => "proof".to_owned(),
        _ => format!("{} %", percent(trace.confidence)),
    };
    let name = Path::new(&trace.trace).file_name().unwrap_or_default();
    vec![
        trace.fate.to_string(),
        name.to_string_lossy().into_owned(),
        match recorded.runs {
            0 => "not measured".to_owned(),
            runs => format!("{} of {runs}", recorded.failed),
        },
        format!("{} of {}", reproduced.failed, reproduced.runs),
        sure,
    ]
}

/// A share in percent, rounded down: a confidence must not be overstated.
fn percent(share: f64) -> String {
    let cut = (share * 1_000.0 + 1e-9).floor() / 10.0;
    cut.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Reproduced, Verdict};

    fn trace(name: &str, fate: Fate, because: &str) -> Regressed {
        Regressed::not_replayed(format!("traces/{name}.jsonl"), fate, because)
    }

    fn regression(traces: Vec<Regressed>) -> Regression {
        Regression {
            verdict: Regression::verdict_of(&traces),
            folder: "traces".to_owned(),
            confidence: 0.95,
            traces,
            interrupted: false,
        }
    }

    #[test]
    fn every_fate_is_told() {
        let run = |seed: u64| Some(format!("runs/20260101T000000Z-{seed}"));
        let other = "v1/recovers/job/never/stop";
        let told = regression(vec![
            Regressed {
                reproduced: Reproduced { failed: 0, runs: 2 },
                recorded: Reproduced { failed: 5, runs: 5 },
                confidence: Reproduced { failed: 5, runs: 5 }.shows_within(2),
                run: run(1),
                ..trace(
                    "fixed",
                    Fate::Fixed,
                    "2 passed, and before it showed in 5 of 5",
                )
            },
            Regressed {
                reproduced: Reproduced { failed: 1, runs: 1 },
                run: run(2),
                ..trace("still", Fate::StillFails, "6 jobs never finished")
            },
            Regressed {
                other: other.parse().ok(),
                reproduced: Reproduced { failed: 0, runs: 1 },
                run: run(3),
                ..trace(
                    "other",
                    Fate::FailsOtherwise,
                    &format!("{other}: no job succeeded any more"),
                )
            },
            Regressed {
                reproduced: Reproduced { failed: 0, runs: 1 },
                recorded: Reproduced { failed: 1, runs: 2 },
                inconclusive: 4,
                confidence: Reproduced { failed: 1, runs: 2 }.shows_within(1),
                run: run(4),
                ..trace(
                    "unknown",
                    Fate::Inconclusive,
                    "4 of 5 executions told nothing, the last because the baseline failed",
                )
            },
            trace("ray", Fate::Skipped, "it is of the stack `ray`"),
            trace(
                "broken",
                Fate::Unreadable,
                "traces/broken.jsonl: line 3: expected value; is this a comeback trace?",
            ),
        ]);
        assert_eq!(told.verdict, Verdict::Violated);
        insta::assert_snapshot!(regressed(&told), @"
        traces: 1 STILL FAILS, 1 FAILS OTHERWISE, 1 INCONCLUSIVE, 1 FIXED, 1 UNREADABLE, 1 skipped, asked for 95 % confidence

                          trace                before     now    sure
         FIXED            fixed.jsonl          5 of 5  0 of 2  96.4 %
         STILL FAILS      still.jsonl    not measured  1 of 1   proof
         FAILS OTHERWISE  other.jsonl    not measured  0 of 1   proof
         INCONCLUSIVE     unknown.jsonl        1 of 2  0 of 1    50 %

        FIXED: traces/fixed.jsonl: 2 passed, and before it showed in 5 of 5
          the replays' traces are in runs/20260101T000000Z-1
        STILL FAILS: traces/still.jsonl: 6 jobs never finished
          the replays' traces are in runs/20260101T000000Z-2
        FAILS OTHERWISE: traces/other.jsonl: v1/recovers/job/never/stop: no job succeeded any more
          the replays' traces are in runs/20260101T000000Z-3
        INCONCLUSIVE: traces/unknown.jsonl: 4 of 5 executions told nothing, the last because the baseline failed
          the replays' traces are in runs/20260101T000000Z-4
        skipped: traces/ray.jsonl: it is of the stack `ray`
        UNREADABLE: traces/broken.jsonl: line 3: expected value; is this a comeback trace?
        ");
    }

    #[test]
    fn an_empty_folder_is_said_to_be_one() {
        let told = regression(Vec::new());
        assert_eq!(told.verdict, Verdict::Holds);
        insta::assert_snapshot!(regressed(&told), @"traces contains no traces (*.jsonl), so there is nothing to replay; `comeback run` saves the failures that it finds there");
    }

    #[test]
    fn nobody_is_surer_than_that() {
        assert_eq!(
            [0.95, 0.9999, 1.0, 0.0, 0.666_666].map(percent),
            ["95", "99.9", "100", "0", "66.6"]
        );
    }
}
