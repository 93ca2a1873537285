//! The API comes back when its backend does.

use super::onset::{api_exit, onset, overdue_us};
use super::patience::{Patience, ran_out};
use super::{Invariant, wording};
use crate::model::{Figure, Finding, Limits, Verdict};
use crate::trace::{Moment, Request, Span, View};

/// After the last fault, with the backend ready, the success of every request kind is sustained within `recovery`.
///
/// The time counts from the close of the last fault's window, and what this machine withheld does not count. Sustained is what
/// [`View::sustained_success`] says.
pub struct Recovers;

impl Invariant for Recovers {
    fn name(&self) -> &'static str {
        "recovers"
    }

    fn check(&self, view: &View<'_>, limits: &Limits) -> Finding {
        if view.faults().next().is_none() {
            return Finding::holds(self.name(), "no fault was done");
        }
        let Some(ready) = view.last_ready() else {
            return Finding::inconclusive(self.name(), "the backend never became ready again");
        };
        let recovery = Recovery {
            view,
            limits,
            ready,
        };
        let findings: Vec<Finding> = view
            .kinds()
            .map(|kind| recovery.of(self.name(), kind))
            .collect();
        let times = findings.iter().map(|finding| finding.message.as_str());
        let message = format!(
            "after backend-ready, {}",
            times.collect::<Vec<_>>().join("; ")
        );
        // Of the kinds that did not recover, the one that went wrong first stands for all.
        let violated = findings.iter().filter(|f| f.verdict == Verdict::Violated);
        let first = violated.min_by_key(|finding| finding.evidence.first().copied());
        let undecided = || findings.iter().find(|f| f.verdict == Verdict::Inconclusive);
        let finding = match first.or_else(undecided) {
            Some(finding) => Finding {
                message,
                ..finding.clone()
            },
            None => Finding::holds(self.name(), message),
        };
        finding.with_figures(
            view.kinds()
                .flat_map(|kind| recovery.figures(kind))
                .collect(),
        )
    }

    /// Whether each kind has recovered or the deadline has passed.
    ///
    /// Where it is the recovery itself that a trial is violated by, what succeeds after the deadline tells "slow" from "never". So it is waited for,
    /// but not for longer than until a request that was sent in time has hung up to its own limit: its likes that are still in flight
    /// would do the same, and of them the finding says "never" as far as it was observed.
    fn is_decided(&self, view: &View<'_>, limits: &Limits, primary: &Finding) -> bool {
        let Some(ready) = view.last_ready() else {
            return true;
        };
        let recovery = Recovery {
            view,
            limits,
            ready,
        };
        let deadline_us = recovery.deadline_us();
        let passed = view.observed_until_us() >= deadline_us;
        let recovered = |kind: &str| {
            let sustained = view.sustained_success(kind, ready.at_us);
            sustained.is_some_and(|moment| moment.at_us <= deadline_us)
        };
        let all_recovered = || view.kinds().all(recovered);
        let hung = |kind| recovery.failures(kind).any(|r| ran_out(r));
        let sure =
            || primary.invariant != self.name() || view.kinds().all(|k| recovered(k) || hung(k));
        all_recovered() || (passed && sure())
    }
}

/// The time after the last backend-ready.
struct Recovery<'v, 'a> {
    view: &'v View<'a>,
    limits: &'v Limits,
    ready: Moment,
}

impl Recovery<'_, '_> {
    /// What is to be said of one request kind.
    fn of(&self, invariant: &str, kind: &str) -> Finding {
        let deadline_us = self.deadline_us();
        let sustained = self.view.sustained_success(kind, self.ready.at_us);
        let times = self.times(kind, sustained);
        if sustained.is_some_and(|moment| moment.at_us <= deadline_us) {
            return Finding::holds(invariant, times);
        }
        if let Some(doubt) = self.doubt(kind, sustained) {
            return Finding::inconclusive(invariant, format!("{times} ({doubt})"));
        }
        let began = self.blamed(kind);
        let reason = match sustained {
            Some(_) => "recovered-late",
            None => "never-recovered",
        };
        let last_words = self
            .failures(kind)
            .filter_map(|r| Some(r.ended?.moment.seq))
            .next();
        let proof = [self.ready.seq]
            .into_iter()
            .chain(last_words)
            .chain(sustained.map(|moment| moment.seq));
        Finding::violated(
            invariant,
            reason,
            Some(kind),
            times,
            began.seq,
            proof.collect(),
        )
    }

