//! No flood while reconnecting.

use super::{Invariant, wording};
use crate::model::{API, Figure, Finding, Limits, ResourceLimits};
use crate::trace::{Event, EventKind, Moment, Sample, Span, Spans, View};

/// The length of the window over which log lines are counted, in microseconds. A start-up banner or
/// a traceback is no flood; ten seconds of lines are.
const WINDOW_US: u64 = 10_000_000;

/// How many more lines the API may log for each request that is sent in the window: a line for each
/// of a thousand failed requests is no flood.
const LINES_PER_TURN: u64 = 4;

/// From the first fault on, even long after recovery, the API logs no more than `log-lines` lines a
/// second over any ten seconds, plus a few for each request, and uses less than `cpu` of one core
/// over any `cpu-window` in which it had nothing to do. A loop without a pause shows in one or the
/// other.
///
/// It has nothing to do while no request is in flight and the harness does not poll jobs that have
/// ended. It may still work on a request that the harness gave up after its limit, so such a
/// request counts as in flight for ever.
pub struct CalmReconnect;

impl Invariant for CalmReconnect {
    fn name(&self) -> &'static str {
        "calm-reconnect"
    }

    fn check(&self, view: &View<'_>, limits: &Limits) -> Finding {
        if !view.header().stack.api_observed {
            return Finding::not_judged(self.name(), "the API's log is not observed");
        }
        let Some(fault) = view.faults().next().map(|window| window.began) else {
            return Finding::not_judged(self.name(), "no fault was done");
        };
        let allowed = limits.log_lines_per_s.saturating_mul(WINDOW_US / 1_000_000);
        let most_lines = match log_flood(view, fault, allowed) {
            Ok(most) => most,
            Err(flood) => {
                let message = format!(
                    "the API logged more than the {} lines that are allowed within ten seconds, {}; {} in all since the first fault",
                    flood.allowed,
                    wording::place(view, flood.shown.seq, flood.shown.at_us),
                    flood.in_all,
                );
                let (began, shown) = (flood.began.seq, flood.shown.seq);
                return Finding::violated(
                    self.name(),
                    "log-flood",
                    None,
                    message,
                    began,
                    vec![shown],
                );
            }
        };
        let calm = format!("at most {most_lines} log lines of the API within ten seconds");
        let idle_times = limits
            .resources
            .map(|limits| IdleTimes::of(view, fault, limits));
        let Some(busiest) = idle_times.as_ref().and_then(|times| times.busiest(view)) else {
            return Finding::holds(self.name(), calm);
        };
        let share = format!(
            "{:.0} % of a core over {}",
            busiest.percent(),
            wording::duration_us(busiest.within_us())
        );
        let figures = vec![Figure::new("cpu-at-rest-percent", busiest.percent())];
        let finding = match busiest.is_too_much {
            true if busiest.is_doubtful(view) => Finding::inconclusive(
                self.name(),
                format!(
                    "{calm}; with no request in flight, the API used {share}, while this machine was too busy to tell why"
                ),
            ),
            false => Finding::holds(self.name(), format!("{calm}; at rest, at most {share}")),
            true => Finding::violated(
                self.name(),
                "busy-at-rest",
                None,
                format!(
                    "with no request in flight, the API used {share}, {}",
                    wording::place(view, busiest.to.moment.seq, busiest.to.moment.at_us)
                ),
                busiest.from.moment.seq,
                vec![busiest.to.moment.seq],
            ),
        };
        finding.with_figures(figures)
    }

    /// If this is the primary violation, the trial goes on: a core that is busy at rest may turn
    /// out to be a flood.
    fn is_decided(&self, _view: &View<'_>, _limits: &Limits, primary: &Finding) -> bool {
        primary.invariant != self.name()
    }
}

/// Too many log lines.
struct Flood {
    /// How many are allowed in that time.
    allowed: u64,
    /// How many there were from the first fault to the end.
    in_all: u64,
    /// The first of them.
    began: Moment,
    /// The first line above the limit.
    shown: Moment,
}

