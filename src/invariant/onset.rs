//! When a request began to fail.

use crate::model::API;
use crate::trace::{EventKind, Moment, Request, View};

/// The event with which a request began to fail, in hindsight: the intent of the fault that hit it,
/// or its own sending if the API was already failing then.
///
/// A request that hangs is open during all later faults, too. So a fault counts as having hit it
/// only if it came before the request would usually have been done: within the time that the
/// slowest success of its kind had taken, with every backend ready, until that fault. Later
/// successes do not count: otherwise a verdict that is sure could still change.
///
/// If the API itself ended while the request was open, it is that event.
pub(super) fn onset(view: &View<'_>, request: &Request<'_>) -> u64 {
    let open_until = request.ended.map_or(u64::MAX, |end| end.moment.seq);
    let sent = request.sent.seq;
    if let Some(exit) = api_exit(view, sent).filter(|exit| exit.seq < open_until) {
        return exit.seq;
    }
    let struck = view
        .faults()
        .map(|window| window.began)
        .find(|began| (sent..open_until).contains(&began.seq));
    let innocent_before = view.fault_before(sent).is_none();
    match struck {
        Some(began) if innocent_before || began.at_us <= overdue_us(view, request, began.at_us) => {
            began.seq
        }
        _ => sent,
    }
}

/// When a request would usually have been done, judged at some time: after as long as the slowest
/// success of its kind had taken by then with every backend ready.
pub(super) fn overdue_us(view: &View<'_>, request: &Request<'_>, known_us: u64) -> u64 {
    let usual_us = view
        .requests()
        .iter()
        .filter(|r| r.kind == request.kind && r.is_ok() && !view.away().touch(r.span()))
        .filter_map(|r| r.ended)
        .filter(|end| end.moment.at_us <= known_us)
        .map(|end| end.latency_us)
        .max();
    request.intended_us.saturating_add(usual_us.unwrap_or(0))
}

/// The first end of the API's process after an event.
pub(super) fn api_exit(view: &View<'_>, after_seq: u64) -> Option<Moment> {
    let mut events = view.under_test().iter();
    let exit = events.find(|event| {
        let of_api = matches!(&event.kind, EventKind::Exited { service, .. } if service == API);
        of_api && event.seq > after_seq
    });
    exit.map(|event| event.moment())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FaultKind, UnknownReason};
    use crate::trace::script::Script;

    /// Whether the hanging request is laid to the second fault, which comes so long after its
    /// sending, where a success before took 5 ms and a later one takes a second.
    fn laid_to_the_fault(after_ms: u64) -> bool {
        let at_ms = 100 + after_ms;
        let trace = Script::new(&["sync"])
            .good(12, 0, "sync")
            .fault("f1", FaultKind::Kill, 30, 80)
            .sent(100, 1, "sync")
            .fault("f2", FaultKind::Kill, at_ms, at_ms + 20)
            .unknown(600, 1, UnknownReason::TimedOut)
            .sent(700, 2, "sync")
            .ok(1_700, 2)
            .finish(2_000);
        let view = View::new(&trace);
        let hung = view.requests().iter().find(|r| r.id == 1).unwrap();
        let second = view.faults().nth(1).unwrap();
        onset(&view, hung) == second.began.seq
    }

    #[test]
    fn a_fault_struck_what_would_not_have_been_done_before_it_by_what_was_known_then() {
        assert!(laid_to_the_fault(5));
        assert!(!laid_to_the_fault(6));
    }
}
