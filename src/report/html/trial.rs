//! A trial on the page: what failed, the timeline, the story, the findings, latencies and the
//! environment.

use std::path::{Path, PathBuf};

use maud::{Markup, PreEscaped, html};

use super::drawing::Drawing;
use super::environment::environment;
use super::latency::latencies;
use super::legend::legend;
use super::links::{self, command, event_link, evidence};
use super::masthead::ticked;
use super::sequence::sequence;
use super::{badge, not_judged, shrinking};
use crate::model::{Finding, Judgement, Verdict, count, moment};
use crate::report::trial::{ControlNote, TimelineEvent, TrialReport};
use crate::report::{Report, Tone, wording};
use crate::trace::outages_ms;

/// A longer story is folded at first.
const SHORT_STORY: usize = 80;

/// All about a trial. `nth` is its number on the page.
pub fn article(nth: usize, trial: &TrialReport, report: &Report, folder: &Path) -> Markup {
    let headline = trial.headline();
    let drawing = Drawing::of(trial);
    let counterexample = trial.counterexample();
    let plan = &trial.trace.plan;
    let is_violated = headline.verdict == Verdict::Violated;
    html! {
        article id={ "t" (nth) } {
            h2 {
                // The page's headline has the badge of its only trial.
                @if report.trials.len() > 1 || headline.verdict != report.verdict() { (badge(headline.verdict)) " " }
                (title(trial, report))
            }
            div.lead {
                div {
                    @if report.trials.len() > 1 && is_violated { p.sentence { (ticked(&trial.sentence())) } }
                    (facts(nth, trial, report, folder))
                }
                @if is_violated { (sequence(plan, &outages_ms(&trial.trace), counterexample.explanation.as_ref())) }
            }
            (shrinking::explanation(&counterexample, plan))
            (timeline(nth, trial, &drawing))
            (shrinking::section(&counterexample))
            @if let Some(judgement) = &trial.trace.judgement { (findings(nth, judgement)) }
            (story(nth, trial))
            (latencies(&trial.latencies, "Latency of this trial"))
            section.plan { h3 { "The plan" } pre { (plan) } }
            (environment(trial))
        }
    }
}

/// Which trial it is: "Trial 3 of 20 (seed 1, plan 2)", or of a trace alone "Plan 2 of seed 1".
/// Plans count from 0, as in file names.
fn title(trial: &TrialReport, report: &Report) -> String {
    let plan = &trial.trace.plan;
    let campaign = report.campaign.as_ref();
    let of = campaign.map(|campaign| campaign.summary.plans_executed);
    let shrunk = match trial.counterexample().shrink {
        Some(_) => ", shrunk",
        None => "",
    };
    let (seed, index) = (plan.seed, plan.index);
    match of.filter(|of| index < *of) {
        Some(of) => format!(
            "Trial {} of {of} (seed {seed}, plan {index}{shrunk})",
            index + 1
        ),
        None => format!("Plan {index} of seed {seed}{shrunk}"),
    }
}

/// What failed, when, and how to see it again.
fn facts(nth: usize, trial: &TrialReport, report: &Report, folder: &Path) -> Markup {
    let headline = trial.headline();
    let counterexample = trial.counterexample();
    let judgement = trial.trace.judgement.as_ref();
    let signature = judgement.and_then(|judgement| judgement.signature.as_ref());
    let campaign = report.campaign.iter();
    let mut failures = campaign.flat_map(|campaign| &campaign.summary.failures);
    let failure =
        failures.find(|f| signature.is_some_and(|name| name.is_same_failure(&f.signature)));
    let is_violated = headline.verdict == Verdict::Violated;
    html! {
        section.headline aria-label="What failed, when and why" {
            dl {
                dt { @if is_violated { "What failed" } @else { "What happened" } }
                dd { (headline.what) }
                @if !headline.when.is_empty() {
                    dt { "When" }
                    dd { (headline.when) " " (evidence(nth, &headline.evidence)) }
                }
                @if let Some(control) = trial.control() {
                    dt { "Without faults" }
                    dd { (control.words) (control_trace(&control, trial, report, folder)) }
                }
                @for (title, text) in trial.notes() {
                    dt { (title) }
                    dd.note { (text) }
                }
                @if let Some(signature) = signature {
                    dt { "Signature" }
                    dd { code { (signature) } }
                }
                @if let (Some(failure), None) = (failure, &counterexample.shrink) {
                    dt { "Shrinking" }
                    dd { "The plan has " (wording::size(failure)) ". " (shrinking::shown(Some(failure.reproduced))) }
                }
                dt { "Replay it live" }
                dd { (command(&format!("comeback replay {}", trial.file))) }
                @if is_violated {
                    dt { "Judge its trace again" }
                    dd { (command(&format!("comeback check {}", trial.file))) }
                }
                dt { "Trace" }
                dd { (links::file(folder, Path::new(&trial.file), &trial.file)) }
            }
        }
    }
}

/// A link to the control's trace, which is in the run's folder.
fn control_trace(
    control: &ControlNote,
    trial: &TrialReport,
    report: &Report,
    folder: &Path,
) -> Markup {
    let run = report.campaign.as_ref();
    let run = run.map(|campaign| PathBuf::from(&campaign.summary.run));
    let beside = Path::new(&trial.file).parent().map(Path::to_owned);
    html! {
        @if let (Some(name), Some(run)) = (&control.trace, run.or(beside)) {
            " " (links::file(folder, &run.join(name), name))
        }
    }
}