/// The most log lines within the window, or the first flood.
fn log_flood(view: &View<'_>, since: Moment, allowed: u64) -> Result<u64, Flood> {
    // Lines that came too fast to be recorded count, too.
    let logged = |event: &Event| match &event.kind {
        EventKind::Log { service, .. } if service == API => Some((event.moment(), 1)),
        EventKind::LogDropped { service, lines } if service == API => {
            Some((event.moment(), *lines))
        }
        _ => None,
    };
    let events = view
        .under_test()
        .iter()
        .filter(|event| event.seq >= since.seq);
    let lines: Vec<(Moment, u64)> = events.filter_map(logged).collect();
    let asked: Vec<u64> = view
        .under_test()
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Sent { .. }))
        .map(|event| event.at_us)
        .collect();
    let mut begin = 0;
    let mut most = 0;
    let mut within: u128 = 0;
    for (shown, number) in &lines {
        within += u128::from(*number);
        while shown.at_us.saturating_sub(lines[begin].0.at_us) > WINDOW_US {
            within -= u128::from(lines[begin].1);
            begin += 1;
        }
        let count = u64::try_from(within).unwrap_or(u64::MAX);
        most = most.max(count);
        let from = asked.partition_point(|at_us| *at_us < lines[begin].0.at_us);
        let to = asked.partition_point(|at_us| *at_us <= shown.at_us);
        let allowed = allowed.saturating_add(LINES_PER_TURN * (to - from) as u64);
        if count > allowed {
            return Err(Flood {
                allowed,
                in_all: lines
                    .iter()
                    .fold(0, |all, (_, number)| all.saturating_add(*number)),
                began: lines[begin].0,
                shown: *shown,
            });
        }
    }
    Ok(most)
}

/// The time before an event in which the harness polled jobs that had ended. That is work for the
/// API, although no request of the plan.
fn looked_back(event: &Event) -> Option<Span> {
    match event.kind {
        EventKind::LookedBack { over_us, .. } => Some(Span::before(event.at_us, over_us)),
        _ => None,
    }
}

/// The times between samples of the API's resource usage in which it was idle.
struct IdleTimes<'a> {
    samples: Vec<Sample<'a>>,
    asked: Spans,
    limits: ResourceLimits,
}

/// A time in which the API had nothing to do.
struct IdleTime<'v, 'a> {
    from: &'v Sample<'a>,
    to: &'v Sample<'a>,
    is_too_much: bool,
}

