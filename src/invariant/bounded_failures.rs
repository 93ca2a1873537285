//! Failures stay near the faults.

use std::collections::{BTreeMap, BTreeSet};

use super::api_at_fault::QuickFailures;
use super::timing::Timing;
use super::{Invariant, first_call, wording};
use crate::model::{Finding, Limits};
use crate::trace::{Request, Span, Spans, View, Window};

/// `failed` and `unknown` lie only between a fault's intent and its backend's ready + `grace`;
/// without a grace, until success is sustained, and at most for as long after ready as the kind was
/// [asked](View::asked) for `recovery`.
///
/// Success is not the end after a fault that leaves connections dead: a pool may hold several, and
/// each costs a request until it is found out.
///
/// A request lies there if any moment between its sending and its end does. At most `stragglers`
/// may lie elsewhere. A budget of `failures` limits the others: all failures together must not
/// exceed budget plus stragglers, so that a longer grace, which makes a straggler an ordinary
/// failure, cannot break the budget.
///
/// A failure while this machine withholds a considerable part of the time may be due to a deadline
/// of the API's own: it proves nothing, unless its message has come sooner than any deadline.
pub struct BoundedFailures;

impl Invariant for BoundedFailures {
    fn name(&self) -> &'static str {
        "bounded-failures"
    }

    fn check(&self, view: &View<'_>, limits: &Limits) -> Finding {
        self.judged(view, limits)
            .with_figures(first_call::figures(view))
    }
}

impl BoundedFailures {
    fn judged(&self, view: &View<'_>, limits: &Limits) -> Finding {
        let timing = Timing::new(view, limits);
        let kinds: BTreeSet<&str> = view.requests().iter().map(|r| r.kind).collect();
        let excuses = kinds.into_iter().map(|k| (k, excused(view, limits, k)));
        let excuses: BTreeMap<&str, Spans> = excuses.collect();
        let mut failures: Vec<&Request<'_>> = view
            .requests()
            .iter()
            .filter(|r| r.failure().is_some())
            .collect();
        failures.sort_by_key(|r| r.ended.map(|end| end.moment));
        let excused = |r: &&Request<'_>| excuses.get(r.kind).is_some_and(|e| e.touch(r.span()));
        let outside = |r: &&Request<'_>| !excused(r);
        let stragglers: Vec<_> = failures.iter().copied().filter(outside).collect();
        let budget = limits
            .failures
            .map(|budget| budget.saturating_add(limits.stragglers));

        let checks = [
            (
                &stragglers,
                Some(limits.stragglers),
                "failure-outside-window",
            ),
            (&failures, budget, "over-budget"),
        ];
        let quick = QuickFailures::new(view);
        let (mut undecided, mut doubted) = (false, None);
        let mut violations = Vec::new();
        for (found, allowed, reason) in checks {
            let allowed = allowed.unwrap_or(u64::MAX);
            let (doubtful, sure): (Vec<&Request<'_>>, Vec<&Request<'_>>) =
                found.iter().partition(|r| {
                    let open = r.span();
                    let is_held_up = timing.may_be_delayed(open) || timing.is_slowed_by_crowd(open);
                    timing.was_given_up_early(r) || (is_held_up && !quick.show(&timing, r))
                });
            // The first failure above the limit.
            let excess = usize::try_from(allowed).ok().and_then(|n| sure.get(n));
            if let Some(excess) = excess {
                violations.push(self.violated(view, reason, sure.len(), allowed, excess));
            }
            if sure.len() as u64 <= allowed {
                let busy = doubtful.iter().find(|r| !timing.was_given_up_early(r));
                doubted = doubted.or(busy.map(|r| (reason, r.kind)));
            }
            undecided |= (sure.len() + doubtful.len()) as u64 > allowed;
        }
        // The first failure above the limit stays the first, whatever fails later.
        let first = violations
            .into_iter()
            .min_by_key(|finding| finding.evidence.first().copied());
        if let Some(first) = first {
            return first;
        }
        let summary = format!(
            "{}, {} of them away from any fault",
            wording::count(failures.len(), "failure"),
            stragglers.len()
        );
        if !undecided {
            return Finding::holds(self.name(), summary);
        }
        let message = format!(
            "{summary}; some were given up earlier than these limits do, or failed while this machine was too busy to serve them"
        );
        match doubted {
            Some((reason, kind)) => Finding::doubted(self.name(), reason, Some(kind), message),
            None => Finding::inconclusive(self.name(), message),
        }
    }

    fn violated(
        &self,
        view: &View<'_>,
        reason: &str,
        found: usize,
        allowed: u64,
        excess: &Request<'_>,
    ) -> Finding {
        let (what, end) = match excess.ended {
            Some(end) => (end.outcome.to_string(), end.moment),
            None => (String::new(), excess.sent),
        };
        let place = match reason {
            "over-budget" => "",
            _ => " away from any fault",
        };
        let message = format!(
            "{}{place} where {allowed} are allowed; {} was one too many, {}: {what}",
            wording::count(found, "failure"),
            wording::request(excess),
            wording::place(view, end.seq, end.at_us),
        );
        let proof = vec![excess.sent.seq];
        Finding::violated(
            self.name(),
            reason,
            Some(excess.kind),
            message,
            end.seq,
            proof,
        )
    }
}

/// The times around the windows in which failures of a kind are expected.
fn excused(view: &View<'_>, limits: &Limits, kind: &str) -> Spans {
    let recovery_us = limits.recovery_ms.saturating_mul(1_000);
    let excused = |window: &Window<'_>| {
        let Span { from_us, to_us } = window.span();
        let to_us = match (limits.grace_ms, window.ready) {
            (Some(grace_ms), _) => view.withheld().later(to_us, grace_ms.saturating_mul(1_000)),
            (None, None) => to_us,
            (None, Some(_)) => {
                // A connection that the fault has left dead may be used at any later time.
                let leaves_dead = view
                    .fault_kind(window)
                    .is_some_and(|kind| kind.leaves_dead_connections());
                let settled = view.settled(to_us).filter(|_| !leaves_dead);
                let settled_us = settled.map(|moment| moment.at_us);
                let latest_us = view.asked(kind, to_us).until(recovery_us);
                latest_us
                    .unwrap_or(u64::MAX)
                    .min(settled_us.unwrap_or(u64::MAX))
            }
        };
        Span { from_us, to_us }
    };
    view.windows().iter().map(excused).collect()
}

#[cfg(test)]
mod tests;
