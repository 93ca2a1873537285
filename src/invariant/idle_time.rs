//! What the API used while it had nothing to do.

use crate::model::{API, ResourceLimits};
use crate::trace::{Event, EventKind, Moment, Sample, Span, Spans, View};

/// The time before an event in which the harness polled jobs that had ended. That is work for the
/// API, although no request of the plan.
fn looked_back(event: &Event) -> Option<Span> {
    match event.kind {
        EventKind::LookedBack { over_us, .. } => Some(Span::before(event.at_us, over_us)),
        _ => None,
    }
}

/// The times between samples of the API's resource usage in which it was idle.
pub(super) struct IdleTimes<'a> {
    samples: Vec<Sample<'a>>,
    asked: Spans,
    limits: ResourceLimits,
}

/// A time in which the API had nothing to do.
pub(super) struct IdleTime<'v, 'a> {
    pub from: &'v Sample<'a>,
    pub to: &'v Sample<'a>,
    pub is_too_much: bool,
}

impl<'a> IdleTimes<'a> {
    pub fn of(view: &View<'a>, since: Moment, limits: ResourceLimits) -> Self {
        let samples = view.under_test().iter();
        let samples = samples.filter_map(|event| Sample::of(event, API));
        let in_flight = view.requests().iter().map(|request| Span {
            to_us: if request.ran_into_limit() {
                u64::MAX
            } else {
                request.span().to_us
            },
            ..request.span()
        });
        let looks = view.under_test().iter().filter_map(looked_back);
        IdleTimes {
            samples: samples.filter(|sample| sample.moment >= since).collect(),
            asked: in_flight.chain(looks).collect(),
            limits,
        }
    }

    /// The first idle time that was too busy for certain, else one that seems to have been, else
    /// the busiest one that is long enough to judge.
    pub fn busiest(&self, view: &View<'_>) -> Option<IdleTime<'_, 'a>> {
        let window_us = self.limits.cpu_window_ms.saturating_mul(1_000);
        let mut busiest: Option<IdleTime<'_, 'a>> = None;
        for (place, to) in self.samples.iter().enumerate() {
            for from in self.samples[..place].iter().rev() {
                let idle = self.idle_time(from, to);
                if from.identity != to.identity || self.asked.touch(idle.span()) {
                    break;
                }
                if idle.within_us() < window_us.max(1) {
                    continue;
                }
                if idle.is_too_much && !idle.is_doubtful(view) {
                    return Some(idle);
                }
                let rank = |idle: &IdleTime<'_, '_>| (idle.is_too_much, idle.percent());
                if busiest.as_ref().is_none_or(|b| rank(b) < rank(&idle)) {
                    busiest = Some(idle);
                }
            }
        }
        busiest
    }

    /// Whether the samples so far show an API that has had nothing to do since before an event.
    /// That time may still become long enough to judge, and too busy.
    pub fn is_idle_since_before(&self, seq: u64, view: &View<'_>) -> bool {
        let before = self.samples.partition_point(|s| s.moment.seq < seq);
        let (Some(from), Some(last)) = (self.samples[..before].last(), self.samples.last()) else {
            return false;
        };
        let idle = Span {
            from_us: from.moment.at_us,
            to_us: view.observed_until_us(),
        };
        from.identity == last.identity && !self.asked.touch(idle)
    }

    fn idle_time<'v>(&self, from: &'v Sample<'a>, to: &'v Sample<'a>) -> IdleTime<'v, 'a> {
        let mut idle = IdleTime {
            from,
            to,
            is_too_much: false,
        };
        idle.is_too_much = self.limits.is_busy(idle.cpu_us(), idle.within_us());
        idle
    }
}

impl IdleTime<'_, '_> {
    /// Whether this machine withheld a tenth of it: then the API may have caught up on earlier
    /// work.
    pub fn is_doubtful(&self, view: &View<'_>) -> bool {
        let span = self.span();
        view.withheld().covered_us(span) > span.length_us() / 10
    }

    fn span(&self) -> Span {
        Span {
            from_us: self.from.moment.at_us,
            to_us: self.to.moment.at_us,
        }
    }

    fn cpu_us(&self) -> u64 {
        self.to.cpu_us.saturating_sub(self.from.cpu_us)
    }

    pub fn within_us(&self) -> u64 {
        self.to.moment.at_us.saturating_sub(self.from.moment.at_us)
    }

    pub fn percent(&self) -> f64 {
        100.0 * self.cpu_us() as f64 / self.within_us().max(1) as f64
    }
}
