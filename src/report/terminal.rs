//! The report on the terminal, as plain text.

use std::fmt::Write;
use std::time::Duration;

use super::table::{millis, table};
use super::trial::{effort, rate};
use super::{Comparison, Report, TrialReport, fate_line};
use crate::model::{
    Expectation, Finding, FirstCalls, Judgement, LatencyRow, RecoveryRow, Rehearsal, Summary,
    Verdict,
};
use crate::trace::{Event, Trace, outages_ms};

/// What stands above the fates of saved failures.
pub(super) const REUSED: &str = "What had failed before was replayed first";

/// A campaign: the verdict in one sentence, each failure with its evidence and the commands that go on from it, and latencies.
pub fn summary(summary: &Summary) -> String {
    let verdict = summary.verdict.to_string().to_uppercase();
    let mut text = format!("{verdict}: {}\n", sentence(summary));
    for failure in &summary.failures {
        text.push('\n');
        text.push_str(&super::failure::failure(failure));
    }
    if !summary.reused.is_empty() {
        let _ = writeln!(text, "\n{REUSED}:");
    }
    for told in &summary.reused {
        let _ = writeln!(text, "  {}", fate_line(told));
    }
    if !summary.known.is_empty() {
        text.push_str("\nKnown failures, seen again:\n");
    }
    for known in &summary.known {
        let _ = writeln!(
            text,
            "  {}: {}",
            known.signature,
            super::failure::known(known)
        );
    }
    for reason in &summary.inconclusive_reasons {
        let _ = writeln!(text, "  inconclusive: {reason}");
    }
    if let Some(untested) = &summary.untested {
        let _ = writeln!(text, "  inconclusive: nothing was tested: {untested}");
    }
    text.push_str(&doubted(summary));
    if let Some(removed) = removed(summary) {
        let _ = writeln!(text, "  {removed}");
    }
    for (nth, line) in super::tested::tested(summary).iter().enumerate() {
        let label = if nth == 0 {
            "\n  tested     "
        } else {
            "             "
        };
        let _ = writeln!(text, "{label}{line}");
    }
    if let Some(warning) = warning(&summary.first_calls) {
        let _ = writeln!(text, "\n  warning    {warning}");
    }
    for rehearsal in &summary.scenario {
        text.push_str(&self::rehearsal(rehearsal));
    }
    if !summary.latency.is_empty() {
        let _ = write!(
            text,
            "\nLatency from the intended send, over all trials:\n{}\n",
            latency(&summary.latency)
        );
    }
    if !summary.recovery.is_empty() {
        let _ = write!(
            text,
            "\nFrom backend-ready to success, over all trials with a fault:\n{}\n",
            recovery(&summary.recovery)
        );
    }
    let _ = write!(text, "\nEverything about this run is in {}", summary.run);
    text
}

/// That first requests failed after idle restarts, if any did, and what makes that a violation.
pub fn warning(calls: &FirstCalls) -> Option<String> {
    let FirstCalls { restarts, failed } = calls;
    (*failed > 0).then(|| {
        format!(
            "in {failed} of {restarts} idle restarts the first request after ready failed, and later ones succeeded: stale pooled \
             connections? `[limits] grace = \"0s\"` makes this a violation"
        )
    })
}

/// The failures that the machine may have caused, each with the command that tries it again.
pub fn doubted(summary: &Summary) -> String {
    let retry = |trace: &String| format!("    comeback replay {trace} --times 5\n");
    let commands: String = summary.doubted.iter().map(retry).collect();
    match summary.doubted.len() {
        0 => String::new(),
        1 => format!(
            "  1 failure is doubted, since this machine was busy. To try it again:\n{commands}"
        ),
        n => format!(
            "  {n} failures are doubted, since this machine was busy. To try them again:\n{commands}"
        ),
    }
}

/// That old traces were removed, if they were.
pub fn removed(summary: &Summary) -> Option<String> {
    (summary.traces_removed > 0).then(|| {
        format!(
            "the traces of {} trials that held were removed, the oldest first, for a run's traces may take only so much room ([trace] max-run-bytes)",
            summary.traces_removed
        )
    })
}

/// A report: the campaign, or each trace with its verdict and latencies.
pub fn report(report: &Report) -> String {
    if let Some(campaign) = &report.campaign {
        let text = summary(&campaign.summary);
        return match &report.comparison {
            Some(comparison) => format!("{text}\n\n{}", self::comparison(comparison)),
            None => text,
        };
    }
    let trials = report.trials.iter().map(trial);
    trials.collect::<Vec<_>>().join("\n\n")
}

/// Two runs side by side.
fn comparison(comparison: &Comparison) -> String {
    let mut text = format!("{}\n", comparison.sentence());
    for (signatures, word) in [(&comparison.new, "new"), (&comparison.gone, "gone")] {
        for signature in signatures {
            let _ = writeln!(text, "  {word}: {signature}");
        }
    }
    let rows = comparison.lines.iter().map(|line| {
        let change = line.change.words().to_owned();
        let (what, because) = (line.what.clone(), line.because.clone());
        vec![
            what,
            change,
            line.before.clone(),
            line.after.clone(),
            because,
        ]
    });
    let header = ["compared", "", "before", "now", "difference"];
    text + &table(&header, 2, rows)
}

