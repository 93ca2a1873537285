//! The HTML report: one file that needs no network.
//!
//! maud escapes every text on the page. Only the timeline's data is embedded in another way, as
//! JSON that cannot contain markup.

mod campaign;
mod drawing;
mod environment;
mod frame;
mod latency;
mod legend;
mod links;
mod masthead;
mod multiples;
mod plot;
mod sequence;
mod shrinking;
mod trial;

use std::io::{self, Write};
use std::path::Path;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use self::masthead::masthead;
use super::{Report, Unreadable};
use crate::model::Verdict;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = concat!(
    include_str!("panels.js"),
    include_str!("picture.js"),
    include_str!("timeline.js"),
    include_str!("marks.js")
);

/// Nothing may be loaded from anywhere.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/// Writes the page. `path` is where, so that its links to traces lead there.
///
/// # Errors
/// When it cannot be written.
pub fn write(report: &Report, path: &Path, out: &mut impl Write) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    out.write_all(page(report, folder).into_string().as_bytes())
}

fn page(report: &Report, folder: &Path) -> Markup {
    // A campaign with one failure begins with it, others with an overview.
    let is_about_one = report.verdict() == Verdict::Violated && report.trials.len() == 1;
    let trials = html! {
        @for (nth, trial) in report.trials.iter().enumerate() { (trial::article(nth, trial, report, folder)) }
    };
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
                (masthead(report))
                main {
                    @if !report.unreadable.is_empty() { (unreadable(&report.unreadable)) }
                    @if let Some(comparison) = &report.comparison { (campaign::comparison(comparison)) }
                    @match &report.campaign {
                        None => (trials),
                        Some(campaign) if is_about_one => {
                            (trials) (campaign::head(campaign, folder)) (campaign::body(campaign, folder))
                        }
                        Some(campaign) if report.verdict() == Verdict::Violated => {
                            (campaign::head(campaign, folder)) (trials) (campaign::body(campaign, folder))
                        }
                        // The trial shown is only an example.
                        Some(campaign) => {
                            (campaign::head(campaign, folder)) (campaign::body(campaign, folder)) (trials)
                        }
                    }
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

/// The badge of an invariant that had nothing to judge. It is no success, so it has no tick.
fn not_judged() -> Markup {
    html! { span.badge.unjudged { "– not judged" } }
}
