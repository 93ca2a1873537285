//! The API becomes as fast as it was.

use super::{Invariant, wording};
use crate::model::{Figure, Finding, Limits, Outcome};
use crate::trace::{End, Origin, Span, View};

/// How many requests after recovery are needed.
const ENOUGH: usize = 5;

/// After recovery the median latency of each request kind is within `latency` of the slowest
/// request of the baseline, plus a slack.
///
/// It compares two bursts of the same shape: a few requests of each kind, one after the other, with
/// nothing else in flight. A high quantile of five requests is their slowest, which depends on how
/// busy the machine is. The median is disturbed only if three of them are, since its breakdown
/// point is one half (Donoho and Huber 1983, "The notion of breakdown point"); and it is compared
/// with the baseline's slowest, because too few requests were sent there for anything better.
pub struct LatencyReturns;

impl Invariant for LatencyReturns {
    fn name(&self) -> &'static str {
        "latency-returns"
    }

    fn check(&self, view: &View<'_>, limits: &Limits) -> Finding {
        let Some(limits) = &limits.latency else {
            return Finding::not_judged(self.name(), "latency is not limited");
        };
        if view.faults().next().is_none() {
            return Finding::not_judged(self.name(), "no fault was done");
        }
        let mut words = Vec::new();
        let mut figures = Vec::new();
        let mut slow = None;
        let mut doubtful = false;
        for kind in view.kinds() {
            let baseline = answered(view, kind, &Origin::Baseline);
            let after = answered(view, kind, &Origin::After);
            let slowest = baseline.iter().map(|end| end.latency_us).max();
            let (Some(baseline_us), Some(after_us)) = (slowest, median_us(&after)) else {
                continue;
            };
            words.push(format!(
                "{kind} took {} in the median, and at most {} at the baseline",
                wording::duration_us(after_us),
                wording::duration_us(baseline_us)
            ));
            let figure = |name: &str, us: u64| Figure {
                kind: Some(kind.to_owned()),
                ..Figure::new(name, us as f64 / 1_000.0)
            };
            figures.push(figure("baseline-slowest-ms", baseline_us));
            figures.push(figure("after-median-ms", after_us));
            let allowed_us = limits.allowed_us(baseline_us);
            if after_us <= allowed_us {
                continue;
            }
            let late = after.iter().copied();
            let late: Vec<_> = late.filter(|end| end.latency_us > allowed_us).collect();
            // Those that this machine delayed may have been fast.
            let surely = late.iter().filter(|end| sure(view, end, allowed_us));
            let surely = surely.count();
            // If many more tasks share a processor than at the baseline, every request is slower.
            let crowded = crowd(view, &after) / crowd(view, &baseline);
            let bearable_us = (allowed_us as f64 * crowded.max(1.0)) as u64;
            match surely >= after.len() - (after.len() - 1) / 2 && after_us > bearable_us {
                true if slow.is_none() => slow = Some((kind, allowed_us, late)),
                true => {}
                false => doubtful = true,
            }
        }
        let words = words.join("; ");
        let finding = match slow {
            Some((kind, allowed_us, late)) if !late.is_empty() => Finding::violated(
                self.name(),
                "slower",
                Some(kind),
                format!(
                    "after recovery, {words}; {} are allowed",
                    wording::duration_us(allowed_us)
                ),
                late[0].moment.seq,
                late.iter().map(|end| end.moment.seq).collect(),
            ),
            _ if doubtful => Finding::inconclusive(
                self.name(),
                format!("after recovery, {words}; this machine was too busy to tell why"),
            ),
            _ if words.is_empty() => Finding::not_judged(
                self.name(),
                "too few requests were answered after recovery to tell",
            ),
            _ => Finding::holds(self.name(), format!("after recovery, {words}")),
        };
        finding.with_figures(figures)
    }
}

/// The successes of a kind in one of the two bursts.
fn answered<'a>(view: &View<'a>, kind: &str, origin: &Origin) -> Vec<End<'a>> {
    let requests = view.requests().iter();
    let of_burst = requests.filter(|r| r.kind == kind && r.origin == origin);
    let ends = of_burst.filter_map(|r| r.ended);
    ends.filter(|end| matches!(end.outcome, Outcome::Ok))
        .collect()
}

/// How many tasks shared a processor while a burst's requests were under way.
fn crowd(view: &View<'_>, burst: &[End<'_>]) -> f64 {
    let spans = burst.iter().map(End::span);
    view.crowd(Span {
        from_us: spans.clone().map(|span| span.from_us).min().unwrap_or(0),
        to_us: spans.map(|span| span.to_us).max().unwrap_or(0),
    })
}

