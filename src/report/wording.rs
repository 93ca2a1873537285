//! The sentences and number formats that several report formats share.

use crate::model::{
    Failure, Fate, FirstCalls, Known, Percentiles, RecoveryRow, Regressed, Reproduced,
    ShrinkHistory, Summary, Verdict, count, duration_s, duration_us,
};

/// The heading of the results of saved failures.
pub(super) const REUSED: &str = "What had failed before was replayed first";

/// How long a campaign took, in whole seconds.
pub(super) fn took(elapsed_ms: u64) -> String {
    duration_s(elapsed_ms.div_ceil(1_000))
}

/// A measured time in milliseconds.
pub(super) fn milliseconds(ms: f64) -> String {
    duration_us((ms * 1_000.0).round() as u64)
}

/// The median and the longest time of a recovery. Lower bounds are marked.
pub(super) fn recovery_times(row: &RecoveryRow) -> [String; 2] {
    [
        (row.p50_at_least, row.p50_ms),
        (row.max_at_least, row.max_ms),
    ]
    .map(|(at_least, ms)| {
        let mark = if at_least { "≥ " } else { "" };
        format!("{mark}{}", milliseconds(ms))
    })
}

/// The harness's delays below this, in microseconds, are not worth telling.
const DELAY_TOLD_FROM_US: u64 = 100;

/// By how much the harness itself sent requests too late. Nothing if it hardly was.
pub(super) fn late(late: &Percentiles) -> Option<String> {
    let [p50, p99, max] = [late.p50_us, late.p99_us, late.max_us].map(duration_us);
    (late.max_us >= DELAY_TOLD_FROM_US)
        .then(|| format!("comeback's own delay, included above: p50 {p50}, p99 {p99}, max {max}"))
}

/// A campaign in one sentence.
pub(super) fn sentence(summary: &Summary) -> String {
    let Summary {
        stack,
        seed,
        plans_executed: plans,
        inconclusive,
        failures,
        known,
        ..
    } = summary;
    let took = took(summary.elapsed_ms);
    let plans = format!("{} of seed {seed} in {took}", count(*plans, "plan"));
    let found = match (failures.len(), known.len()) {
        (0, n) if n > 0 => format!("nothing new, but {}", count(n, "known failure")),
        // Then it is violated because a saved plan fails in another way.
        (0, _) => "nothing new, but a saved plan that fails in another way than before,".to_owned(),
        (1, _) => "1 failure".to_owned(),
        (n, _) => format!("{n} different failures"),
    };
    let put_up_with = match known.len() {
        0 => "",
        _ => ", known failures aside,",
    };
    let inconclusive = match inconclusive {
        0 => String::new(),
        n => format!(", {n} inconclusive"),
    };
    let interrupted = if summary.interrupted {
        " (interrupted)"
    } else {
        ""
    };
    match summary.verdict {
        Verdict::Violated => {
            format!("{stack} shows {found} in {plans}{inconclusive}{interrupted}.")
        }
        Verdict::Holds => {
            format!(
                "{stack} came back every time{put_up_with} in {plans}{inconclusive}{interrupted}."
            )
        }
        Verdict::Inconclusive => format!("{stack}, {plans}{inconclusive}{interrupted}."),
    }
}

/// A warning that first requests failed after idle restarts, and how to make that a violation.
pub(super) fn warning(calls: &FirstCalls) -> Option<String> {
    let FirstCalls { restarts, failed } = calls;
    (*failed > 0).then(|| {
        format!(
            "in {failed} of {restarts} idle restarts the first request after ready failed, and later ones succeeded: stale pooled \
             connections? `[limits] grace = \"0s\"` makes this a violation"
        )
    })
}

/// A note that a busy machine may have caused some failures.
pub(super) fn doubted(summary: &Summary) -> Option<String> {
    Some(match summary.doubted.len() {
        0 => return None,
        1 => "1 failure is doubted, since this machine was busy. To try it again:".to_owned(),
        n => format!("{n} failures are doubted, since this machine was busy. To try them again:"),
    })
}

/// The command that tries a doubted failure again.
pub(super) fn retry(trace: &str) -> String {
    format!("comeback replay {trace} --times 5")
}

