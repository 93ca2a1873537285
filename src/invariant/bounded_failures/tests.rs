use super::*;
use crate::model::{FaultKind, LinkFault, UnknownReason, Verdict};
use crate::trace::script::{Script, limits};
use crate::trace::{EventKind, Trace};

fn check(trace: &Trace, limits: &Limits) -> Finding {
    BoundedFailures.check(&View::new(trace), limits)
}

/// Killed from 30 to 80 ms; failures before and after ready; sustained success at 225 ms.
fn script() -> Script {
    Script::new(&["sync"])
        .fault("f1", FaultKind::Kill, 30, 80)
        .bad(40, 0, "sync")
        .bad(150, 1, "sync")
        .good_row(200, 2, "sync")
}

#[test]
fn a_kind_that_nobody_asked_for_has_as_much_time_as_any_other() {
    let trace = |first| {
        Script::new(&["sync"])
            .fault("f1", FaultKind::Kill, 30, 80)
            .bad(90, 0, "sync")
            .bad(first, 1, "sync")
            .good_row(first + 100, 2, "sync")
            .finish(9_000)
    };
    // Its recovery may take a second of being asked for.
    let finding = check(&trace(5_000), &limits());
    assert_eq!(finding.verdict, Verdict::Holds, "{}", finding.message);
    let steadily = (1..12).fold(trace_of_failures(), |s, n| s.bad(90 + 100 * n, n, "sync"));
    let finding = check(&steadily.finish(9_000), &limits());
    assert_eq!(finding.reason.as_deref(), Some("failure-outside-window"));
}

fn trace_of_failures() -> Script {
    Script::new(&["sync"]).fault("f1", FaultKind::Kill, 30, 80)
}

#[test]
fn failures_are_excused_until_success_is_sustained() {
    let holds = check(&script().finish(400), &limits());
    assert_eq!(holds.verdict, Verdict::Holds, "{}", holds.message);
    let relapse = script().bad(226, 9, "sync").finish(400);
    let finding = check(&relapse, &limits());
    assert_eq!(finding.reason.as_deref(), Some("failure-outside-window"));
    assert_eq!(
        finding.message,
        "1 failure away from any fault where 0 are allowed; request 9 (sync) was one too many, \
         201 ms after the kill of ray began: failed (503): away"
    );
    let allowed = Limits {
        stragglers: 1,
        ..limits()
    };
    assert_eq!(check(&relapse, &allowed).verdict, Verdict::Holds);
}

#[test]
fn a_connection_that_a_fault_has_left_dead_may_cost_a_request_after_success() {
    let relapse = |fault| {
        let fault = FaultKind::Link(fault);
        let script = Script::new(&["sync"]).fault("f1", fault, 30, 80);
        let script = script.good_row(200, 2, "sync").bad(300, 9, "sync");
        check(&script.finish(400), &limits()).verdict
    };
    assert_eq!(relapse(LinkFault::HalfOpen), Verdict::Holds);
    assert_eq!(relapse(LinkFault::BlackHole), Verdict::Violated);
}

#[test]
fn in_a_crowd_what_fails_at_once_is_no_deadline_that_passed() {
    // Two thirds of that time went to others: just not, and just, as much as is noticeable.
    let verdict = |took_ms: u64| {
        let late = script()
            .sent(300, 9, "sync")
            .failed(300 + took_ms, 9, 503, "deadline");
        let crowded = EventKind::Crowded {
            percent: 300,
            over_us: 400_000,
        };
        check(&late.event(600, crowded).finish(900), &limits()).verdict
    };
    assert_eq!(verdict(149), Verdict::Violated);
    assert_eq!(verdict(151), Verdict::Inconclusive);
}

#[test]
fn a_failure_before_any_fault_is_outside() {
    let trace = script().bad(20, 9, "sync").finish(400);
    let finding = check(&trace, &limits());
    assert_eq!(finding.verdict, Verdict::Violated);
    // One that is still open when the fault strikes is not.
    let struck = script()
        .sent(20, 9, "sync")
        .failed(35, 9, 503, "away")
        .finish(400);
    assert_eq!(check(&struck, &limits()).verdict, Verdict::Holds);
}

#[test]
fn the_default_grace_ends_with_the_recovery_limit() {
    let trace = Script::new(&["sync"])
        .fault("f1", FaultKind::Kill, 30, 80)
        .sent(85, 2, "sync")
        .bad(1_000, 0, "sync")
        .bad(1_081, 1, "sync")
        .finish(1_200);
    let finding = check(&trace, &limits());
    assert_eq!(finding.verdict, Verdict::Violated);
    assert!(
        finding.message.contains("request 1 "),
        "{}",
        finding.message
    );
}

#[test]
fn a_grace_that_is_set_replaces_the_default() {
    let grace = |grace_ms| Limits {
        grace_ms: Some(grace_ms),
        ..limits()
    };
    let trace = script().finish(400);
    assert_eq!(check(&trace, &grace(70)).verdict, Verdict::Holds);
    assert_eq!(check(&trace, &grace(69)).verdict, Verdict::Violated);
}

