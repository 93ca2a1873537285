//! When a request's trouble began.

use crate::model::API;
use crate::trace::{EventKind, Moment, Request, View};

/// The event at which a request went wrong, seen in hindsight: the intent of the fault that struck it, or its own
/// sending where it was sent into trouble that was there already.
///
/// A request that hangs is open during everything that comes later, innocent faults included. So a fault
/// counts as having struck it only if it came before the request would usually have been done: within the time
/// that the slowest success of its kind took with every backend ready.
///
/// Where the API itself ended while the request was open, that is what went wrong.
pub(super) fn onset(view: &View<'_>, request: &Request<'_>) -> u64 {
    let calm = view
        .requests()
        .iter()
        .filter(|r| r.kind == request.kind && r.is_ok() && !view.away().touch(r.span()));
    let usual_us = calm.filter_map(|r| Some(r.ended?.latency_us)).max();
    let overdue_us = request.intended_us.saturating_add(usual_us.unwrap_or(0));
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
        Some(began) if began.at_us <= overdue_us || innocent_before => began.seq,
        _ => sent,
    }
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
