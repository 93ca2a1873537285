//! The results of `comeback replay` on the terminal.

use std::fmt::Write;
use std::path::Path;

use super::{table, wording};
use crate::model::{
    Counts, Differing, Fidelity, Judgement, Replayed, Reproduced, Signature, Skipped, Verdict,
};

/// How often the failure occurred, what else occurred, and how closely the replays followed the
/// recorded execution.
pub fn replayed(trace: &Path, replayed: &Replayed) -> String {
    let mut text = headline(replayed);
    for other in &replayed.others {
        let _ = write!(
            text,
            "\nanother failure in {} of {}: {}",
            other.runs, replayed.reproduced.runs, other.signature
        );
    }
    for (nth, judgement) in replayed.judgements.iter().enumerate() {
        let what = execution(judgement, replayed.signature.as_ref());
        let _ = write!(text, "\n  {} {what}", nth + 1);
    }
    if let Some(reason) = &replayed.ended_early {
        let _ = write!(text, "\n  no more   {reason}");
    }
    text.push_str(&fidelity(&replayed.fidelity, replayed.speed));
    let _ = write!(
        text,
        "\n  trace {}\n  the replays' traces are in {}",
        trace.display(),
        replayed.run
    );
    text
}

fn headline(replayed: &Replayed) -> String {
    let Reproduced { failed, runs } = replayed.reproduced;
    let rate = wording::rate(replayed.rate_interval);
    let mut text = match failed {
        _ if runs == 0 => "undecided".to_owned(),
        _ if replayed.signature.is_none() => format!("{} in {runs}", replayed.verdict),
        0 => format!("not reproduced in {runs} ({rate})"),
        _ => format!("reproduced {failed} of {runs} ({rate})"),
    };
    if replayed.inconclusive > 0 {
        let _ = write!(text, ", {} inconclusive", replayed.inconclusive);
    }
    if replayed.interrupted {
        text.push_str(", interrupted");
    }
    match &replayed.signature {
        Some(signature) => format!("{text}: {signature}"),
        None => format!("{text}: the trace had not failed"),
    }
}

fn execution(judgement: &Judgement, looked_for: Option<&Signature>) -> String {
    let verdict = judgement.verdict;
    match verdict {
        Verdict::Holds => verdict.to_string(),
        Verdict::Inconclusive => format!("{verdict}: {}", judgement.reason()),
        Verdict::Violated => {
            let primary = judgement.primary();
            let message = primary.map_or(String::new(), |finding| finding.message.clone());
            let other = looked_for.is_some_and(|failure| !judgement.shows(failure));
            let otherwise = if other { " otherwise" } else { "" };
            format!("{verdict}{otherwise}: {message}")
        }
    }
}

fn fidelity(fidelity: &Fidelity, speed: f64) -> String {
    let mut text = String::new();
    if speed != 1.0 {
        let _ = write!(text, "\n  speed     {speed} times the recorded one");
    }
    if let Some(starts) = fidelity.starts {
        let _ = write!(
            text,
            "\n  fidelity  steps started {} (p50), {} (p99) from when they had been recorded, over {} starts",
            wording::milliseconds(starts.p50_ms),
            wording::milliseconds(starts.p99_ms),
            starts.starts
        );
    }
    for skipped in &fidelity.skipped {
        let _ = write!(text, "\n  skipped   {}", self::skipped(skipped));
    }
    if !fidelity.outcomes.is_empty() {
        let rows = fidelity.outcomes.iter().map(row);
        let header = ["load", "", "ok", "failed", "unknown"];
        let rows = rows.flatten();
        let table = table(&header, 2, rows).replace('\n', "\n  ");
        let _ = write!(
            text,
            "\n  outcomes that differ from the recorded ones:\n  {table}"
        );
    }
    text
}

fn skipped(skipped: &Skipped) -> String {
    let Skipped {
        step,
        when_recorded,
        skipped,
        of,
    } = skipped;
    match when_recorded {
        true => format!(
            "{step} was skipped when it was recorded, and was done in {} of {of}",
            of - skipped
        ),
        false => {
            format!("{step} was done when it was recorded, and was skipped in {skipped} of {of}")
        }
    }
}

