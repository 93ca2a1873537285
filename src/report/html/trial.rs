//! A trial on the page: what failed, the timeline, the story, the findings, latencies and the
//! environment.

use maud::{Markup, PreEscaped, html};
use serde_json::Value;

use super::badge;
use super::drawing::Drawing;
use super::plot::plot;
use super::shrinking;
use crate::latency::Latencies;
use crate::model::{Finding, Judgement, Verdict, duration_us};
use crate::report::trial::{TimelineEvent, TrialReport};
use crate::report::{Report, Tone, wording};

/// A longer story is folded at first.
const SHORT_STORY: usize = 80;

/// All about a trial. `nth` is its number on the page.
pub fn article(nth: usize, trial: &TrialReport, report: &Report) -> Markup {
    let headline = trial.headline();
    let drawing = Drawing::of(trial);
    let counterexample = trial.counterexample();
    let judgement = trial.trace.judgement.as_ref();
    let signature = judgement.and_then(|judgement| judgement.signature.as_ref());
    let campaign = report.campaign.iter();
    let mut failures = campaign.flat_map(|campaign| &campaign.summary.failures);
    let failure =
        failures.find(|f| signature.is_some_and(|name| name.is_same_failure(&f.signature)));
    html! {
        article id={ "t" (nth) } {
            h2 {
                @if report.campaign.is_some() || report.trials.len() > 1 { (badge(headline.verdict)) " " }
                "Trial " (trial.trace.plan.index) " of seed " (trial.trace.plan.seed)
            }
            // For a single trial, it is at the top of the page.
            @if report.trials.len() > 1 { (shrinking::explanation(&counterexample, &trial.trace.plan)) }
            section.headline aria-label="What failed, when and why" {
                dl {
                    @let failed = headline.verdict == Verdict::Violated;
                    dt { @if failed { "What failed" } @else { "What happened" } }
                    dd { (headline.what) }
                    @if !headline.when.is_empty() {
                        dt { "When" }
                        dd { (headline.when) " " (evidence(nth, &headline.evidence)) }
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
                    dt { "See it again" }
                    dd { code { "comeback replay " (trial.file) } }
                }
            }
            (timeline(nth, trial, &drawing))
            (shrinking::section(&counterexample))
            (story(nth, trial))
            @if let Some(judgement) = &trial.trace.judgement { (findings(nth, judgement)) }
            (latencies(&trial.latencies, "Latency of this trial"))
            section { h3 { "The plan" } pre { (trial.trace.plan) } }
            (environment(trial))
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
            ul.legend {
                li { i.swatch.ok {} "ok" }
                li { i.swatch.failed {} "failed: the API said so" }
                li { i.swatch.unknown {} "unknown: no answer" }
                li { i.swatch.open {} "not ended" }
                li { i.swatch.fault {} "a fault, until backend-ready" }
                li { i.swatch.recovery {} "backend-ready" }
                li { i.swatch.proof {} "proves the violation" }
            }
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
                    " Wheel or + and − zoom, dragging or Shift with ← and → moves; ← and → go from request to request, ↑ and ↓ to those that "
                    "did not succeed. The strip below shows the whole trial: how many requests were sent at what time, and how they ended."
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
    html! {
        section.story {
            details open[events.len() <= SHORT_STORY] {
                summary { h3 { "What happened" } " " (events.len()) " lines" }
                table {
                    thead { tr { th.number { "event" } th.number { "at" } th { "about" } th { "what" } } }
                    tbody { @for event in &events { (line(nth, event)) } }
                }
                @if left_out > 0 { p.hint { (left_out) " more lines are in the trace." } }
            }
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
            td.number { (duration_us(event.at_us)) }
            td { (event.line.about) }
            td { @if event.is_proof { span.mark title="proves a finding" { "★ " } } (event.line.text) }
        }
    }
}

fn findings(nth: usize, judgement: &Judgement) -> Markup {
    let mut findings: Vec<&Finding> = judgement.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.verdict));
    html! {
        section.findings {
            h3 { "Invariants" }
            @if let Some(reason) = &judgement.inconclusive { p { "Inconclusive as a whole: " (reason) } }
            table {
                thead { tr { th { "verdict" } th { "invariant" } th { "what was found" } th { "proof" } } }
                tbody {
                    @for finding in findings {
                        tr {
                            td { (badge(finding.verdict)) }
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

/// Plots and a table of latencies.
pub fn latencies(latencies: &Latencies, title: &str) -> Markup {
    let of = |asked: &str| {
        let all = latencies.histograms();
        let of_outcome = all.filter(|(_, outcome, _)| *outcome == asked);
        Vec::from_iter(of_outcome.map(|(stage, _, histogram)| (stage, histogram)))
    };
    let outcomes = ["ok", "failed", "unknown"].map(|outcome| (outcome, of(outcome)));
    html! {
        @if latencies.histograms().next().is_some() {
            section.latency {
                h3 { (title) }
                div.plots {
                    @for (outcome, lines) in outcomes.iter().filter(|(_, lines)| !lines.is_empty()) {
                        figure {
                            (plot(outcome, lines))
                            figcaption { (outcome) ", from the intended send to the end" }
                        }
                    }
                }
                (table(latencies))
            }
        }
    }
}

fn table(latencies: &Latencies) -> Markup {
    html! {
        table {
            thead { tr {
                th { "stage" } th { "outcome" } th.number { "requests" }
                @for name in ["p50", "p90", "p99", "p99.9", "max"] { th.number { (name) } }
            } }
            tbody {
                @for (stage, outcome, histogram) in latencies.histograms() {
                    tr {
                        td { (stage) }
                        td { i class={ "swatch " (outcome) } {} (outcome) }
                        td.number { (histogram.len()) }
                        @for quantile in [0.5, 0.9, 0.99, 0.999, 1.0] {
                            td.number { (duration_us(histogram.value_at_quantile(quantile))) }
                        }
                    }
                }
            }
        }
    }
}

fn environment(trial: &TrialReport) -> Markup {
    let header = &trial.trace.header;
    let stack = &header.stack;
    let kinds = stack.kinds.iter().map(|kind| match kind.job {
        true => format!("{} (a job)", kind.name),
        false => format!("{} (answered at once)", kind.name),
    });
    let kinds: Vec<String> = kinds.collect();
    let limits = serde_json::to_value(&header.limits).unwrap_or_default();
    html! {
        section.environment {
            details {
                summary { h3 { "Environment" } }
                table { tbody {
                    (pair("comeback", &header.comeback))
                    (pair("generator", &header.generator.to_string()))
                    (pair("trial began", &header.started_at))
                    (pair("stack", &stack.name))
                    @if let Some(variant) = &stack.variant { (pair("variant", variant)) }
                    @if stack.simulated { (pair("simulated", "in memory, on its own clock")) }
                    (pair("backends", &stack.backends.join(", ")))
                    (pair("request kinds", &kinds.join(", ")))
                    (pair("connections", &stack.connections))
                    (pair("the API is observed", if stack.api_observed { "yes" } else { "no" }))
                    (pair("trials since the last reset", &header.trials_since_reset.to_string()))
                    (pair("seed, plan", &format!("{}, {}", trial.trace.plan.seed, trial.trace.plan.index)))
                    (pair("events", &trial.events.to_string()))
                    @for (name, value) in flat(&limits) { (pair(&name, &value)) }
                } }
            }
        }
    }
}

fn pair(name: &str, value: &str) -> Markup {
    html! { tr { th scope="row" { (name) } td { (value) } } }
}

/// The limits by name, without the groups that contain them.
fn flat(limits: &Value) -> Vec<(String, String)> {
    let limits = limits.as_object().into_iter().flatten();
    let limits = limits.flat_map(|(name, limit)| {
        let text = match limit {
            Value::Object(_) => return flat(limit),
            Value::Null => "none set".to_owned(),
            other => other.to_string(),
        };
        vec![(format!("limit {}", name.replace('_', "-")), text)]
    });
    limits.collect()
}

/// Links to events that prove something.
pub fn evidence(nth: usize, evidence: &[u64]) -> Markup {
    html! { span.evidence { @for seq in evidence { (event_link(nth, *seq)) " " } } }
}

fn event_link(nth: usize, seq: u64) -> Markup {
    html! { a href={ "#t" (nth) "-e" (seq) } data-trial=(nth) data-seq=(seq) { "#" (seq) } }
}