fn timeline(nth: usize, trial: &TrialReport, drawing: &Drawing<'_>) -> Markup {
    let sent = trial.requests.rows().len();
    let label = format!(
        "Timeline of {sent} requests and {} faults. Arrow keys go from request to request.",
        trial.trace.plan.faults().count()
    );
    html! {
        section.timeline data-trial=(nth) {
            h3 { "Timeline" }
            (legend(trial))
            div.stage-box {
                canvas.chart tabindex="0" role="application" aria-label=(label) {}
                canvas.overview aria-hidden="true" {}
                div.tip hidden {}
            }
            p.controls {
                button type="button" data-do="in" { "zoom in" } " "
                button type="button" data-do="out" { "zoom out" } " "
                button type="button" data-do="all" { "whole trial" } " "
                button type="button" data-do="proof" { "next proof" }
                span.hint {
                    " + and − or Ctrl with the wheel zoom, dragging or Shift with ← and → moves; ← and → go from request to request, ↑ and ↓ to those that "
                    "did not succeed. The strip above shows the whole trial: how many requests were sent at what time, and how they ended."
                }
            }
            p.details role="status" aria-live="polite" { "Point at a request, or use the arrow keys, to see its details." }
            @if drawing.drawn() < sent {
                p.hint {
                    "Of " (sent) " requests, " (drawing.drawn())
                    " are drawn: failed ones first, and an even selection of the others. Tables and plots count all of them."
                }
            }
            noscript { p { "The timeline needs JavaScript; everything else on this page does not." } }
            script type="application/json" { (PreEscaped(drawing.json())) }
        }
    }
}

fn story(nth: usize, trial: &TrialReport) -> Markup {
    let (events, left_out) = trial.timeline();
    let (busy, events): (Vec<_>, Vec<_>) = events.into_iter().partition(|e| e.is_busy_machine);
    html! {
        section.story {
            details open[events.len() <= SHORT_STORY] {
                summary { h3 { "What happened" } " " (events.len()) " lines" }
                (lines(nth, &events))
                @if events.iter().any(|event| event.is_proof) { p.hint { "★ proves a finding." } }
                @if left_out > 0 { p.hint { (left_out) " more lines are in the trace." } }
                @if !busy.is_empty() {
                    details.busy {
                        summary { "the machine was busy: " (count(busy.len(), "note")) }
                        (lines(nth, &busy))
                    }
                }
            }
        }
    }
}

fn lines(nth: usize, events: &[TimelineEvent]) -> Markup {
    html! {
        table {
            thead { tr { th.number { "event" } th.number { "at" } th { "about" } th { "what" } } }
            tbody { @for event in events { (line(nth, event)) } }
        }
    }
}

fn line(nth: usize, event: &TimelineEvent) -> Markup {
    let tone = match event.line.tone {
        Tone::Plain => "plain",
        Tone::Bad => "bad",
        Tone::Good => "good",
    };
    let log = if event.is_log { " log" } else { "" };
    let proof = if event.is_proof { " proof" } else { "" };
    html! {
        tr id={ "t" (nth) "-e" (event.seq) } class={ (tone) (log) (proof) } {
            td.number { (event_link(nth, event.seq)) }
            td.number { (moment(event.at_us)) }
            td { (event.line.about) }
            td { @if event.is_proof { span.star { "★ " } } (event.line.text) }
        }
    }
}

fn findings(nth: usize, judgement: &Judgement) -> Markup {
    let mut findings: Vec<&Finding> = judgement.findings.iter().collect();
    findings.sort_by_key(|f| (std::cmp::Reverse(f.verdict), f.not_judged));
    html! {
        section.findings {
            h3 { "Invariants" }
            @if let Some(reason) = &judgement.inconclusive { p { "Inconclusive as a whole: " (reason) } }
            table {
                thead { tr { th { "verdict" } th { "invariant" } th { "what was found" } th { "proof" } } }
                tbody {
                    @for finding in findings {
                        tr.unjudged[finding.not_judged] {
                            td { @if finding.not_judged { (not_judged()) } @else { (badge(finding.verdict)) } }
                            td { code { (finding.invariant) } }
                            td { (finding.message) }
                            td { (evidence(nth, &finding.evidence)) }
                        }
                    }
                }
            }
            (recovery(judgement))
        }
    }
}

/// The times that the invariant `recovers` measured.
fn recovery(judgement: &Judgement) -> Markup {
    let recovers = judgement
        .findings
        .iter()
        .filter(|f| f.invariant == "recovers");
    let figures: Vec<_> = recovers.flat_map(|finding| &finding.figures).collect();
    html! {
        @if !figures.is_empty() {
            h3 { "Recovery, from backend-ready" }
            table {
                thead { tr { th { "request kind" } th { "what" } th.number { "time" } } }
                tbody {
                    @for figure in figures {
                        tr {
                            td { (figure.kind.as_deref().unwrap_or("all")) }
                            td { (figure.name.trim_end_matches("-ms").replace('-', " ")) }
                            td.number {
                                @if figure.at_least { "never, in " }
                                (wording::milliseconds(figure.value))
                            }
                        }
                    }
                }
            }
        }
    }
}