/// A note that old traces were removed, if they were.
pub(super) fn removed(summary: &Summary) -> Option<String> {
    (summary.traces_removed > 0).then(|| {
        format!(
            "the oldest traces of {} that held were removed, because the run's traces exceeded [trace] max-run-bytes",
            count(summary.traces_removed, "trial")
        )
    })
}

/// How many steps the saved plan of a failure has, and how it was shrunk.
pub(super) fn size(failure: &Failure) -> String {
    let steps = count(failure.steps, "step");
    let (runs, guard_runs) = (failure.shrink_runs, failure.guard_runs);
    if runs + guard_runs == 0 {
        return steps;
    }
    let (before, effort) = (failure.steps_before_shrink, executions(runs, guard_runs));
    format!("{steps}, shrunk from {before} in {effort}")
}

/// The effort of shrinking, as the end of a sentence that begins with "shrunk".
pub(super) fn effort(history: &ShrinkHistory) -> String {
    format!(
        "from {} to {} in {}",
        history.from_steps,
        count(history.to_steps, "step"),
        executions(history.runs, history.guard_runs)
    )
}

/// [`effort`] as whole sentences, with the next command.
pub(super) fn shrunk(history: &ShrinkHistory) -> String {
    let end = match history.finished {
        true => "",
        false => " It ended early: `comeback shrink` goes on from here.",
    };
    format!("{}.{end}", effort(history))
}

fn executions(runs: u64, guard_runs: u64) -> String {
    let runs = count(runs, "execution");
    format!("{runs}, and {guard_runs} more to see how often it fails")
}

/// How often a plan failed, with the rate's interval.
pub(super) fn shown(reproduced: Reproduced) -> String {
    if !reproduced.is_measured() {
        return "not measured".to_owned();
    }
    format!(
        "{} of {} ({})",
        reproduced.failed,
        count(reproduced.runs, "execution"),
        rate(reproduced.interval())
    )
}

/// The confidence interval of a failure's rate.
pub(super) fn rate((low, high): (f64, f64)) -> String {
    format!("rate {low:.2}–{high:.2}")
}

/// A list of events.
pub(super) fn events(evidence: &[u64]) -> String {
    let events: Vec<String> = evidence.iter().map(|seq| format!("#{seq}")).collect();
    let plural = if events.len() == 1 { "" } else { "s" };
    format!("event{plural} {}", events.join(", "))
}

/// Why a failure is known, and how often it occurred.
pub(super) fn known(known: &Known) -> String {
    let trace = known.trace.as_ref().zip(known.reproduced);
    let trace = trace.map(|(trace, Reproduced { failed, runs })| match failed {
        0 => format!("{trace} is not known to be fixed ({runs} replays passed)"),
        _ => format!("{trace} still fails ({failed} of {runs})"),
    });
    let listed = known
        .listed
        .then(|| "accepted by the list of known failures".to_owned());
    let seen = (known.seen > 0).then(|| format!("seen in {}", count(known.seen, "trial")));
    let parts: Vec<String> = [trace, listed, seen].into_iter().flatten().collect();
    parts.join(", ")
}

/// The result of replaying one trace, in one line.
pub fn fate_line(trace: &Regressed) -> String {
    match trace.fate {
        // The error names the file itself.
        Fate::Unreadable => format!("{}: {}", trace.fate, trace.because),
        fate => format!("{fate}: {}: {}", trace.trace, trace.because),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_harness_says_how_late_it_was_itself_and_nothing_if_it_was_not() {
        let times = |p50_us, p99_us, max_us| Percentiles {
            count: 9,
            p50_us,
            p90_us: p99_us,
            p99_us,
            max_us,
        };
        assert_eq!(
            late(&times(70, 400, 2_500)).unwrap(),
            "comeback's own delay, included above: p50 70 µs, p99 400 µs, max 2.5 ms"
        );
        assert_eq!(late(&times(0, 1, 19)), None);
    }

    #[test]
    fn a_rate_is_told_with_its_interval() {
        let shown = |failed, runs| super::shown(Reproduced { failed, runs });
        assert_eq!(shown(4, 5), "4 of 5 executions (rate 0.38–0.96)");
        assert_eq!(shown(0, 0), "not measured");
    }
}
