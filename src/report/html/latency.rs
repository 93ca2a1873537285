//! Latencies on the page: a percentile plot for each outcome, and a table.

use maud::{Markup, html};

use super::plot::plot;
use crate::latency::{Latencies, percentiles};
use crate::model::duration_us;
use crate::report::wording;

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
                @if let Some(late) = latencies.late().map(percentiles).as_ref().and_then(wording::late) {
                    p { (late) }
                }
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
