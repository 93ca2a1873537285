//! The HTML report: one file that needs no network.
//!
//! maud escapes every text on the page. Only the timeline's data is embedded in another way, as
//! JSON that cannot contain markup.

mod campaign;
mod drawing;
mod frame;
mod plot;
mod shrinking;
mod trial;

use std::io::{self, Write};

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Report, Unreadable};
use crate::model::Verdict;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("timeline.js");

/// Nothing may be loaded from anywhere.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/// Writes the page.
///
/// # Errors
/// When it cannot be written.
pub fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    out.write_all(page(report).into_string().as_bytes())
}

fn page(report: &Report) -> Markup {
    let headline = report.sentence();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "comeback: " (report.verdict()) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (badge(report.verdict())) " " span { (headline) } }
                }
                main {
                    @if let [trial] = &report.trials[..] { (shrinking::explanation(&trial.counterexample(), &trial.trace.plan)) }
                    @if let Some(campaign) = &report.campaign { (campaign::head(campaign)) }
                    @if !report.unreadable.is_empty() { (unreadable(&report.unreadable)) }
                    @if let Some(comparison) = &report.comparison { (campaign::comparison(comparison)) }
                    @for (nth, trial) in report.trials.iter().enumerate() { (trial::article(nth, trial, report)) }
                    @if let Some(campaign) = &report.campaign { (campaign::body(campaign)) }
                }
                footer { "Written by comeback " (env!("CARGO_PKG_VERSION")) ". Times count from the trial's start, on the harness's clock." }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// The traces that cannot be read, each with the reason and a remedy.
fn unreadable(traces: &[Unreadable]) -> Markup {
    html! {
        section.unreadable {
            h2 { "Traces that cannot be read" }
            ul { @for trace in traces { li { (trace) } } }
        }
    }
}

/// A verdict with its own mark, so that it can be recognized without colours.
fn badge(verdict: Verdict) -> Markup {
    let mark = match verdict {
        Verdict::Holds => "✓",
        Verdict::Violated => "✕",
        Verdict::Inconclusive => "?",
    };
    html! { span class={ "badge " (verdict) } { (mark) " " (verdict) } }
}