/// Whether a request was late even without the time that this machine withheld, and that was not
/// most of it.
fn sure(view: &View<'_>, end: &End<'_>, allowed_us: u64) -> bool {
    let span = end.span();
    // The times when the services waited are known only roughly, and these requests are short.
    let counted_us = view
        .counted_us(span)
        .min(span.length_us() - view.waited_us(span));
    counted_us > allowed_us && counted_us >= span.length_us() / 2
}

/// The lower median, if there are enough.
fn median_us(ends: &[End<'_>]) -> Option<u64> {
    let mut latencies: Vec<u64> = ends.iter().map(|end| end.latency_us).collect();
    latencies.sort_unstable();
    (latencies.len() >= ENOUGH).then(|| latencies[(latencies.len() - 1) / 2])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FaultKind, LatencyLimits, Verdict};
    use crate::trace::EventKind;
    use crate::trace::script::{Script, limits};

    /// A baseline of 10, 20 and 10 ms, a kill, and requests after it that took so long.
    fn check(after_ms: &[u64]) -> Finding {
        check_busy(after_ms, 0)
    }

    /// The same where this machine withheld so much of the time of the last three.
    fn check_busy(after_ms: &[u64], late_ms: u64) -> Finding {
        check_late(after_ms, late_ms, |script| script)
    }

    /// The same with what else happened.
    fn check_with(after_ms: &[u64], more: impl FnOnce(Script) -> Script) -> Finding {
        check_late(after_ms, 0, more)
    }

    fn check_late(after_ms: &[u64], late_ms: u64, more: impl FnOnce(Script) -> Script) -> Finding {
        let mut script = Script::new(&["sync"]).fault("f1", FaultKind::Kill, 130, 180);
        for (n, took_ms) in [10, 20, 10].into_iter().enumerate() {
            let (at_ms, request) = (40 * n as u64, n as u64);
            script = script
                .sent_by(Origin::Baseline, at_ms, request, "sync")
                .ok(at_ms + took_ms, request);
        }
        for (n, took_ms) in after_ms.iter().enumerate() {
            let (at_ms, request) = (1_000 * (n as u64 + 1), 10 + n as u64);
            script = script
                .sent_by(Origin::After, at_ms, request, "sync")
                .ok(at_ms + took_ms, request);
            if n >= 2 && late_ms > 0 {
                script = script.late(at_ms + took_ms - 1, late_ms);
            }
        }
        let limits = Limits {
            latency: Some(LatencyLimits {
                percent: 300,
                slack_ms: 50,
            }),
            ..limits()
        };
        LatencyReturns.check(&View::new(&more(script).finish(20_000)), &limits)
    }

    #[test]
    fn slower_in_the_median_than_the_slowest_allows() {
        let finding = check(&[10, 111, 120, 300, 10]);
        assert_eq!(finding.reason.as_deref(), Some("slower"));
        assert_eq!(
            finding.message,
            "after recovery, sync took 111 ms in the median, and at most 20 ms at the baseline; 110 ms are allowed"
        );
        assert_eq!(finding.evidence.len(), 3);
        assert_eq!(check(&[110, 110, 110, 110, 110]).verdict, Verdict::Holds);
    }

    #[test]
    fn two_slow_requests_of_five_are_a_busy_machine() {
        assert_eq!(check(&[10, 900, 10, 900, 10]).verdict, Verdict::Holds);
    }

    #[test]
    fn four_requests_are_too_few_to_tell() {
        let finding = check(&[900; 4]);
        assert_eq!(finding.verdict, Verdict::Holds);
        assert_eq!(
            finding.message,
            "too few requests were answered after recovery to tell"
        );
        assert_eq!(check(&[900; 5]).verdict, Verdict::Violated);
    }

    #[test]
    fn where_more_tasks_share_a_processor_than_before_nothing_can_be_said() {
        let crowded = |percent, at_ms| {
            let event = EventKind::Crowded {
                percent,
                over_us: 17_000_000,
            };
            check_with(&[160; 5], |script| script.event(at_ms, event))
        };
        assert_eq!(crowded(140, 19_000).verdict, Verdict::Violated);
        assert_eq!(crowded(400, 19_000).verdict, Verdict::Inconclusive);
    }

    #[test]
    fn requests_that_this_machine_held_up_may_have_been_fast() {
        let held_up = |late_ms| check_busy(&[10, 10, 160, 160, 160], late_ms);
        assert_eq!(held_up(40).verdict, Verdict::Violated);
        let finding = held_up(60);
        assert_eq!(finding.verdict, Verdict::Inconclusive);
        assert!(
            finding
                .message
                .ends_with("; this machine was too busy to tell why"),
            "{}",
            finding.message
        );
    }
}
