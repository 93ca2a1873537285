//! No flood while reconnecting.

use super::flood::{is_half_a_flood, log_flood};
use super::idle_time::IdleTimes;
use super::{Invariant, wording};
use crate::model::{Figure, Finding, Limits};
use crate::trace::View;

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
        let most_lines = match log_flood(view, fault, limits) {
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
    /// out to be a flood. It also goes on where something that began before the primary violation
    /// may still turn out to be one of this invariant: an idle time that has not ended, or half a
    /// flood of lines.
    fn is_decided(&self, view: &View<'_>, limits: &Limits, primary: &Finding) -> bool {
        let (Some(fault), Some(began)) = (view.faults().next(), primary.evidence.first()) else {
            return true;
        };
        let fault = fault.began;
        let may_be_busy = || {
            let idle_times = limits
                .resources
                .map(|limits| IdleTimes::of(view, fault, limits));
            idle_times.is_some_and(|times| times.is_idle_since_before(*began, view))
        };
        primary.invariant != self.name()
            && !is_half_a_flood(view, fault, limits, *began)
            && !may_be_busy()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{API, FaultKind, ResourceLimits, UnknownReason, Verdict};
    use crate::trace::EventKind;
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
