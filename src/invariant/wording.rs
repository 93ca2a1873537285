//! How messages speak of times and numbers.

use std::time::Duration;

pub(super) use crate::model::count;
use crate::trace::{Request, View};

/// A length of time for people: milliseconds up to ten seconds, seconds from there on.
pub(super) fn time(us: u64) -> String {
    let rounded = match us {
        0..10_000_000 => Duration::from_millis(us.div_ceil(1_000)),
        _ => Duration::from_secs(us / 1_000_000),
    };
    humantime::format_duration(rounded).to_string()
}

/// A request's number and kind, what it follows, and its job where it became one.
pub(super) fn request(request: &Request<'_>) -> String {
    let after = request
        .after
        .map_or(String::new(), |id| format!(", after request {id}"));
    let job = request
        .accepted
        .map_or(String::new(), |accepted| format!(", job {}", accepted.job));
    format!("request {} ({}{after}{job})", request.id, request.kind)
}

/// Where an event lies relative to the fault before it: "120ms after the kill of ray began".
pub(super) fn place(view: &View<'_>, seq: u64, at_us: u64) -> String {
    let Some(window) = view.fault_before(seq) else {
        return "before any fault".to_owned();
    };
    let fault = view.fault_kind(window).map_or("fault", |kind| kind.name());
    let since = at_us.saturating_sub(window.began.at_us);
    format!(
        "{} after the {fault} of {} began",
        time(since),
        window.backend
    )
}