/// The recorded outcomes of a load, and below them the range over the replays.
fn row(differing: &Differing) -> [Vec<String>; 2] {
    let Differing {
        load,
        recorded,
        replayed,
    } = differing;
    let range = |count: fn(&Counts) -> u64| {
        let counts = replayed.iter().map(count);
        match (counts.clone().min(), counts.max()) {
            (Some(least), Some(most)) if least < most => format!("{least}–{most}"),
            (Some(least), _) => least.to_string(),
            _ => String::new(),
        }
    };
    let recorded = [recorded.ok, recorded.failed, recorded.unknown].map(|count| count.to_string());
    let replayed = [range(|c| c.ok), range(|c| c.failed), range(|c| c.unknown)];
    [
        [vec![load.clone(), "recorded".to_owned()], recorded.into()].concat(),
        [vec![String::new(), "replayed".to_owned()], replayed.into()].concat(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Drift, Finding, OtherFailure, StepId};

    fn counts(ok: u64, failed: u64, unknown: u64) -> Counts {
        Counts {
            ok,
            failed,
            unknown,
        }
    }

    fn violated(invariant: &str, reason: &str, message: &str) -> Judgement {
        Judgement {
            verdict: Verdict::Violated,
            signature: format!("v1/{invariant}/job/{reason}/stop").parse().ok(),
            findings: vec![Finding::violated(
                invariant,
                reason,
                Some("job"),
                message,
                7,
                vec![],
            )],
            inconclusive: None,
        }
    }

    fn holds() -> Judgement {
        Judgement {
            verdict: Verdict::Holds,
            signature: None,
            findings: Vec::new(),
            inconclusive: None,
        }
    }

    fn example() -> Replayed {
        let reproduced = Reproduced { failed: 4, runs: 6 };
        let looked_for = violated("no-hang", "job-never-terminal", "6 jobs never finished");
        let other = violated("recovers", "never", "no job succeeded any more");
        Replayed {
            verdict: Verdict::Violated,
            signature: looked_for.signature.clone(),
            reproduced,
            rate_interval: reproduced.interval(),
            others: other
                .signature
                .clone()
                .map(|signature| OtherFailure { signature, runs: 1 })
                .into_iter()
                .collect(),
            inconclusive: 1,
            speed: 2.0,
            fidelity: Fidelity {
                starts: Some(Drift {
                    starts: 35,
                    p50_ms: 0.43,
                    p99_ms: 12.1,
                }),
                skipped: vec![
                    Skipped {
                        step: StepId("b4".to_owned()),
                        when_recorded: false,
                        skipped: 1,
                        of: 7,
                    },
                    Skipped {
                        step: StepId("f2".to_owned()),
                        when_recorded: true,
                        skipped: 5,
                        of: 7,
                    },
                ],
                outcomes: vec![Differing {
                    load: "b1".to_owned(),
                    recorded: counts(10, 2, 0),
                    replayed: vec![counts(10, 2, 0), counts(7, 4, 1)],
                }],
            },
            judgements: vec![
                looked_for,
                other,
                holds(),
                Judgement {
                    verdict: Verdict::Inconclusive,
                    inconclusive: Some("the baseline failed".to_owned()),
                    ..holds()
                },
            ],
            run: "runs/20260101T000000Z-1".to_owned(),
            ended_early: Some("the stack cannot be reset".to_owned()),
            interrupted: true,
        }
    }

    #[test]
    fn everything_that_a_replay_has_to_tell_is_told() {
        insta::assert_snapshot!(replayed(Path::new("traces/a.jsonl"), &example()), @"
        reproduced 4 of 6 (rate 0.30–0.90), 1 inconclusive, interrupted: v1/no-hang/job/job-never-terminal/stop
        another failure in 1 of 6: v1/recovers/job/never/stop
          1 violated: 6 jobs never finished
          2 violated otherwise: no job succeeded any more
          3 holds
          4 inconclusive: the baseline failed
          no more   the stack cannot be reset
          speed     2 times the recorded one
          fidelity  steps started 430 µs (p50), 12.1 ms (p99) from when they had been recorded, over 35 starts
          skipped   b4 was done when it was recorded, and was skipped in 1 of 7
          skipped   f2 was skipped when it was recorded, and was done in 2 of 7
          outcomes that differ from the recorded ones:
           load              ok  failed  unknown
           b1    recorded    10       2        0
                 replayed  7–10     2–4      0–1
          trace traces/a.jsonl
          the replays' traces are in runs/20260101T000000Z-1
        ");
    }

    #[test]
    fn each_way_of_not_failing_has_its_words() {
        let of = |failed, runs, looked_for: bool| {
            let reproduced = Reproduced { failed, runs };
            let example = example();
            headline(&Replayed {
                verdict: Verdict::Holds,
                signature: example.signature.clone().filter(|_| looked_for),
                rate_interval: reproduced.interval(),
                reproduced,
                inconclusive: 0,
                interrupted: false,
                ..example
            })
        };
        insta::assert_snapshot!([of(4, 5, true), of(0, 5, true), of(0, 0, true), of(0, 5, false)].join("\n"), @"
        reproduced 4 of 5 (rate 0.38–0.96): v1/no-hang/job/job-never-terminal/stop
        not reproduced in 5 (rate 0.00–0.43): v1/no-hang/job/job-never-terminal/stop
        undecided: v1/no-hang/job/job-never-terminal/stop
        holds in 5: the trace had not failed
        ");
    }
}
