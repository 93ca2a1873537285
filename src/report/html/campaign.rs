//! A campaign on the page.

use std::path::Path;

use maud::{Markup, html};

use super::latency::latencies;
use super::masthead::ticked;
use super::{badge, links, multiples};
use crate::model::{Failure, Known, RecoveryRow, Regressed, Rehearsal, Verdict};
use crate::report::{CampaignReport, Change, Comparison, tested, wording};

/// How many trials are listed at most.
const MOST_LISTED: usize = 500;

/// The results, at the top of the page.
pub fn head(campaign: &CampaignReport, folder: &Path) -> Markup {
    let summary = &campaign.summary;
    html! {
        section.facts aria-label="The campaign in numbers" {
            dl.numbers {
                (number("plans", &summary.plans_executed.to_string()))
                (number("different failures", &summary.failures.len().to_string()))
                (number("inconclusive", &summary.inconclusive.to_string()))
                (number("seed", &summary.seed.to_string()))
                (number("took", &wording::took(summary.elapsed_ms)))
            }
            @if summary.interrupted { p { "It was interrupted." } }
            @for reason in &summary.inconclusive_reasons { p { "Inconclusive: " (reason) } }
            @if let Some(untested) = &summary.untested { p { "Inconclusive: nothing was tested: " (untested) } }
            @let tested = tested::tested(summary);
            @if !tested.is_empty() { section.tested { h2 { "Tested" } ul { @for line in &tested { li { (line) } } } } }
            @if let Some(warning) = wording::warning(&summary.first_calls) { p { "Warning: " (ticked(&warning)) } }
            @if let Some(doubted) = wording::doubted(summary) {
                p { (doubted) }
                @for trace in &summary.doubted { p { (links::command(&wording::retry(trace))) } }
            }
            @if let Some(removed) = wording::removed(summary) { p { (removed) } }
        }
        @if summary.failures.len() > 1 || summary.failures.iter().any(|failure| failure.seen > 1) { (failures(&summary.failures, folder)) }
        @if !summary.known.is_empty() { (known(&summary.known)) }
        @if !summary.reused.is_empty() { (reused(&summary.reused)) }
        @for rehearsal in &summary.scenario { (self::rehearsal(rehearsal)) }
    }
}

fn number(name: &str, value: &str) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

fn failures(failures: &[Failure], folder: &Path) -> Markup {
    html! {
        section.failures {
            h2 { "Failures" }
            table {
                thead { tr { th { "invariant" } th { "what happened" } th { "signature" } th.number { "trials" } th.number { "steps" } th.number { "shown" } th { "trace" } } }
                tbody {
                    @for failure in failures {
                        tr {
                            td { (badge(Verdict::Violated)) " " code { (failure.invariant) } }
                            td { (failure.message) }
                            td { code { (failure.signature) } }
                            td.number { (failure.seen) }
                            td.number { (steps(failure)) }
                            td.number { @if failure.reproduced.runs > 0 { (failure.reproduced.failed) " of " (failure.reproduced.runs) } @else { "not measured" } }
                            td { (links::file(folder, Path::new(&failure.trace), &failure.trace)) }
                        }
                    }
                }
            }
        }
    }
}

fn known(known: &[Known]) -> Markup {
    html! {
        section.known {
            h2 { "Known failures, seen again" }
            ul { @for known in known { li {
                (badge(match known.listed { true => Verdict::Holds, false => Verdict::Violated })) " "
                code { (known.signature) } ": " (wording::known(known))
            } } }
        }
    }
}

fn reused(reused: &[Regressed]) -> Markup {
    html! {
        section.reused {
            h2 { (wording::REUSED) }
            ul { @for trace in reused { li { (wording::fate_line(trace)) } } }
        }
    }
}

/// How many steps the plan has, and how many it had before shrinking.
fn steps(failure: &Failure) -> String {
    match failure.shrink_runs {
        0 => failure.steps.to_string(),
        runs => format!(
            "{} of {}, after {runs} runs",
            failure.steps, failure.steps_before_shrink
        ),
    }
}

fn rehearsal(rehearsal: &Rehearsal) -> Markup {
    html! {
        section.rehearsal {
            h2 { (badge(rehearsal.verdict)) " Scenario" }
            pre { (rehearsal.plan) }
            table { tbody {
                @for expected in &rehearsal.expectations {
                    tr {
                        td { @match expected.met { Some(true) => "✓ yes", Some(false) => "✕ no", None => "? unknown" } }
                        td { (expected.what) }
                        td { (expected.because) }
                    }
                }
            } }
        }
    }
}

/// The comparison with another run.
pub fn comparison(comparison: &Comparison) -> Markup {
    html! {
        section.comparison {
            h2 { "Compared" }
            p { (comparison.sentence()) }
            ul {
                @for signature in &comparison.new { li { "new: " code { (signature) } } }
                @for signature in &comparison.gone { li { "gone: " code { (signature) } } }
            }
            table {
                thead { tr { th { "compared" } th { "change" } th.number { "before" } th.number { "now" } th { "difference" } } }
                tbody { @for line in &comparison.lines {
                    tr {
                        td { (line.what) }
                        td { @if line.change == Change::Worse { strong { "▲ worse" } } @else { (line.change.words()) } }
                        td.number { (line.before) } td.number { (line.after) }
                        td { (line.because) }
                    }
                } }
            }
        }
    }
}

/// Tables and plots over all trials.
pub fn body(campaign: &CampaignReport, folder: &Path) -> Markup {
    html! {
        article {
            h2 { "All trials" }
            (trials(campaign, folder))
            @if !campaign.summary.recovery.is_empty() { (recovery(&campaign.summary.recovery)) }
            (latencies(&campaign.latency, "Latency over all trials"))
        }
    }
}

fn recovery(rows: &[RecoveryRow]) -> Markup {
    html! {
        section {
            h3 { "From backend-ready to success, over all trials with a fault" }
            table {
                thead { tr { th { "request kind" } th { "success" } th.number { "trials" } th.number { "never" } th.number { "p50" } th.number { "max" } } }
                tbody { @for row in rows {
                    tr {
                        td { (row.kind) } td { (row.success) }
                        td.number { (row.trials) } td.number { (row.never) }
                        @for time in wording::recovery_times(row) { td.number { (time) } }
                    }
                } }
            }
        }
    }
}

fn trials(campaign: &CampaignReport, folder: &Path) -> Markup {
    let rows = multiples::TrialRow::all(campaign, MOST_LISTED);
    let more = (campaign.summary.plans_executed as usize).saturating_sub(rows.len());
    html! {
        section.trials {
            h3 { "Trials" }
            @if !rows.is_empty() {
                p.hint {
                    "Bars share one scale, one bar for each request kind; a hollow one never succeeded while it was observed. "
                    "A plan's number leads to its trace, if it was kept: of simulated trials that hold, none is written."
                }
                (multiples::table(&rows, folder))
            }
            @if more > 0 { p.hint { (more) " more trials are not listed." } }
        }
    }
}
