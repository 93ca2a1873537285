//! The percentile plot of latencies, as SVG: the share of slower requests against the latency, both
//! logarithmic.

use std::fmt::Write;

use hdrhistogram::Histogram;
use maud::{Markup, html};

use super::frame::{Frame, fixed};
use crate::latency::Stage;
use crate::model::duration_us;

const FRAME: Frame = Frame::new((460.0, 250.0), 64.0, 84.0);

/// The latencies of one outcome, with a line for each stage.
pub fn plot(outcome: &str, lines: &[(Stage, &Histogram<u64>)]) -> Markup {
    let most = lines.iter().map(|(_, h)| h.len()).max().unwrap_or(1).max(2);
    let least_us = lines.iter().map(|(_, h)| h.min()).min().unwrap_or(1).max(1);
    let most_us = lines.iter().map(|(_, h)| h.max()).max().unwrap_or(10);
    let low = (least_us as f64).log10().floor();
    let scale = Scale {
        nines: (most as f64).log10().max(1.0),
        low,
        high: (most_us as f64).log10().ceil().max(low + 1.0),
    };
    let label = format!("Latency of requests that ended {outcome}, by percentile");
    let content = html! {
        (scale.grid())
        @for (stage, histogram) in lines { (scale.line(*stage, histogram)) }
        (scale.names(lines))
    };
    FRAME.svg("plot", &label, &content)
}

struct Scale {
    /// The highest percentile: 1 is 90 %, 2 is 99 %.
    nines: f64,
    /// The lowest and the highest power of ten of microseconds.
    low: f64,
    high: f64,
}

impl Scale {
    fn x(&self, quantile: f64) -> f64 {
        let nines = -(1.0 - quantile).max(1e-12).log10();
        FRAME.left + (FRAME.right - FRAME.left) * (nines / self.nines).clamp(0.0, 1.0)
    }

    fn y(&self, us: u64) -> f64 {
        let share = ((us.max(1) as f64).log10() - self.low) / (self.high - self.low);
        FRAME.bottom - (FRAME.bottom - FRAME.top) * share.clamp(0.0, 1.0)
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
                @for us in powers { (FRAME.row(self.y(us), power_of_ten(us))) }
                @for quantile in reached {
                    @let x = self.x(quantile);
                    line x1=(fixed(x)) x2=(fixed(x)) y1=(FRAME.top) y2=(FRAME.bottom) {}
                    (FRAME.tick(x, 15.0, percent(quantile)))
                }
                (FRAME.axis("percentile"))
            }
        }
    }

    fn line(&self, stage: Stage, histogram: &Histogram<u64>) -> Markup {
        let mut path = String::new();
        let mut drawn = String::new();
        let point = |quantile, us| format!("{} {}", fixed(self.x(quantile)), fixed(self.y(us)));
        let start = [(0.0, histogram.min())];
        let steps = histogram.iter_quantiles(8);
        let steps = steps.map(|v| (v.quantile(), v.value_iterated_to()));
        // The line ends at the slowest request: 100 % has no place on this scale.
        let last = 1.0 - 1.0 / histogram.len().max(1) as f64;
        for (quantile, us) in start.into_iter().chain(steps) {
            let point = point(quantile.min(last), us.min(histogram.max()));
            if point != drawn {
                let command = if path.is_empty() { 'M' } else { 'L' };
                let _ = write!(path, "{command}{point}");
                drawn = point;
            }
        }
        let _ = write!(path, "L{}", point(last, histogram.max()));
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

    /// The stages' names at the ends of their lines, moved apart if they would overlap.
    fn names(&self, lines: &[(Stage, &Histogram<u64>)]) -> Markup {
        let ends = lines.iter().map(|(stage, h)| (self.y(h.max()), *stage));
        let mut ends: Vec<(f64, Stage)> = ends.collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut above = FRAME.top - 14.0;
        for end in &mut ends {
            end.0 = (end.0 + 4.0).max(above + 17.0);
            above = end.0;
        }
        html! {
            @for (y, stage) in ends {
                text class={ "name " (stage) } x=(FRAME.right + 8.0) y=(fixed(y)) { (stage) }
            }
        }
    }
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