    fn deadline_us(&self) -> u64 {
        let recovery_us = self.limits.recovery_ms.saturating_mul(1_000);
        self.view.withheld().later(self.ready.at_us, recovery_us)
    }

    /// Why a missing or late success proves nothing, if it doesn't.
    fn doubt(&self, kind: &str, sustained: Option<Moment>) -> Option<&'static str> {
        let patience = Patience::new(self.view, self.limits);
        let time = Span {
            from_us: self.ready.at_us + 1,
            to_us: self.deadline_us(),
        };
        let recorded_ms = self.view.header().limits.recovery_ms;
        if self.view.observed_until_us() < time.to_us {
            Some("the trial ended before the limit")
        } else if sustained.is_none() && self.limits.recovery_ms > recorded_ms {
            Some("nobody looked for longer than the recorded limit")
        } else if self.view.away().touch(time) {
            Some("a backend was not ready again meanwhile")
        } else if self.overdue(kind).next().is_none() {
            Some("too few requests were sent to tell")
        } else if self
            .failures(kind)
            .any(|r| r.span().to_us <= time.to_us && patience.cut_short(r))
        {
            Some("the harness gave requests up earlier than these limits do")
        } else if patience.starved(time)
            || self
                .overdue(kind)
                .all(|r| patience.squeezed(self.in_time(r)))
        {
            Some("this machine was too busy to tell")
        } else {
            None
        }
    }

    /// Of the failures those that had ended by the deadline, or would usually have ended: one that was sent just before it tells nothing.
    fn overdue(&self, kind: &str) -> impl Iterator<Item = &Request<'_>> {
        let deadline_us = self.deadline_us();
        self.failures(kind).filter(move |r| {
            let failed = r.failure().is_some() && r.span().to_us <= deadline_us;
            failed || overdue_us(self.view, r, deadline_us) <= deadline_us
        })
    }

    /// The part of a request's life that lies before the deadline. What came later is of no account for the recovery.
    fn in_time(&self, request: &Request<'_>) -> Span {
        let span = request.span();
        Span {
            to_us: span.to_us.min(self.deadline_us()),
            ..span
        }
    }

    /// The requests that were sent in time and did not succeed in time.
    fn failures(&self, kind: &str) -> impl Iterator<Item = &Request<'_>> {
        let deadline_us = self.deadline_us();
        let sent = self.view.sent_after(kind, self.ready.at_us);
        let in_time = sent.take_while(move |r| r.sent.at_us <= deadline_us);
        in_time.filter(move |r| !r.is_ok() || r.span().to_us > deadline_us)
    }

    /// The ready of the fault since which nothing of this kind had succeeded when the deadline passed. That need not be the last one. Or
    /// the end of the API itself, if that came in between.
    fn blamed(&self, kind: &str) -> Moment {
        let deadline_us = self.deadline_us();
        let sent_in_time = move |r: &&Request<'_>| r.kind == kind && r.sent.at_us <= deadline_us;
        let of_kind = || self.view.requests().iter().filter(sent_in_time);
        let good = |r: &&Request<'_>| r.is_ok() && r.span().to_us <= deadline_us;
        let last_good = of_kind().rfind(good).map(|r| r.sent);
        let exit = api_exit(self.view, last_good.map_or(0, |good| good.seq));
        if let Some(exit) = exit.filter(|exit| exit.at_us <= deadline_us) {
            return exit;
        }
        let first_bad = of_kind().find(|r| last_good.is_none_or(|good| r.sent > good));
        first_bad
            .and_then(|r| self.view.fault_before(onset(self.view, r)))
            .and_then(|fault| fault.ready)
            .map_or(self.ready, |ready| ready.moment)
    }

    /// The times from backend-ready to the first and to sustained success. One that did not come took at least until the
    /// trial's end.
    fn figures(&self, kind: &str) -> [Figure; 2] {
        let figure = |name: &str, moment: Option<Moment>| {
            let until_us = moment.map_or(self.view.observed_until_us(), |moment| moment.at_us);
            let us = until_us.saturating_sub(self.ready.at_us);
            Figure {
                kind: Some(kind.to_owned()),
                at_least: moment.is_none(),
                ..Figure::new(name, us as f64 / 1_000.0)
            }
        };
        let ready_us = self.ready.at_us;
        [
            figure(
                Figure::FIRST_SUCCESS,
                self.view.first_success(kind, ready_us),
            ),
            figure(
                Figure::SUSTAINED_SUCCESS,
                self.view.sustained_success(kind, ready_us),
            ),
        ]
    }

    fn times(&self, kind: &str, sustained: Option<Moment>) -> String {
        let since = |moment: Moment| wording::time(moment.at_us.saturating_sub(self.ready.at_us));
        let observed = self.view.observed_until_us();
        let observed = wording::time(observed.saturating_sub(self.ready.at_us));
        match (self.view.first_success(kind, self.ready.at_us), sustained) {
            (Some(first), Some(sustained)) => format!(
                "{kind} first succeeded after {} and lastingly after {}",
                since(first),
                since(sustained)
            ),
            (Some(first), None) => {
                format!(
                    "{kind} first succeeded after {} and never lastingly in {observed}, which is a lower bound",
                    since(first)
                )
            }
            (None, _) => {
                let sent = self.view.sent_after(kind, self.ready.at_us).count();
                format!(
                    "{kind} never succeeded in {observed}, which is a lower bound ({} sent)",
                    wording::count(sent, "request")
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FaultKind, UnknownReason};
    use crate::trace::Trace;
    use crate::trace::script::{Script, limits};

    fn check(trace: &Trace, limits: &Limits) -> Finding {
        Recovers.check(&View::new(trace), limits)
    }

    /// A kill from 30 to 80 ms.
    fn killed(kinds: &[&str]) -> Script {
        Script::new(kinds).fault("f1", FaultKind::Kill, 30, 80)
    }

    /// Failures all the way from some time to the deadline.
    fn bad_from(script: Script, from_ms: u64, first: u64) -> Script {
        (0..10).fold(script, |s, n| s.bad(from_ms + 100 * n, first + n, "sync"))
    }

    #[test]
    fn holds_without_a_fault_and_where_success_is_sustained_in_time() {
        let calm = check(&Script::new(&["sync"]).finish(100), &limits());
        assert_eq!(calm.verdict, Verdict::Holds);
        let trace = killed(&["sync"])
            .bad(90, 0, "sync")
            .good_row(200, 1, "sync")
            .finish(300);
        let finding = check(&trace, &limits());
        assert_eq!(finding.verdict, Verdict::Holds);
        assert_eq!(
            finding.message,
            "after backend-ready, sync first succeeded after 125ms and lastingly after 145ms"
        );
    }

    #[test]
    fn every_kind_has_to_recover() {
        let trace = bad_from(killed(&["job", "sync"]), 90, 10)
            .good_row(90, 1, "job")
            .finish(1_100);
        let finding = check(&trace, &limits());
        assert_eq!(finding.reason.as_deref(), Some("never-recovered"));
        assert_eq!(finding.kind.as_deref(), Some("sync"));
        assert_eq!(
            finding.message,
            "after backend-ready, job first succeeded after 15ms and lastingly after 35ms; \
             sync never succeeded in 1s 20ms, which is a lower bound (10 requests sent)"
        );
        let figures = finding.figures.iter();
        let figures = figures.map(|f| (f.kind.as_deref().unwrap(), f.value, f.at_least));
        let expected = [
            ("job", 15.0, false),
            ("job", 35.0, false),
            ("sync", 1_020.0, true),
            ("sync", 1_020.0, true),
        ];
        assert_eq!(figures.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn recovering_late_is_another_reason_than_never() {
        let trace = bad_from(killed(&["sync"]), 90, 10)
            .good_row(1_200, 1, "sync")
            .finish(1_300);
        let finding = check(&trace, &limits());
        assert_eq!(finding.reason.as_deref(), Some("recovered-late"));
        let looser = Limits {
            recovery_ms: 1_200,
            ..limits()
        };
        assert_eq!(check(&trace, &looser).verdict, Verdict::Holds);
    }

    #[test]
    fn it_is_laid_to_the_fault_since_which_nothing_succeeds() {
        let two = |first_bad| {
            let script = killed(&["sync"]).good(12, 0, "sync");
            let script = script.fault("f2", FaultKind::Pause, 300, 320);
            bad_from(script, first_bad, 10)
        };
        let blamed = |trace: &Trace| {
            let finding = check(trace, &limits());
            assert_eq!(finding.reason.as_deref(), Some("never-recovered"));
            let fault = View::new(trace).fault_before(finding.evidence[0]).cloned();
            // The phases, request 0, and the readies tell which event is which.
            let kind = format!("{:?}", trace.events[finding.evidence[0] as usize].kind);
            assert!(kind.starts_with("Ready"), "{kind}");
            fault.unwrap().fault.unwrap().0.clone()
        };
        assert_eq!(blamed(&two(100).bad(1_250, 30, "sync").finish(1_400)), "f1");
        let worked_between = two(330).good(200, 1, "sync").finish(1_400);
        assert_eq!(blamed(&worked_between), "f2");
    }

    #[test]
    fn what_was_not_observed_is_inconclusive() {
        let verdict = |trace: &Trace, limits: &Limits| check(trace, limits).verdict;
        let early = bad_from(killed(&["sync"]), 90, 10).finish(1_079);
        assert_eq!(verdict(&early, &limits()), Verdict::Inconclusive);
        let long = bad_from(killed(&["sync"]), 90, 10).finish(9_000);
        assert_eq!(verdict(&long, &limits()), Verdict::Violated);
        let looser = Limits {
            recovery_ms: 2_000,
            ..limits()
        };
        assert_eq!(verdict(&long, &looser), Verdict::Inconclusive);

        let silent = killed(&["sync"]).good(90, 0, "sync").finish(9_000);
        assert_eq!(verdict(&silent, &limits()), Verdict::Inconclusive);
        let open = killed(&["sync"]).sent(90, 0, "sync").finish(9_000);
        assert_eq!(verdict(&open, &limits()), Verdict::Violated);

        let cut_short = killed(&["sync"])
            .sent(90, 0, "sync")
            .unknown(190, 0, UnknownReason::TimedOut)
            .finish(9_000);
        let patient = Limits {
            answer_ms: 200,
            ..limits()
        };
        assert_eq!(verdict(&cut_short, &limits()), Verdict::Violated);
        assert_eq!(verdict(&cut_short, &patient), Verdict::Inconclusive);

        let flapping = bad_from(killed(&["sync"]), 90, 10)
            .not_ready(500)
            .ready(600, None)
            .finish(9_000);
        assert_eq!(verdict(&flapping, &limits()), Verdict::Inconclusive);
        let gone = Script::new(&["sync"]).unhealed("f1", FaultKind::Kill, 30);
        assert_eq!(
            verdict(&gone.finish(9_000), &limits()),
            Verdict::Inconclusive
        );
    }

    #[test]
    fn what_this_machine_withheld_does_not_count() {
        let late_by = |late_ms| {
            let script = bad_from(killed(&["sync"]), 90, 10).good_row(1_100, 1, "sync");
            check(&script.late(900, late_ms).finish(1_400), &limits())
        };
        assert_eq!(late_by(10).reason.as_deref(), Some("recovered-late"));
        assert_eq!(late_by(100).verdict, Verdict::Holds);
    }

    #[test]
    fn a_request_that_was_sent_just_before_the_deadline_tells_nothing() {
        let verdict = |sent_ms| {
            let script = Script::new(&["sync"]).good(12, 0, "sync");
            let script = script.fault("f1", FaultKind::Kill, 30, 80);
            check(&script.sent(sent_ms, 1, "sync").finish(1_500), &limits()).verdict
        };
        // The usual time is 5 ms, and the deadline is at 1 080 ms.
        assert_eq!(verdict(1_075), Verdict::Violated);
        assert_eq!(verdict(1_076), Verdict::Inconclusive);
    }

    #[test]
    fn what_this_machine_withholds_after_the_deadline_excuses_nothing() {
        let squeezed = (0..10).fold(bad_from(killed(&["sync"]), 90, 10), |s, n| {
            s.late(94 + 100 * n, 3)
        });
        let open = squeezed.sent(500, 1, "sync").late(1_400, 200);
        let finding = check(&open.finish(1_500), &limits());
        assert_eq!(finding.reason.as_deref(), Some("never-recovered"));
    }

    #[test]
    fn failures_that_this_machine_may_have_caused_are_not_laid_to_the_api() {
        let script = |late_ms| {
            let script = bad_from(killed(&["sync"]), 90, 10);
            let script = (0..10).fold(script, |s, n| s.late(94 + 100 * n, late_ms));
            check(&script.finish(1_500), &limits())
        };
        assert_eq!(script(3).verdict, Verdict::Inconclusive);
        let calm = bad_from(killed(&["sync"]), 90, 10).late(300, 30);
        let finding = check(&calm.finish(1_500), &limits());
        assert_eq!(finding.reason.as_deref(), Some("never-recovered"));
    }
}
