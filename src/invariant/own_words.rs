//! Evidence that does not depend on how fast the machine is: the API's own words.
//!
//! | what is seen | why a busy machine did not do it |
//! |---|---|
//! | explicit failures that come at once | whoever answers at once has the time to answer |
//! | explicit failures that all take the same time | a deadline of the API's own; what waits for a processor varies |
//! | refused connections | the kernel answers them, and the API is not needed for it |
//! | failures in the same words as one that came sooner than any deadline | a deadline's words never come before it has passed |
//!
//! A deadline of the API's own may pass because its *backend* had no processor time. So failures of
//! one length prove nothing where the kernel says that the services waited.

use std::collections::BTreeMap;

use super::patience::Patience;
use crate::model::{Outcome, UnknownReason};
use crate::trace::{Request, Span, View};

/// What comes within this time comes at once, in microseconds. It is no limit of the configuration,
/// so that none of these changes a verdict.
const QUICK_US: u64 = 100_000;

/// Times that differ from their median by no more than this part of it are the same.
const SAME: u64 = 10;

/// Fewer failures than this in the second half of the time may have another cause.
const ENOUGH: usize = 3;

/// No API has a deadline as short as this, in microseconds.
const SHORTEST_DEADLINE_US: u64 = 20_000;

/// What an API does at once, it may have decided up to this long before the request, in
/// microseconds: a health check failed because its backend was kept waiting. What it decided before
/// the last ready, it decided because of the fault.
const DECIDED_WITHIN_US: u64 = 1_000_000;

/// The failures whose words cannot be those of a deadline.
pub(super) struct Prompt<'a> {
    /// The soonest of the failures in the same words, in microseconds.
    soonest: BTreeMap<(u16, &'a str), u64>,
    /// When a backend became ready, in order.
    ready_us: Vec<u64>,
}

impl<'a> Prompt<'a> {
    pub(super) fn new(view: &View<'a>) -> Self {
        let mut soonest = BTreeMap::new();
        for request in view.requests() {
            if let Some(words) = words(request) {
                let took_us = request.span().length_us();
                let known = soonest.entry(words).or_insert(took_us);
                *known = took_us.min(*known);
            }
        }
        let ready = view.windows().iter().filter_map(|window| window.ready);
        let mut ready_us: Vec<u64> = ready.map(|ready| ready.moment.at_us).collect();
        ready_us.sort_unstable();
        Prompt { soonest, ready_us }
    }

    /// Whether no deadline of the API's own can have made a request fail, and nothing that it could
    /// not do in time just before. It failed by the API's doing then, however busy the machine was.
    pub(super) fn tells(&self, patience: &Patience<'_, '_>, request: &Request<'a>) -> bool {
        let soonest = words(request).and_then(|words| self.soonest.get(&words));
        soonest.is_some_and(|us| *us <= SHORTEST_DEADLINE_US)
            && !self.may_have_decided_before(patience, request)
    }

    /// Whether something that this machine kept from work since the last ready may have made the API
    /// decide to fail the request. That takes a deadline, which cannot pass in less time than the
    /// shortest.
    fn may_have_decided_before(&self, patience: &Patience<'_, '_>, request: &Request<'_>) -> bool {
        let span = request.span();
        let mut before = Span::before(span.from_us, DECIDED_WITHIN_US);
        let earlier = self
            .ready_us
            .partition_point(|at_us| *at_us <= span.from_us);
        if let Some(last) = earlier.checked_sub(1) {
            before.from_us = before.from_us.max(self.ready_us[last]);
        }
        before.length_us() >= SHORTEST_DEADLINE_US && patience.kept_from_work(before)
    }
}

/// What the API said of a failure. Whatever says nothing is told apart by nothing.
fn words<'a>(request: &Request<'a>) -> Option<(u16, &'a str)> {
    match request.ended?.outcome {
        Outcome::Failed {
            status, message, ..
        } if !message.is_empty() => Some((*status, message)),
        _ => None,
    }
}

/// Whether what failed over some time failed by the API's own doing, however busy the machine was:
/// most of it did, and still did so in the second half of the time.
pub(super) fn tell(patience: &Patience<'_, '_>, failures: &[&Request<'_>], time: Span) -> bool {
    let explicit: Vec<Failure> = failures.iter().filter_map(|r| Failure::of(r)).collect();
    let mut took: Vec<u64> = explicit.iter().map(|f| f.span.length_us()).collect();
    took.sort_unstable();
    let median_us = took.get(took.len() / 2).copied().unwrap_or(0);
    let same = |f: &Failure| f.span.length_us().abs_diff(median_us) <= median_us / SAME;
    let same_count = explicit.iter().filter(|f| same(f)).count();
    // Nearly all of them are the same, or none of them counts as that.
    let are_same = same_count * SAME as usize >= explicit.len() * (SAME as usize - 1);
    let by_deadline = are_same && median_us > QUICK_US && !patience.kept_waiting(time);
    let own: Vec<&Failure> = explicit
        .iter()
        .filter(|f| f.refused || (by_deadline && same(f)) || f.is_quick(patience))
        .collect();
    let half_us = time.from_us + time.length_us() / 2;
    let late = own.iter().filter(|f| f.span.from_us >= half_us);
    2 * own.len() >= failures.len() && late.count() >= ENOUGH
}

/// A failure that somebody stated: the API, or for a closed port the kernel.
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

    /// Whether it came at once, and nothing was withheld meanwhile: a deadline of the API's own may
    /// be short, too.
    fn is_quick(&self, patience: &Patience<'_, '_>) -> bool {
        self.span.length_us() <= QUICK_US && !patience.squeezed_by_itself(self.span)
    }
}
