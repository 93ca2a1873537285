//! Every request is answered in time.

use super::hang::{Hang, hang};
use super::onset::onset;
use super::timing::Timing;
use super::{Invariant, wording};
use crate::model::{Finding, Limits};
use crate::trace::{Request, View};

/// Every HTTP exchange is answered within `answer`, and every accepted job is terminal within `job`
/// of the later of its acceptance and the last backend-ready. A job's limit is suspended while a
/// backend is away.
///
/// An exchange's limit counts from the moment when it was sent. It may have been due earlier, but a
/// burst's concurrency or a cap of the harness held it back. (Latencies count from when it was
/// due.) Time that this machine withheld does not count either.
pub struct NoHang;

impl Invariant for NoHang {
    fn name(&self) -> &'static str {
        "no-hang"
    }

    fn check(&self, view: &View<'_>, limits: &Limits) -> Finding {
        let timing = Timing::new(view, limits);
        let hangs: Vec<(&Request<'_>, Hang)> = view
            .requests()
            .iter()
            .filter_map(|r| Some((r, hang(view, limits, &timing, r)?)))
            .collect();
        let proven = || hangs.iter().filter(|(_, hang)| hang.is_proven());
        let all = view.requests().len();
        if let Some((first, hang)) = proven().next() {
            let reason = hang.reason();
            let alike = proven()
                .filter(|(_, other)| other.reason() == reason)
                .count();
            let message = format!(
                "{alike} of {} {}; the first, {}, sent {}, {}",
                wording::count(all, "request"),
                hang.summary(),
                wording::request(first),
                wording::place(view, first.sent.seq, first.sent.at_us),
                hang.detail(first, limits)
            );
            let proof = proof(view, first);
            let began = onset(view, first);
            return Finding::violated(self.name(), reason, Some(first.kind), message, began, proof);
        }
        let starved = hangs.iter().find(|(_, hang)| *hang == Hang::Starved);
        match starved.or(hangs.first()) {
            Some((first, hang)) => {
                let message = format!(
                    "{} of {} {}; the first is {}",
                    hangs.len(),
                    wording::count(all, "request"),
                    hang.summary(),
                    wording::request(first)
                );
                match hang {
                    Hang::Starved => {
                        Finding::doubted(self.name(), hang.reason(), Some(first.kind), message)
                    }
                    _ => Finding::inconclusive(self.name(), message),
                }
            }
            None => Finding::holds(
                self.name(),
                format!("{} ended in time", wording::count(all, "request")),
            ),
        }
    }
}

