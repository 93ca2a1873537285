//! The first request after an idle restart: the most frequent public bug report, and no violation
//! by default.

use crate::model::{FaultKind, Figure};
use crate::trace::{Request, View, Window};

/// How often the backend was restarted while nobody used the API, and how often the first request
/// after it was ready again failed although success was sustained later. Empty if it never was.
///
/// Only the next request finds out that a restart broke the connections of a pool. Such failures
/// lie before sustained success, so the default `grace` allows them; `grace = "0s"` does not.
pub(super) fn figures(view: &View<'_>) -> Vec<Figure> {
    let restarts: Vec<_> = view
        .faults()
        .filter_map(|window| first_call(view, window))
        .collect();
    let failed = restarts.iter().filter(|call| call.failure().is_some());
    match restarts.len() {
        0 => Vec::new(),
        all => vec![
            Figure::new(Figure::IDLE_RESTARTS, all as f64),
            Figure::new(Figure::FIRST_CALL_FAILED, failed.count() as f64),
        ],
    }
}

/// The first requests after an idle restart from which the API recovered.
fn first_call<'v, 'a>(view: &'v View<'a>, window: &Window<'_>) -> Option<&'v Request<'a>> {
    let restarts = matches!(
        view.fault_kind(window)?,
        FaultKind::Stop { .. } | FaultKind::Kill | FaultKind::Rapid { .. }
    );
    let ready = window.ready?.moment;
    let away = window.span();
    let in_use = |r: &Request<'_>| r.sent < ready && r.span().to_us >= away.from_us;
    if !restarts || view.requests().iter().any(in_use) {
        return None;
    }
    view.settled(ready.at_us)?;
    let after = view.requests().iter().filter(|r| r.sent > ready);
    after.min_by_key(|r| r.sent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::script::Script;

    /// A stack that is restarted at 30 ms and is ready at 80 ms.
    fn restarted(kind: FaultKind) -> Script {
        Script::new(&["sync"])
            .good(20, 0, "sync")
            .fault("f1", kind, 30, 80)
    }

    fn counted(script: Script) -> Vec<f64> {
        let trace = script.finish(400);
        let figures = figures(&View::new(&trace));
        figures.iter().map(|figure| figure.value).collect()
    }

    #[test]
    fn the_first_request_after_an_idle_restart_counts() {
        let kill = || restarted(FaultKind::Kill);
        assert_eq!(counted(kill().good_row(90, 1, "sync")), [1.0, 0.0]);
        let stale = kill().bad(90, 1, "sync").good_row(100, 2, "sync");
        assert_eq!(counted(stale), [1.0, 1.0]);
    }

    #[test]
    fn a_restart_under_load_a_freeze_and_an_api_that_does_not_recover_tell_nothing() {
        let busy = restarted(FaultKind::Kill).bad(50, 1, "sync");
        let busy = busy.bad(90, 2, "sync").good_row(100, 3, "sync");
        assert!(counted(busy).is_empty());
        let frozen = restarted(FaultKind::Pause).bad(90, 1, "sync");
        assert!(counted(frozen.good_row(100, 2, "sync")).is_empty());
        let broken = restarted(FaultKind::Kill).bad(90, 1, "sync");
        assert!(counted(broken).is_empty());
    }
}
