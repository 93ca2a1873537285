//! The report on the terminal, as plain text.

use std::fmt::Write;

use super::table::{latencies, table};
use super::{Comparison, EventLine, Report, TrialReport, wording};
use crate::latency::percentiles;
use crate::model::{
    Expectation, Finding, FirstCalls, Judgement, LatencyRow, Plan, RecoveryRow, Rehearsal, Summary,
    Verdict, duration_us,
};
use crate::trace::{Event, Trace, outages_ms};

/// A campaign: measurements, what was tested, each failure with its evidence and the commands that
/// go on from it. The verdict is last, where it stays in sight.
pub fn summary(summary: &Summary) -> String {
    let mut text = measurements(summary);
    for rehearsal in &summary.scenario {
        text.push_str(&self::rehearsal(rehearsal));
    }
    for (nth, line) in super::tested::tested(summary).iter().enumerate() {
        let label = if nth == 0 {
            "\n  tested     "
        } else {
            "             "
        };
        let _ = writeln!(text, "{label}{line}");
    }
    if let Some(warning) = wording::warning(&summary.first_calls) {
        let _ = writeln!(text, "\n  warning    {warning}");
    }
    text.push_str(&undecided(summary));
    if !summary.reused.is_empty() {
        let _ = writeln!(text, "\n{}:", wording::REUSED);
    }
    for trace in &summary.reused {
        let _ = writeln!(text, "  {}", wording::fate_line(trace));
    }
    if !summary.known.is_empty() {
        text.push_str("\nKnown failures, seen again:\n");
    }
    for known in &summary.known {
        let _ = writeln!(text, "  {}: {}", known.signature, wording::known(known));
    }
    for failure in &summary.failures {
        text.push('\n');
        text.push_str(&super::failure::failure(failure));
    }
    let verdict = summary.verdict.to_string().to_uppercase();
    let _ = write!(
        text,
        "\n{verdict}: {}\nEverything about this run is in {}",
        wording::sentence(summary),
        summary.run
    );
    text.trim_start_matches('\n').to_owned()
}

/// How long requests and recoveries took.
fn measurements(summary: &Summary) -> String {
    let mut text = String::new();
    if !summary.latency.is_empty() {
        let _ = writeln!(
            text,
            "\nLatency from the intended send, over all trials:\n{}",
            latency(&summary.latency)
        );
    }
    if let Some(late) = summary.late.as_ref().and_then(wording::late) {
        let _ = writeln!(text, "{late}");
    }
    if !summary.recovery.is_empty() {
        let _ = writeln!(
            text,
            "\nFrom backend-ready to success, over all trials with a fault:\n{}",
            recovery(&summary.recovery)
        );
    }
    text
}

/// What could not be decided, and how to try it again.
fn undecided(summary: &Summary) -> String {
    let reasons = summary.inconclusive_reasons.iter();
    let reasons = reasons.map(|reason| format!("inconclusive: {reason}"));
    let untested = summary.untested.iter();
    let untested = untested.map(|why| format!("inconclusive: nothing was tested: {why}"));
    let retries = summary.doubted.iter();
    let retries = retries.map(|trace| format!("  {}", wording::retry(trace)));
    let lines: Vec<String> = reasons
        .chain(untested)
        .chain(wording::doubted(summary))
        .chain(retries)
        .chain(wording::removed(summary))
        .map(|line| format!("  {line}\n"))
        .collect();
    match lines.is_empty() {
        true => String::new(),
        false => format!("\n{}", lines.concat()),
    }
}

/// A report: the campaign, or each trace with its verdict and latencies.
pub fn report(report: &Report) -> String {
    if let Some(campaign) = &report.campaign {
        let text = summary(&campaign.summary);
        return match &report.comparison {
            Some(comparison) => format!("{}\n\n{text}", self::comparison(comparison)),
            None => text,
        };
    }
    let trials = report.trials.iter().map(trial);
    trials.collect::<Vec<_>>().join("\n\n")
}