/// Its sending and acceptance, the faults and readies while it was open, and its end.
fn proof(view: &View<'_>, request: &Request<'_>) -> Vec<u64> {
    let until = request.ended.map_or(u64::MAX, |end| end.moment.seq);
    let windows = view.windows().iter();
    let turns = windows.flat_map(|w| [Some(w.began), w.ready.map(|ready| ready.moment)]);
    let turns = turns.flatten().map(|moment| moment.seq);
    [request.sent.seq]
        .into_iter()
        .chain(request.accepted.map(|accepted| accepted.moment.seq))
        .chain(turns.filter(|seq| (request.sent.seq..until).contains(seq)))
        .chain(request.ended.map(|end| end.moment.seq))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FaultKind, UnknownReason, Verdict};
    use crate::trace::script::{Script, limits};
    use crate::trace::{EventKind, Trace};

    fn check(trace: &Trace, limits: &Limits) -> Finding {
        NoHang.check(&View::new(trace), limits)
    }

    /// A job that is in flight when the backend is killed at 30 ms, ready at 80 ms.
    fn in_flight() -> Script {
        Script::new(&["job"])
            .good(12, 0, "job")
            .sent(28, 1, "job")
            .accepted(29, 1)
            .polled(29, 1, 200, Some("RUNNING"))
            .fault("f1", FaultKind::Kill, 30, 80)
    }

    #[test]
    fn holds_where_everything_ends_in_time() {
        let trace = in_flight().failed(1_080, 1, 500, "lost").finish(1_090);
        let finding = check(&trace, &limits());
        assert_eq!(finding.verdict, Verdict::Holds, "{}", finding.message);
    }

    #[test]
    fn a_job_that_never_ends_is_laid_to_the_fault_that_struck_it() {
        let trace = in_flight()
            .fault("f2", FaultKind::Pause, 300, 310)
            .unknown(1_310, 1, UnknownReason::JobNotTerminal)
            .finish(1_400);
        let finding = check(&trace, &limits());
        assert_eq!(finding.reason.as_deref(), Some("job-never-terminal"));
        assert_eq!(finding.kind.as_deref(), Some("job"));
        let view = View::new(&trace);
        let first = finding.evidence[0];
        assert_eq!(view.fault_before(first).unwrap().fault.unwrap().0, "f1");
        // Intent first, then sent, accepted, ready, the other fault's two, and the end.
        assert_eq!(finding.evidence.len(), 7);
        assert!(finding.evidence[1..].is_sorted());
        assert_eq!(
            finding.message,
            "1 of 2 requests became jobs that never finished; the first, request 1 (job, job j1), \
             sent before any fault, was still RUNNING after 1 s with every backend ready \
             (limit: 1 s)"
        );
    }

    #[test]
    fn a_job_sent_into_trouble_is_laid_to_the_fault_before_it() {
        let trace = Script::new(&["job"])
            .good(12, 0, "job")
            .fault("f1", FaultKind::Kill, 30, 80)
            .sent(100, 1, "job")
            .accepted(101, 1)
            .fault("f2", FaultKind::Pause, 300, 310)
            .unknown(1_310, 1, UnknownReason::JobNotTerminal)
            .finish(1_400);
        let finding = check(&trace, &limits());
        let view = View::new(&trace);
        let blamed = view.fault_before(finding.evidence[0]).unwrap();
        assert_eq!(blamed.fault.unwrap().0, "f1");
    }

    #[test]
    fn a_slow_job_is_laid_to_the_first_fault_where_none_came_before_it() {
        // How long such a job usually takes is unknown.
        let trace = Script::new(&["job"])
            .sent(12, 1, "job")
            .accepted(13, 1)
            .fault("f1", FaultKind::Kill, 30, 80)
            .unknown(1_080, 1, UnknownReason::JobNotTerminal)
            .finish(1_400);
        let finding = check(&trace, &limits());
        let view = View::new(&trace);
        let blamed = view.fault_before(finding.evidence[0]).unwrap();
        assert_eq!(blamed.fault.unwrap().0, "f1");
    }

    #[test]
    fn a_jobs_limit_starts_anew_with_ready_and_rests_while_a_backend_is_away() {
        let late = in_flight().ok(1_079, 1).finish(1_090);
        assert_eq!(check(&late, &limits()).verdict, Verdict::Holds);
        let late = in_flight().ok(1_081, 1).finish(1_090);
        assert_eq!(check(&late, &limits()).reason.as_deref(), Some("job-late"));
        // Another 900 ms away in between, and none of the calm stretches is too long.
        let away = in_flight()
            .fault("f2", FaultKind::Pause, 900, 1_800)
            .ok(2_700, 1)
            .finish(2_800);
        assert_eq!(check(&away, &limits()).verdict, Verdict::Holds);
    }

    #[test]
    fn an_exchange_without_an_answer_or_with_a_late_one() {
        let script = || Script::new(&["sync"]).sent(20, 0, "sync");
        let silent = script()
            .unknown(120, 0, UnknownReason::TimedOut)
            .finish(200);
        let finding = check(&silent, &limits());
        assert_eq!(finding.reason.as_deref(), Some("exchange-unanswered"));
        assert_eq!(
            check(&script().ok(120, 0).finish(200), &limits()).verdict,
            Verdict::Holds
        );
        let late = check(&script().ok(121, 0).finish(200), &limits());
        assert_eq!(late.reason.as_deref(), Some("exchange-late"));
        let slow_accept = Script::new(&["job"])
            .sent(20, 0, "job")
            .accepted(121, 0)
            .ok(122, 0)
            .finish(200);
        let finding = check(&slow_accept, &limits());
        assert_eq!(finding.reason.as_deref(), Some("exchange-late"));
    }

    #[test]
    fn a_poll_without_an_answer() {
        let lost = crate::trace::EventKind::PollLost {
            request: 0,
            reason: UnknownReason::TimedOut,
            waited_us: 100_000,
        };
        let trace = Script::new(&["job"])
            .sent(20, 0, "job")
            .accepted(21, 0)
            .event(130, lost)
            .ok(140, 0)
            .finish(200);
        let finding = check(&trace, &limits());
        assert_eq!(finding.reason.as_deref(), Some("exchange-unanswered"));
    }

    #[test]
    fn what_was_not_waited_for_is_inconclusive() {
        let pending = |end| Script::new(&["sync"]).sent(20, 0, "sync").finish(end);
        let verdict = |trace: &Trace, limits: &Limits| check(trace, limits).verdict;
        assert_eq!(verdict(&pending(119), &limits()), Verdict::Inconclusive);
        assert_eq!(verdict(&pending(120), &limits()), Verdict::Violated);

        let looser = Limits {
            answer_ms: 200,
            job_ms: 2_000,
            ..limits()
        };
        let silent = Script::new(&["sync"])
            .sent(20, 0, "sync")
            .unknown(120, 0, UnknownReason::TimedOut)
            .finish(2_000);
        assert_eq!(verdict(&silent, &looser), Verdict::Inconclusive);
        let stuck = in_flight()
            .unknown(1_080, 1, UnknownReason::JobNotTerminal)
            .finish(1_100);
        assert_eq!(verdict(&stuck, &limits()), Verdict::Violated);
        assert_eq!(verdict(&stuck, &looser), Verdict::Inconclusive);
        let open_job = |end_ms| in_flight().finish(end_ms);
        assert_eq!(verdict(&open_job(1_079), &limits()), Verdict::Inconclusive);
        assert_eq!(verdict(&open_job(1_080), &limits()), Verdict::Violated);
    }

    #[test]
    fn what_this_machine_withheld_counts_for_nobody() {
        let sync = || Script::new(&["sync"]).sent(20, 0, "sync");
        let verdict = |script: Script| check(&script.finish(4_000), &limits()).verdict;
        assert_eq!(verdict(sync().ok(128, 0).late(90, 8)), Verdict::Holds);
        assert_eq!(verdict(sync().ok(129, 0).late(90, 8)), Verdict::Violated);
        // It came after all, and a tenth of its time was withheld.
        let doubtful = verdict(sync().ok(133, 0).late(90, 12));
        assert_eq!(doubtful, Verdict::Inconclusive);
        let timed_out = |at_ms| sync().unknown(at_ms, 0, UnknownReason::TimedOut);
        assert_eq!(verdict(timed_out(150).late(90, 30)), Verdict::Violated);
        let (most, too_much) = (timed_out(220).late(90, 50), timed_out(220).late(90, 51));
        assert_eq!(verdict(most), Verdict::Violated);
        assert_eq!(verdict(too_much), Verdict::Inconclusive);
        assert_eq!(verdict(timed_out(120).late(90, 30)), Verdict::Inconclusive);
        // What had been sent before that was still to be worked off.
        let backlog = |late_ms| {
            let script = Script::new(&["sync"]).late(200, late_ms);
            verdict(script.sent(300, 0, "sync").ok(401, 0))
        };
        assert_eq!(backlog(100), Verdict::Violated);
        assert_eq!(backlog(101), Verdict::Inconclusive);
        let starved = sync().ok(300, 0).late(200, 150);
        let finding = check(&starved.finish(400), &limits());
        assert_eq!(
            finding.message,
            "1 of 1 request took longer than allowed while this machine was too busy to tell why; the first is request 0 (sync)"
        );
    }

    #[test]
    fn in_a_crowd_an_answer_may_be_late_and_where_all_are_slow_not_have_come_so_far() {
        let verdict = |percent, script: Script| {
            let over_us = 210_000;
            let crowded = EventKind::Crowded { percent, over_us };
            let script = script.event(230, crowded).finish(4_000);
            check(&script, &limits()).verdict
        };
        let sync = || Script::new(&["sync"]).sent(20, 0, "sync");
        let late = |percent| verdict(percent, sync().ok(220, 0));
        assert_eq!(late(299), Verdict::Violated);
        assert_eq!(late(300), Verdict::Inconclusive);
        // Others are answered meanwhile, in such a time each.
        let beside = |percent, took_ms: u64| {
            let others = (1..4).fold(sync(), |s, n| {
                s.sent(30 + n, n, "sync").ok(30 + n + took_ms, n)
            });
            let silent = others.unknown(120, 0, UnknownReason::TimedOut);
            verdict(percent, silent)
        };
        assert_eq!(beside(300, 10), Verdict::Violated);
        assert_eq!(beside(300, 11), Verdict::Inconclusive);
        assert_eq!(beside(299, 11), Verdict::Violated);
        let alone = sync().unknown(120, 0, UnknownReason::TimedOut);
        assert_eq!(verdict(900, alone), Verdict::Violated);
    }

    #[test]
    fn in_a_crowd_a_job_may_just_not_have_come_so_far_where_others_take_long() {
        let verdict = |percent, took_ms: u64| {
            let jobs = in_flight()
                .sent(85, 2, "job")
                .accepted(86, 2)
                .ok(86 + took_ms, 2)
                .unknown(1_080, 1, UnknownReason::JobNotTerminal);
            let over_us = 1_000_000;
            let jobs = jobs.event(1_080, EventKind::Crowded { percent, over_us });
            check(&jobs.finish(1_400), &limits()).verdict
        };
        assert_eq!(verdict(400, 100), Verdict::Violated);
        assert_eq!(verdict(400, 101), Verdict::Inconclusive);
        assert_eq!(verdict(250, 101), Verdict::Violated);
    }

    #[test]
    fn beyond_four_times_its_limit_a_hang_is_certain_whatever_the_machine_did() {
        // A third of all time is withheld. Each exchange is given up after its 100 ms and what was
        // withheld of them.
        let asked = |count: u64| {
            let script = Script::new(&["sync"]).good(12, 0, "sync");
            let busy = (0..90).fold(script, |s, n| s.late(20 + 30 * n, 10));
            let unanswered = (0..count).fold(busy, |s, n| {
                let sent_ms = 30 + 180 * n;
                s.sent(sent_ms, 1 + n, "sync").unknown(
                    sent_ms + 170,
                    1 + n,
                    UnknownReason::TimedOut,
                )
            });
            check(&unanswered.finish(2_700), &limits())
        };
        assert_eq!(asked(1).verdict, Verdict::Inconclusive);
        assert_eq!(asked(4).reason.as_deref(), Some("exchange-unanswered"));
    }

    #[test]
    fn a_job_that_others_overtake_is_left_behind_however_busy_the_machine_is() {
        let overtaken_by = |count: u64| {
            let others = (0..count).fold(in_flight(), |s, n| {
                let sent_ms = 100 + 50 * n;
                let sent = s.sent(sent_ms, 10 + n, "job").accepted(sent_ms + 1, 10 + n);
                sent.ok(sent_ms + 40, 10 + n)
            });
            let others = (0..70).fold(others, |s, n| s.late(20 + 30 * n, 10));
            let stuck = others.unknown(1_600, 1, UnknownReason::JobNotTerminal);
            check(&stuck.finish(2_000), &limits())
        };
        assert_eq!(overtaken_by(2).verdict, Verdict::Inconclusive);
        assert_eq!(
            overtaken_by(3).reason.as_deref(),
            Some("job-never-terminal")
        );
    }

    #[test]
    fn a_job_that_hangs_is_found_on_a_busy_machine_too() {
        // A tenth of each 100 ms is withheld.
        let busy = |script: Script| (1..20).fold(script, |s, n| s.late(100 * n, 10));
        let stuck = |at_ms| {
            let script = in_flight().unknown(at_ms, 1, UnknownReason::JobNotTerminal);
            check(&busy(script).finish(2_000), &limits())
        };
        // From 80 ms on, a second and the 110 ms that were withheld in it.
        let finding = stuck(1_190);
        assert_eq!(finding.reason.as_deref(), Some("job-never-terminal"));
        assert_eq!(stuck(1_150).verdict, Verdict::Inconclusive);
        let late = |at_ms| check(&busy(in_flight().ok(at_ms, 1)).finish(2_000), &limits());
        assert_eq!(late(1_190).verdict, Verdict::Holds);
        // It came after all.
        assert_eq!(late(1_250).verdict, Verdict::Inconclusive);
    }
}