impl<'a> IdleTimes<'a> {
    fn of(view: &View<'a>, since: Moment, limits: ResourceLimits) -> Self {
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
    fn busiest(&self, view: &View<'_>) -> Option<IdleTime<'_, 'a>> {
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
    fn is_doubtful(&self, view: &View<'_>) -> bool {
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

    fn within_us(&self) -> u64 {
        self.to.moment.at_us.saturating_sub(self.from.moment.at_us)
    }

    fn percent(&self) -> f64 {
        100.0 * self.cpu_us() as f64 / self.within_us().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FaultKind, UnknownReason, Verdict};
    use crate::trace::script::{Script, limits};

    /// This many lines, one every `every_ms` milliseconds, from the fault on.
    fn verdict(count: u64, every_ms: u64) -> Verdict {
        let script = Script::new(&["sync"]).fault("f1", FaultKind::Kill, 30, 80);
        let line = || EventKind::Log {
            service: API.to_owned(),
            line: "retrying".to_owned(),
            source_at: None,
        };
        let script = (0..count).fold(script, |script, nth| {
            script.event(40 + nth * every_ms, line())
        });
        let trace = script.good_row(90, 2, "sync").finish(60_000);
        let limits = Limits {
            log_lines_per_s: 2,
            ..limits()
        };
        CalmReconnect.check(&View::new(&trace), &limits).verdict
    }

    #[test]
    fn a_loop_without_a_pause_is_a_flood_and_a_traceback_is_not() {
        assert_eq!(verdict(21, 1), Verdict::Violated);
        assert_eq!(verdict(20, 1), Verdict::Holds);
        assert_eq!(verdict(60, 900), Verdict::Holds);
        assert_eq!(verdict(60, 300), Verdict::Violated);
    }

    /// The verdict on an API that uses so much of a core from 1 s to 3 s, sampled every 100 ms,
    /// while a request is in flight during the span that is given.
    fn busy(percent: u64, in_flight_ms: (u64, u64), gave_up: bool) -> Finding {
        busy_and_late(percent, in_flight_ms, gave_up, 0)
    }

    /// The same where this machine is late by so much in each of the samples.
    fn busy_and_late(
        percent: u64,
        in_flight_ms: (u64, u64),
        gave_up: bool,
        late_ms: u64,
    ) -> Finding {
        let mut script = Script::new(&["sync"])
            .fault("f1", FaultKind::Kill, 30, 80)
            .good_row(90, 2, "sync")
            .sent(in_flight_ms.0, 9, "sync");
        script = match gave_up {
            true => script.unknown(in_flight_ms.1, 9, UnknownReason::TimedOut),
            false => script.ok(in_flight_ms.1, 9),
        };
        for n in 0..21 {
            script = script.sampled(1_000 + 100 * n, percent * n);
            if late_ms > 0 {
                script = script.late(1_050 + 100 * n, late_ms);
            }
        }
        let limits = Limits {
            resources: Some(ResourceLimits {
                cpu_percent: 80,
                cpu_window_ms: 1_000,
                ..ResourceLimits::default()
            }),
            ..limits()
        };
        CalmReconnect.check(&View::new(&script.finish(4_000)), &limits)
    }

    #[test]
    fn a_core_that_is_busy_with_nothing_is_a_loop_without_a_pause() {
        let before = (500, 600);
        let finding = busy(80, before, false);
        assert_eq!(finding.reason.as_deref(), Some("busy-at-rest"));
        assert_eq!(
            finding.message,
            "with no request in flight, the API used 80 % of a core over 1 s, 1.97 s after the kill of ray began"
        );
        let finding = busy(79, before, false);
        assert_eq!(finding.verdict, Verdict::Holds);
        assert_eq!(
            finding.message,
            "at most 0 log lines of the API within ten seconds; at rest, at most 79 % of a core over 1 s"
        );
    }

    #[test]
    fn an_api_that_is_asked_for_something_may_be_busy() {
        let verdict = |span, gave_up| busy(100, span, gave_up).verdict;
        assert_eq!(verdict((1_950, 2_050), false), Verdict::Holds);
        assert_eq!(verdict((1_850, 1_950), false), Verdict::Violated);
        // It may still be at work on what the harness gave up.
        assert_eq!(verdict((500, 600), true), Verdict::Holds);
    }

    #[test]
    fn an_api_whose_ended_jobs_are_looked_at_again_may_be_busy() {
        let finding = |looked_until_ms| {
            let script = Script::new(&["sync"]).fault("f1", FaultKind::Kill, 30, 80);
            let looked = EventKind::LookedBack {
                polls: 200,
                over_us: 1_000_000,
            };
            let script = script.event(looked_until_ms, looked);
            let script = (0..12).fold(script, |s, n| s.sampled(1_000 + 100 * n, 80 * n));
            let limits = Limits {
                resources: Some(ResourceLimits {
                    cpu_percent: 80,
                    cpu_window_ms: 1_000,
                    ..ResourceLimits::default()
                }),
                ..limits()
            };
            CalmReconnect.check(&View::new(&script.finish(4_000)), &limits)
        };
        assert_eq!(finding(1_600).verdict, Verdict::Holds);
        assert_eq!(finding(990).verdict, Verdict::Violated);
    }

    #[test]
    fn what_an_api_does_on_a_machine_that_withholds_time_is_no_loop_for_certain() {
        let verdict = |late_ms| busy_and_late(80, (500, 600), false, late_ms).verdict;
        assert_eq!(verdict(10), Verdict::Violated);
        assert_eq!(verdict(11), Verdict::Inconclusive);
    }
}
