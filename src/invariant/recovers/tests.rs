//! Recoveries that are in time, late, missing or undecided.

use super::*;
use crate::model::{FaultKind, UnknownReason};
use crate::trace::script::{Script, limits};
use crate::trace::{EventKind, Phase, Trace};

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
        "after backend-ready, sync first succeeded after 125 ms and lastingly after 145 ms"
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
        "after backend-ready, job first succeeded after 15 ms and lastingly after 35 ms; \
         sync never succeeded in 1.02 s, which is a lower bound (10 requests sent)"
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
fn the_clock_stands_still_while_nobody_asks() {
    // The plan goes on for five seconds after its last fault, and asks twice.
    let asked_twice = killed(&["sync"]).bad(90, 0, "sync").good(3_000, 1, "sync");
    let probed = asked_twice.phase(5_000, Phase::Recovery);
    let finding = check(&probed.good_row(5_001, 2, "sync").finish(6_100), &limits());
    assert_eq!(finding.verdict, Verdict::Holds, "{}", finding.message);
    assert_eq!(
        finding.message,
        "after backend-ready, sync first succeeded after 220 ms and lastingly after 436 ms, \
         not counting 4.5 s in which nobody asked"
    );
    let figures: Vec<f64> = finding.figures.iter().map(|figure| figure.value).collect();
    assert_eq!(figures, [220.0, 436.0]);
}

#[test]
fn what_never_recovers_is_found_however_long_the_plan_went_on() {
    let asked_twice = killed(&["sync"]).bad(90, 0, "sync").bad(3_000, 1, "sync");
    let probed = bad_from(asked_twice.phase(5_000, Phase::Recovery), 5_001, 10);
    let finding = check(&probed.finish(6_100), &limits());
    assert_eq!(finding.reason.as_deref(), Some("never-recovered"));
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
        .phase(85, Phase::Recovery)
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
        let probed = script.phase(80, Phase::Recovery);
        check(&probed.sent(sent_ms, 1, "sync").finish(1_500), &limits()).verdict
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

#[test]
fn in_a_crowd_a_late_recovery_may_have_been_in_time_on_a_free_machine() {
    let finding = |percent, recovered| {
        let script = bad_from(killed(&["sync"]), 90, 10);
        let script = match recovered {
            true => script.good_row(1_100, 1, "sync"),
            false => script,
        };
        let over_us = 1_100_000;
        let crowded = EventKind::Crowded { percent, over_us };
        check(&script.event(1_180, crowded).finish(1_400), &limits())
    };
    assert_eq!(finding(299, true).reason.as_deref(), Some("recovered-late"));
    assert_eq!(finding(300, true).verdict, Verdict::Inconclusive);
    // Its failures come at once: it has time enough.
    let never = finding(900, false);
    assert_eq!(never.reason.as_deref(), Some("never-recovered"));
}

/// A third of all time is withheld.
fn busy(script: Script) -> Script {
    (1..150).fold(script, |s, n| s.late(30 * n, 10))
}

#[test]
fn what_the_api_says_at_once_it_says_on_a_busy_machine_too() {
    let verdict = |took_ms: u64, refused: bool| {
        let script = (0..30).fold(busy(killed(&["sync"])), |s, n| {
            // Between two delays of the harness, or right through them.
            let sent_ms = 91 + 60 * n;
            let sent = s.sent(sent_ms, 10 + n, "sync");
            match refused {
                true => sent.unknown(sent_ms + took_ms, 10 + n, UnknownReason::Refused),
                false => sent.failed(sent_ms + took_ms, 10 + n, 503, "away"),
            }
        });
        check(&script.finish(4_000), &limits()).verdict
    };
    assert_eq!(verdict(5, false), Verdict::Violated);
    assert_eq!(verdict(50, true), Verdict::Violated);
}

#[test]
fn failures_that_take_as_long_as_it_comes_may_be_the_machines() {
    let verdict = |jitter_ms: u64| {
        let script = (0..20).fold(busy(killed(&["sync"])), |s, n| {
            let (sent_ms, took_ms) = (91 + 130 * n, 120 + jitter_ms * (n % 4));
            s.sent(sent_ms, 10 + n, "sync").failed(
                sent_ms + took_ms,
                10 + n,
                503,
                "no connection after 0.12 s",
            )
        });
        check(&script.finish(4_000), &limits()).verdict
    };
    // One deadline, again and again: the API's own. Nothing of the kind where the times vary.
    assert_eq!(verdict(2), Verdict::Violated);
    assert_eq!(verdict(40), Verdict::Inconclusive);
}

#[test]
fn no_limit_of_an_answer_changes_what_the_api_says_itself() {
    let crowded = EventKind::Crowded {
        percent: 900,
        over_us: 4_000_000,
    };
    let script = (0..8).fold(killed(&["sync"]), |s, n| {
        let sent_ms = 91 + 125 * n;
        s.sent(sent_ms, 10 + n, "sync").failed(
            sent_ms + 120,
            10 + n,
            503,
            "no connection after 0.12 s",
        )
    });
    let trace = script.event(4_000, crowded).finish(4_000);
    for answer_ms in [10, 100, 1_000, 100_000] {
        let limits = Limits {
            answer_ms,
            ..limits()
        };
        let finding = check(&trace, &limits);
        let reason = finding.reason.as_deref();
        assert_eq!(reason, Some("never-recovered"), "{answer_ms}: {finding:?}");
    }
}

#[test]
fn nothing_in_four_times_the_limit_is_never_on_any_machine() {
    let in_vain = |until_ms: u64| {
        let asked = (0..30).map(|n| 91 + 170 * n);
        let asked = asked.filter(|at_ms| *at_ms < until_ms);
        asked.fold(busy(killed(&["sync"])), |s, at_ms| {
            s.sent(at_ms, at_ms, "sync")
                .unknown(at_ms + 160, at_ms, UnknownReason::TimedOut)
        })
    };
    let never = |until_ms| check(&in_vain(until_ms).finish(until_ms + 300), &limits());
    assert_eq!(never(1_800).verdict, Verdict::Inconclusive);
    let reason = never(4_200).reason;
    assert_eq!(reason.as_deref(), Some("never-recovered"));
    // What succeeds after that takes nothing of it back.
    let late = |until_ms| {
        let script = in_vain(until_ms).good_row(until_ms + 200, 1, "sync");
        check(&script.finish(until_ms + 400), &limits())
    };
    assert_eq!(late(1_800).verdict, Verdict::Inconclusive);
    let late = late(4_200);
    assert_eq!(late.verdict, Verdict::Violated, "{}", late.message);
    assert_eq!(late.reason.as_deref(), Some("recovered-late"));
}

#[test]
fn what_worked_again_is_not_said_never_to_have_recovered() {
    let trace = bad_from(killed(&["sync"]), 90, 10)
        .good(1_200, 1, "sync")
        .finish(1_400);
    let finding = check(&trace, &limits());
    assert_eq!(finding.reason.as_deref(), Some("not-sustained"));
    let told = "not sustained when the trial ended";
    assert!(finding.message.contains(told), "{}", finding.message);
}

#[test]
fn the_same_is_said_once_for_all_kinds() {
    let told = [
        ("job", "job never succeeded in 2 s (3 requests sent)"),
        ("sync", "sync never succeeded in 2 s (5 requests sent)"),
        ("cold", "cold first succeeded after 9 ms"),
    ];
    assert_eq!(
        super::together(told.into_iter()),
        "job and sync never succeeded in 2 s (3 requests sent; 5 requests sent); cold first succeeded after 9 ms"
    );
}
