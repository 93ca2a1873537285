//! What makes a whole trial inconclusive.

use std::collections::BTreeMap;

use crate::model::{API, Act};
use crate::trace::{EventKind, Origin, Phase, View};

/// Why the environment or the harness failed this trial, if it did: then the API is not accused of
/// anything in it.
pub(super) fn disturbance(view: &View<'_>) -> Option<String> {
    accident(view)
        .or_else(|| cut(view))
        .or_else(|| never_ready(view))
}

/// The reasons that hold however the trial goes on.
pub(super) fn lasting(view: &View<'_>) -> Option<String> {
    accident(view).or_else(|| never_ready(view))
}

fn accident(view: &View<'_>) -> Option<String> {
    trouble(view)
        .or_else(|| baseline(view))
        .or_else(|| foreign_exit(view))
}

fn trouble(view: &View<'_>) -> Option<String> {
    let events = view.setup().iter().chain(view.under_test());
    events.into_iter().find_map(|event| match &event.kind {
        EventKind::Trouble { during, message } => Some(format!("{during}: {message}")),
        EventKind::Interrupted => Some("the run was interrupted".to_owned()),
        _ => None,
    })
}

fn baseline(view: &View<'_>) -> Option<String> {
    let mut baseline = view
        .requests()
        .iter()
        .filter(|r| *r.origin == Origin::Baseline);
    baseline.find(|r| !r.is_ok()).map(|r| {
        let how = r
            .ended
            .map_or("no outcome".to_owned(), |end| end.outcome.to_string());
        format!(
            "the stack was not healthy to begin with: request {} ({}) of the baseline: {how}",
            r.id, r.kind
        )
    })
}

/// A backend that ended though no act of a fault accounts for it. Each kill or stop accounts for
/// one exit, which may be observed late, but not after the backend's next ready.
fn foreign_exit(view: &View<'_>) -> Option<String> {
    let mut due: BTreeMap<&str, u32> = BTreeMap::new();
    view.under_test()
        .iter()
        .find_map(|event| match &event.kind {
            EventKind::FaultIntent {
                backend,
                act: Act::Kill | Act::Stop { .. },
                ..
            } => {
                *due.entry(backend).or_default() += 1;
                None
            }
            EventKind::Ready { backend, .. } => {
                due.remove(backend.as_str());
                None
            }
            EventKind::Exited { service, oom, .. } if service != API => {
                let due = due.entry(service).or_default();
                match due.checked_sub(1) {
                    _ if *oom => Some(format!(
                        "the backend {service} was killed for want of memory"
                    )),
                    Some(left) => {
                        *due = left;
                        None
                    }
                    None => Some(format!(
                        "the backend {service} exited, and no fault had made it"
                    )),
                }
            }
            _ => None,
        })
}

fn never_ready(view: &View<'_>) -> Option<String> {
    let gone = view.faults().find(|window| window.ready.is_none())?;
    let backend = gone.backend;
    let fault = view.fault_kind(gone).map_or("fault", |kind| kind.name());
    Some(format!(
        "the backend {backend} was not seen ready again after its {fault}"
    ))
}

/// A complete trial has entered its last phase, whatever happened in it.
fn cut(view: &View<'_>) -> Option<String> {
    match view.last_phase() {
        Some(Phase::Drain) => None,
        Some(phase) => Some(format!("the trial was cut off in its phase {phase}")),
        None => Some("the trial was cut off before it began".to_owned()),
    }
}
