//! The percentile plot of latencies, as SVG: the share of requests that took longer against how
//! long they took, both logarithmic.

use std::fmt::Write;

use hdrhistogram::Histogram;
use maud::{Markup, html};

use crate::latency::Stage;
use crate::model::duration_us;

const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 250.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 70.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 34.0;

/// The latencies of one outcome, a line for each stage.
pub fn plot(outcome: &str, lines: &[(Stage, &Histogram<u64>)]) -> Markup {
    let most = lines.iter().map(|(_, h)| h.len()).max().unwrap_or(1).max(2);
    let least_us = lines.iter().map(|(_, h)| h.min()).min().unwrap_or(1).max(1);
    let most_us = lines.iter().map(|(_, h)| h.max()).max().unwrap_or(10);
    let scale = Scale {
        nines: (most as f64).log10().max(1.0),
        low: (least_us as f64).log10().floor(),
        high: (most_us as f64)
            .log10()
            .ceil()
            .max((least_us as f64).log10().floor() + 1.0),
    };
    let label = format!("Latency of requests that ended {outcome}, by percentile");
    html! {
        svg.plot viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(label) {
            (scale.grid())
            @for (stage, histogram) in lines { (scale.line(*stage, histogram)) }
            (scale.names(lines))
        }
    }
}

struct Scale {
    /// The greatest percentile: 1 is 90 %, 2 is 99 %.
    nines: f64,
    /// The least and the greatest power of ten of microseconds.
    low: f64,
    high: f64,
}

impl Scale {
    fn x(&self, quantile: f64) -> f64 {
        let nines = -(1.0 - quantile).max(1e-12).log10();
        LEFT + (WIDTH - LEFT - RIGHT) * (nines / self.nines).clamp(0.0, 1.0)
    }

    fn y(&self, us: u64) -> f64 {
        let share = ((us.max(1) as f64).log10() - self.low) / (self.high - self.low);
        HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share.clamp(0.0, 1.0)
    }

    fn grid(&self) -> Markup {
        let powers =
            (self.low as i32..=self.high as i32).map(|power| 10_u64.pow(power.max(0) as u32));
        let percentiles = [0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999];
        let reached = percentiles
            .into_iter()
            .filter(|q: &f64| -(1.0 - q).log10() <= self.nines + 0.01);
        html! {
            g.grid {
                @for us in powers {
                    @let y = self.y(us);
                    line x1=(LEFT) x2=(WIDTH - RIGHT) y1=(fixed(y)) y2=(fixed(y)) {}
                    text x=(LEFT - 6.0) y=(fixed(y + 4.0)) text-anchor="end" { (power_of_ten(us)) }
                }
                @for quantile in reached {
                    @let x = self.x(quantile);
                    line x1=(fixed(x)) x2=(fixed(x)) y1=(TOP) y2=(HEIGHT - BOTTOM) {}
                    text x=(fixed(x)) y=(HEIGHT - BOTTOM + 15.0) text-anchor="middle" { (percent(quantile)) }
                }
                text.axis x=(fixed((LEFT + WIDTH - RIGHT) / 2.0)) y=(HEIGHT - 3.0) text-anchor="middle" {
                    "percentile"
                }
            }
        }
    }

    fn line(&self, stage: Stage, histogram: &Histogram<u64>) -> Markup {
        let mut path = String::new();
        let mut drawn = String::new();
        let start = [(0.0, histogram.min())];
        let steps = histogram
            .iter_quantiles(8)
            .map(|v| (v.quantile(), v.value_iterated_to()));
        // The last step reaches 100 %, which is nowhere on this scale: it ends where the last
        // request stands.
        let last = 1.0 - 1.0 / histogram.len().max(1) as f64;
        for (quantile, us) in start.into_iter().chain(steps) {
            let us = us.min(histogram.max());
            let point = format!(
                "{} {}",
                fixed(self.x(quantile.min(last))),
                fixed(self.y(us))
            );
            if point != drawn {
                let command = if path.is_empty() { 'M' } else { 'L' };
                let _ = write!(path, "{command}{point}");
                drawn = point;
            }
        }
        let _ = write!(
            path,
            "L{} {}",
            fixed(self.x(last)),
            fixed(self.y(histogram.max()))
        );
        let points = [0.5, 0.9, 0.99, 0.999].into_iter().filter(|q| *q <= last);
        let points = points.map(|q| (q, histogram.value_at_quantile(q)));
        html! {
            g class={ "stage " (stage) } {
                path d=(path) {}
                @for (quantile, us) in points.chain([(last, histogram.max())]) {
                    circle cx=(fixed(self.x(quantile))) cy=(fixed(self.y(us))) r="3" {
                        title { (stage) " " (percent(quantile)) ": " (duration_us(us)) }
                    }
                }
            }
        }
    }

    /// The stages' names at the lines' ends, moved apart where they would cover each other.
    fn names(&self, lines: &[(Stage, &Histogram<u64>)]) -> Markup {
        let mut ends: Vec<(f64, Stage, f64)> = lines
            .iter()
            .map(|(stage, h)| {
                let last = 1.0 - 1.0 / h.len().max(1) as f64;
                (self.y(h.max()), *stage, self.x(last))
            })
            .collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut above = TOP - 10.0;
        for end in &mut ends {
            end.0 = (end.0 + 4.0).max(above + 13.0);
            above = end.0;
        }
        html! {
            @for (y, stage, _) in ends {
                text class={ "name " (stage) } x=(WIDTH - RIGHT + 8.0) y=(fixed(y)) { (stage) }
            }
        }
    }
}

fn fixed(number: f64) -> String {
    format!("{number:.1}")
}

/// A power of ten of microseconds, as an axis shows it: 100 s rather than 1 min 40 s.
fn power_of_ten(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..1_000_000 => format!("{} ms", us / 1_000),
        _ => format!("{} s", us / 1_000_000),
    }
}

fn percent(quantile: f64) -> String {
    let text = format!("{:.3}", quantile * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}