#[test]
fn the_budget_counts_every_failure() {
    let budget = |failures, stragglers| Limits {
        failures: Some(failures),
        stragglers,
        ..limits()
    };
    let trace = script().finish(400);
    assert_eq!(check(&trace, &budget(2, 0)).verdict, Verdict::Holds);
    let over = check(&trace, &budget(1, 0));
    assert_eq!(over.reason.as_deref(), Some("over-budget"));
    assert_eq!(check(&trace, &budget(1, 1)).verdict, Verdict::Holds);
}

#[test]
fn dropped_requests_are_no_failures_and_early_time_outs_are_undecided() {
    let ended = |reason| {
        let sent = script().sent(260, 9, "sync");
        sent.unknown(360, 9, reason).finish(400)
    };
    let dropped = ended(UnknownReason::Dropped);
    assert_eq!(check(&dropped, &limits()).verdict, Verdict::Holds);
    let timed_out = ended(UnknownReason::TimedOut);
    assert_eq!(check(&timed_out, &limits()).verdict, Verdict::Violated);
    let patient = Limits {
        answer_ms: 200,
        ..limits()
    };
    assert_eq!(check(&timed_out, &patient).verdict, Verdict::Inconclusive);
}

/// Of SQLAlchemy's pool, behind a PostgreSQL that waited for the processor meanwhile.
#[test]
fn no_deadline_is_as_short_as_a_failure_that_comes_at_once() {
    let relapse = |waited_before_ms: u64, took_ms: u64| {
        let script =
            script()
                .sent(1_400, 9, "sync")
                .failed(1_400 + took_ms, 9, 500, "OperationalError");
        let script = script
            .waited(1_300, waited_before_ms, 200)
            .waited(1_500, 30, 150);
        check(&script.finish(1_700), &limits()).verdict
    };
    assert_eq!(relapse(50, 7), Verdict::Violated);
    // A health check may have failed for want of a processor just before.
    assert_eq!(relapse(150, 7), Verdict::Inconclusive);
    // It may have a deadline of 30 ms.
    assert_eq!(relapse(50, 30), Verdict::Inconclusive);
    // What was said sooner before is no deadline's word.
    let twice = script()
        .sent(1_300, 8, "sync")
        .failed(1_305, 8, 500, "closed by server")
        .sent(1_400, 9, "sync")
        .failed(1_490, 9, 500, "closed by server")
        .waited(1_500, 60, 200);
    let finding = check(&twice.finish(1_700), &limits());
    assert_eq!(finding.verdict, Verdict::Violated);
    assert!(
        finding.message.starts_with("2 failures"),
        "{}",
        finding.message
    );
}

/// A PostgreSQL beside busy loops: it waits for most of its start, and a little after.
#[test]
fn what_this_machine_kept_from_work_before_ready_is_no_excuse_after_it() {
    let no_grace = Limits {
        grace_ms: Some(0),
        ..limits()
    };
    let first_call = |sent_ms: u64, waited_after_ms: u64| {
        let restarted = Script::new(&["sync"])
            .fault("f1", FaultKind::Kill, 30, 900)
            .waited(890, 500, 600)
            .sent(sent_ms, 1, "sync")
            .failed(sent_ms + 8, 1, 500, "OperationalError")
            .waited(1_090, waited_after_ms, 200);
        check(&restarted.finish(2_000), &no_grace).verdict
    };
    assert_eq!(first_call(1_000, 2), Verdict::Violated);
    // A health check may have failed meanwhile, where it had the time to.
    assert_eq!(first_call(1_000, 20), Verdict::Inconclusive);
    assert_eq!(first_call(920, 20), Verdict::Inconclusive);
    assert_eq!(first_call(919, 20), Verdict::Violated);
    // A backend that was away without a fault may itself have been kept from work.
    let stumbled = Script::new(&["sync"])
        .fault("f1", FaultKind::Kill, 30, 80)
        .not_ready(700)
        .ready(900, None)
        .waited(890, 500, 600)
        .sent(910, 1, "sync")
        .failed(918, 1, 500, "OperationalError")
        .waited(1_090, 20, 200);
    let verdict = check(&stumbled.finish(2_000), &no_grace).verdict;
    assert_eq!(verdict, Verdict::Inconclusive);
}

#[test]
fn a_failure_while_this_machine_was_busy_proves_nothing() {
    let relapse = |late_ms| {
        let script = script()
            .sent(300, 9, "sync")
            .failed(560, 9, 500, "deadline");
        check(&script.late(500, late_ms).finish(700), &limits())
    };
    assert_eq!(relapse(25).verdict, Verdict::Violated);
    let finding = relapse(26);
    assert_eq!(finding.verdict, Verdict::Inconclusive);
    assert_eq!(
        finding.message,
        "3 failures, 1 of them away from any fault; some were given up earlier than these limits do, \
         or failed while this machine was too busy to serve them"
    );
    // Another one that was not held up is still a proof.
    let other = script()
        .bad(300, 8, "sync")
        .bad(560, 9, "sync")
        .late(563, 20);
    assert_eq!(
        check(&other.finish(700), &limits()).verdict,
        Verdict::Violated
    );
}
