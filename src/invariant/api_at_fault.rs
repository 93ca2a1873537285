//! Evidence that the API is at fault, however busy the machine was: what it says of its failures,
//! and when.
//!
//! | what is seen | why a busy machine did not do it |
//! |---|---|
//! | explicit failures that come at once | an API that answers at once has the time to answer |
//! | explicit failures that all take the same time | a deadline of the API's own; waiting for a processor takes a different time each time |
//! | refused connections | the kernel answers them without the API |
//! | failures with the same message as one that came sooner than any deadline | a deadline's message never comes before the deadline |
//!
//! A deadline of the API's own may pass because its *backend* had no processor time. So failures of
//! one length prove nothing where the kernel says that the services waited.

use std::collections::BTreeMap;

use super::timing::Timing;
use crate::model::{Outcome, UnknownReason};
use crate::trace::{Request, Span, View};

/// A failure within this time comes at once, in microseconds. It does not depend on the
/// configured limits, so that they cannot change this evidence.
const QUICK_US: u64 = 100_000;

/// Times are the same if they differ from their median by no more than one part in this many.
const SAME: u64 = 10;

/// Fewer failures than this in the second half of the time may have another cause.
const ENOUGH: usize = 3;

/// No API has a shorter deadline than this, in microseconds.
const SHORTEST_DEADLINE_US: u64 = 20_000;

/// An API that fails at once may have decided to up to this long before the request, in
/// microseconds: a health check failed because its backend had no processor. A decision from before
/// the last ready is due to the fault.
const DECIDED_WITHIN_US: u64 = 1_000_000;

/// How soon failures came, by their message.
pub(super) struct QuickFailures<'v, 'a> {
    view: &'v View<'a>,
    /// The soonest failure with each message, in microseconds.
    soonest: BTreeMap<(u16, &'a str), u64>,
}

impl<'v, 'a> QuickFailures<'v, 'a> {
    pub(super) fn new(view: &'v View<'a>) -> Self {
        let mut soonest = BTreeMap::new();
        for request in view.requests() {
            if let Some(message) = message(request) {
                let took_us = request.span().length_us();
                let known = soonest.entry(message).or_insert(took_us);
                *known = took_us.min(*known);
            }
        }
        QuickFailures { view, soonest }
    }

    /// Whether they show that the API is at fault for the failure of a request, however busy the
    /// machine was: no deadline of the API's own can have made it fail, neither while it was open
    /// nor just before.
    pub(super) fn show(&self, timing: &Timing<'_, '_>, request: &Request<'a>) -> bool {
        let soonest = message(request).and_then(|message| self.soonest.get(&message));
        soonest.is_some_and(|us| *us <= SHORTEST_DEADLINE_US)
            && !self.may_be_decided_before(timing, request)
    }

    /// Whether lost processor time since the last ready may have made the API decide to fail the
    /// request. That takes a deadline, which cannot pass in less time than the shortest.
    fn may_be_decided_before(&self, timing: &Timing<'_, '_>, request: &Request<'_>) -> bool {
        let span = request.span();
        let mut before = Span::before(span.from_us, DECIDED_WITHIN_US);
        let ready = self.view.faults().filter_map(|window| window.ready);
        let ready_us = ready.map(|ready| ready.moment.at_us);
        if let Some(last_us) = ready_us.filter(|at_us| *at_us <= span.from_us).max() {
            before.from_us = before.from_us.max(last_us);
        }
        before.length_us() >= SHORTEST_DEADLINE_US && timing.lost_cpu_time(before)
    }
}

/// The status and message of a failure, if it has a message.
fn message<'a>(request: &Request<'a>) -> Option<(u16, &'a str)> {
    match request.ended?.outcome {
        Outcome::Failed {
            status, message, ..
        } if !message.is_empty() => Some((*status, message)),
        _ => None,
    }
}

/// Whether the failures of some time show that the API is at fault for them, however busy the
/// machine was: most of them do, and some of these lie in the second half of the time.
pub(super) fn is_shown(timing: &Timing<'_, '_>, failures: &[&Request<'_>], time: Span) -> bool {
    let explicit: Vec<Failure> = failures.iter().filter_map(|r| Failure::of(r)).collect();
    let mut took: Vec<u64> = explicit.iter().map(|f| f.span.length_us()).collect();
    took.sort_unstable();
    let median_us = took.get(took.len() / 2).copied().unwrap_or(0);
    let same = |f: &Failure| f.span.length_us().abs_diff(median_us) <= median_us / SAME;
    let same_count = explicit.iter().filter(|f| same(f)).count();
    // Unless nearly all are the same, none counts as such.
    let are_same = same_count * SAME as usize >= explicit.len() * (SAME as usize - 1);
    let by_deadline = are_same && median_us > QUICK_US && !timing.waited_for_cpu(time);
    let own: Vec<&Failure> = explicit
        .iter()
        .filter(|f| f.refused || (by_deadline && same(f)) || f.is_quick(timing))
        .collect();
    let half_us = time.from_us + time.length_us() / 2;
    let late = own.iter().filter(|f| f.span.from_us >= half_us);
    2 * own.len() >= failures.len() && late.count() >= ENOUGH
}

/// An explicit failure: the API said so, or for a closed port the kernel.
struct Failure {
    span: Span,
    refused: bool,
}

impl Failure {
    fn of(request: &Request<'_>) -> Option<Self> {
        let refused = match request.ended?.outcome {
            Outcome::Failed { .. } => false,
            Outcome::Unknown { reason, .. } if *reason == UnknownReason::Refused => true,
            _ => return None,
        };
        let span = request.span();
        Some(Failure { span, refused })
    }

    /// Whether it came at once while processor time was not withheld: a deadline of the API's own
    /// may be short, too.
    fn is_quick(&self, timing: &Timing<'_, '_>) -> bool {
        self.span.length_us() <= QUICK_US && !timing.may_be_delayed_within(self.span)
    }
}