/// The comparison with another run.
fn comparison(comparison: &Comparison) -> String {
    let mut text = format!("{}\n", comparison.sentence());
    for (signatures, word) in [(&comparison.new, "new"), (&comparison.gone, "gone")] {
        for signature in signatures {
            let _ = writeln!(text, "  {word}: {signature}");
        }
    }
    let rows = comparison.lines.iter().map(|line| {
        let change = line.change.words();
        let cells = [&line.what, change, &line.before, &line.after, &line.because];
        cells.map(str::to_owned).into()
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
    let (plan, measured) = (&trial.trace.plan, measured(&trial.trace));
    let _ = write!(text, "\n{plan}\n{measured}");
    if let Some(words) = found.in_words(&trial.trace.plan) {
        let _ = writeln!(text, "\n{words}");
    }
    if let Some(history) = &found.shrink {
        let _ = writeln!(text, "\nshrunk {}", wording::shrunk(history));
    }
    if let Some(shown) = found.rate {
        let _ = writeln!(text, "shown: {}", wording::shown(shown));
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
    let late = trial.latencies.late().map(percentiles);
    if let Some(late) = late.as_ref().and_then(wording::late) {
        let _ = write!(text, "\n{late}");
    }
    text.trim_end().to_owned()
}

/// One plan of a scenario and its expectations.
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

/// A judged trace: its plan, and the result of each invariant with the events that prove it.
pub fn judgement(name: &str, trace: &Trace, judgement: &Judgement) -> String {
    let verdict = judgement.verdict.to_string().to_uppercase();
    let mut text = format!("{verdict}: {name}\n{}\n{}", trace.plan, measured(trace));
    if let Some(reason) = &judgement.inconclusive {
        let _ = writeln!(text, "  inconclusive: {reason}");
    }
    for finding in &judgement.findings {
        let Finding {
            invariant,
            verdict,
            message,
            evidence,
            not_judged,
            ..
        } = finding;
        let verdict_words = match not_judged {
            true => "not judged".to_owned(),
            false => verdict.to_string(),
        };
        let _ = writeln!(text, "  {verdict_words:<12} {invariant}: {message}");
        if *verdict == Verdict::Violated {
            let event = |seq: &u64| trace.events.iter().find(|event| event.seq == *seq);
            let events = evidence.iter().filter_map(event);
            events.for_each(|event| text.push_str(&event_line(event, &trace.plan)));
        }
    }
    if let Some(warning) = wording::warning(&FirstCalls::of(judgement)) {
        let _ = writeln!(text, "  warning      {warning}");
    }
    if let Some(signature) = &judgement.signature {
        let _ = writeln!(text, "  signature    {signature}");
    }
    text.trim_end().to_owned()
}

/// A table of recovery times, in which lower bounds are marked.
fn recovery(rows: &[RecoveryRow]) -> String {
    let rows = rows.iter().map(|row| {
        let [p50, max] = wording::recovery_times(row);
        vec![
            row.kind.clone(),
            row.success.clone(),
            row.trials.to_string(),
            row.never.to_string(),
            p50,
            max,
        ]
    });
    let header = ["request", "success", "trials", "never", "p50", "max"];
    table(&header, 2, rows)
}

/// A table of latencies by stage and outcome.
fn latency(rows: &[LatencyRow]) -> String {
    let rows = rows.iter();
    let rows = rows.map(|row| ([row.stage.as_str(), &row.outcome], &row.latency));
    latencies("stage", rows)
}

/// A line for each outage that was longer than planned.
fn measured(trace: &Trace) -> String {
    let outages = trace.plan.other_outages(&outages_ms(trace)).into_iter();
    outages
        .map(|outage| format!("  measured     {outage}\n"))
        .collect()
}

/// An event with its number and time, in words; as JSON if this version does not know it.
fn event_line(event: &Event, plan: &Plan) -> String {
    let words = EventLine::of(&event.kind, Some(plan)).map_or_else(
        || serde_json::to_string(&event.kind).unwrap_or_default(),
        |line| line.to_string(),
    );
    let (seq, at) = (event.seq, duration_us(event.at_us));
    format!("      #{seq:<5} {at:>12}  {words}\n")
}
