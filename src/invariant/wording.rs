//! How messages speak of times and numbers.

pub(super) use crate::model::{count, duration_us};
use crate::trace::{Request, View};

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

/// Where an event lies relative to the fault before it: "120 ms after the kill of ray began".
pub(super) fn place(view: &View<'_>, seq: u64, at_us: u64) -> String {
    let Some(window) = view.fault_before(seq) else {
        return "before any fault".to_owned();
    };
    let fault = view.fault_kind(window).map_or("fault", |kind| kind.name());
    let since = at_us.saturating_sub(window.began.at_us);
    format!(
        "{} after the {fault} of {} began",
        duration_us(since),
        window.backend
    )
}