fn trial(trial: &TrialReport) -> String {
    let headline = trial.headline();
    let verdict = headline.verdict.to_string().to_uppercase();
    let mut text = format!("{verdict}: {}\n{}\n", trial.file, headline.what);
    if !headline.when.is_empty() {
        let _ = writeln!(text, "{}", headline.when);
    }
    let found = trial.counterexample();
    let _ = write!(text, "\n{}\n", trial.trace.plan);
    for measured in trial.trace.plan.other_outages(&outages_ms(&trial.trace)) {
        let _ = writeln!(text, "  measured     {measured}");
    }
    if let Some(words) = found.in_words(&trial.trace.plan) {
        let _ = writeln!(text, "\n{words}");
    }
    if let Some(history) = &found.shrink {
        let _ = writeln!(text, "\nshrunk: {}", effort(history));
    }
    if let Some(shown) = found.rate {
        let _ = writeln!(text, "shown: {}", rate(shown));
    }
    for (title, note) in trial.notes() {
        let _ = writeln!(text, "\n{title}: {note}");
    }
    let rows = trial.latencies.rows();
    if !rows.is_empty() {
        let _ = write!(
            text,
            "\nLatency from the intended send:\n{}",
            latency(&rows)
        );
    }
    text.trim_end().to_owned()
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
    let took = humantime::format_duration(Duration::from_secs(summary.elapsed_ms.div_ceil(1000)));
    let plans = format!(
        "{plans} plan{} of seed {seed} in {took}",
        if *plans == 1 { "" } else { "s" }
    );
    let found = match (failures.len(), known.len()) {
        (0, 1) => "nothing new, but 1 known failure".to_owned(),
        (0, n) if n > 0 => format!("nothing new, but {n} known failures"),
        // Only a saved failure whose plan fails in another way now makes it violated then.
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

/// One plan of a scenario, and what was expected of the API, one by one.
fn rehearsal(rehearsal: &Rehearsal) -> String {
    let mut text = format!("\n{}: {}\n", rehearsal.verdict, rehearsal.plan);
    for Expectation { what, met, because } in &rehearsal.expectations {
        let mark = match met {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "?",
        };
        let _ = writeln!(text, "  {mark:<3}  {what}: {because}");
    }
    text
}

/// A trace that was judged: its plan, and what each invariant says, with the events that prove it.
pub fn judgement(name: &str, trace: &Trace, judgement: &Judgement) -> String {
    let mut text = format!(
        "{}: {name}\n{}\n",
        judgement.verdict.to_string().to_uppercase(),
        trace.plan
    );
    for measured in trace.plan.other_outages(&outages_ms(trace)) {
        let _ = writeln!(text, "  measured     {measured}");
    }
    if let Some(reason) = &judgement.inconclusive {
        let _ = writeln!(text, "  inconclusive: {reason}");
    }
    for finding in &judgement.findings {
        let Finding {
            invariant,
            verdict,
            message,
            evidence,
            ..
        } = finding;
        let _ = writeln!(text, "  {:<12} {invariant}: {message}", verdict.to_string());
        if *verdict == Verdict::Violated {
            let events = evidence.iter().filter_map(|seq| event(trace, *seq));
            events.for_each(|event| text.push_str(&event_line(event)));
        }
    }
    if let Some(warning) = warning(&FirstCalls::of(judgement)) {
        let _ = writeln!(text, "  warning      {warning}");
    }
    if let Some(signature) = &judgement.signature {
        let _ = writeln!(text, "  signature    {signature}");
    }
    text.trim_end().to_owned()
}

/// A table of the times that recovery took. A lower bound is marked as such.
fn recovery(rows: &[RecoveryRow]) -> String {
    let bound = |at_least: bool, ms: f64| {
        let mark = if at_least { "≥ " } else { "" };
        format!("{mark}{ms:.1} ms")
    };
    let rows = rows.iter().map(|row| {
        vec![
            row.kind.clone(),
            row.success.clone(),
            row.trials.to_string(),
            row.never.to_string(),
            bound(row.p50_at_least, row.p50_ms),
            bound(row.max_at_least, row.max_ms),
        ]
    });
    let header = ["request", "success", "trials", "never", "p50", "max"];
    table(&header, 2, rows)
}

/// A table of latencies.
pub fn latency(rows: &[LatencyRow]) -> String {
    let rows = rows.iter().map(|row| {
        vec![
            row.stage.clone(),
            row.outcome.clone(),
            row.count.to_string(),
            millis(row.p50_us),
            millis(row.p90_us),
            millis(row.p99_us),
            millis(row.max_us),
        ]
    });
    let header = ["stage", "outcome", "count", "p50", "p90", "p99", "max"];
    table(&header, 2, rows)
}

fn event(trace: &Trace, seq: u64) -> Option<&Event> {
    trace.events.iter().find(|event| event.seq == seq)
}

/// One event as its JSON line shows it, after its number and time.
fn event_line(event: &Event) -> String {
    let kind = serde_json::to_string(&event.kind).unwrap_or_default();
    format!(
        "      #{:<5} {:>12}  {kind}\n",
        event.seq,
        millis(event.at_us)
    )
}
