//! The API comes back when its backend does.

use super::onset::{api_exit, onset, overdue_us};
use super::patience::{Patience, ran_out};
use super::{Invariant, wording};
use crate::model::{Figure, Finding, Limits, Verdict};
use crate::trace::{Moment, Request, Span, View};

/// After the last fault, with the backend ready, the success of every request kind is sustained within `recovery`.
///
/// The time counts from the close of the last fault's window, and what this machine withheld does not count. Sustained is what
/// [`View::sustained_success`] says.
pub struct Recovers;

impl Invariant for Recovers {
    fn name(&self) -> &'static str {
        "recovers"
    }

    fn check(&self, view: &View<'_>, limits: &Limits) -> Finding {
        if view.faults().next().is_none() {
            return Finding::holds(self.name(), "no fault was done");
        }
        let Some(ready) = view.last_ready() else {
            return Finding::inconclusive(self.name(), "the backend never became ready again");
        };
        let recovery = Recovery {
            view,
            limits,
            ready,
        };
        let findings: Vec<Finding> = view
            .kinds()
            .map(|kind| recovery.of(self.name(), kind))
            .collect();
        let times = findings.iter().map(|finding| finding.message.as_str());
        let message = format!("after backend-ready, {}", together(view.kinds().zip(times)));
        // Of the kinds that did not recover, the one that went wrong first stands for all.
        let violated = findings.iter().filter(|f| f.verdict == Verdict::Violated);
        let first = violated.min_by_key(|finding| finding.evidence.first().copied());
        let undecided = || findings.iter().find(|f| f.verdict == Verdict::Inconclusive);
        let finding = match first.or_else(undecided) {
            Some(finding) => Finding {
                message,
                ..finding.clone()
            },
            None => Finding::holds(self.name(), message),
        };
        finding.with_figures(
            view.kinds()
                .flat_map(|kind| recovery.figures(kind))
                .collect(),
        )
    }

    /// Whether each kind has recovered, the deadline has passed, or the trial is violated by something that began before any backend was ready
    /// again, which is where the violation of this one would begin at the earliest.
    ///
    /// Where it is the recovery itself that a trial is violated by, what succeeds after the deadline tells "slow" from "never". So it is waited for,
    /// but not for longer than until a request that was sent in time has hung up to its own limit: its likes that are still in flight
    /// would do the same, and of them the finding says "never" as far as it was observed.
    fn is_decided(&self, view: &View<'_>, limits: &Limits, primary: &Finding) -> bool {
        let Some(ready) = view.last_ready() else {
            return true;
        };
        let recovery = Recovery {
            view,
            limits,
            ready,
        };
        let first_ready = view
            .faults()
            .filter_map(|f| Some(f.ready?.moment.seq))
            .min();
        let began = primary.evidence.first();
        if primary.invariant != self.name() && began < first_ready.as_ref() {
            return true;
        }
        let deadline_us = recovery.deadline_us();
        let passed = view.observed_until_us() >= deadline_us;
        let recovered = |kind: &str| {
            let sustained = view.sustained_success(kind, ready.at_us);
            sustained.is_some_and(|moment| moment.at_us <= deadline_us)
        };
        let all_recovered = || view.kinds().all(recovered);
        let hung = |kind| recovery.failures(kind).any(|r| ran_out(r));
        let sure =
            || primary.invariant != self.name() || view.kinds().all(|k| recovered(k) || hung(k));
        all_recovered() || (passed && sure())
    }
}

/// The time after the last backend-ready.
struct Recovery<'v, 'a> {
    view: &'v View<'a>,
    limits: &'v Limits,
    ready: Moment,
}

impl Recovery<'_, '_> {
    /// What is to be said of one request kind.
    fn of(&self, invariant: &str, kind: &str) -> Finding {
        let deadline_us = self.deadline_us();
        let sustained = self.view.sustained_success(kind, self.ready.at_us);
        let times = self.times(kind, sustained);
        if sustained.is_some_and(|moment| moment.at_us <= deadline_us) {
            return Finding::holds(invariant, times);
        }
        if let Some(doubt) = self.doubt(kind, sustained) {
            return Finding::inconclusive(invariant, format!("{times} ({doubt})"));
        }
        let began = self.blamed(kind);
        let first = self.view.first_success(kind, self.ready.at_us);
        let reason = match (sustained, first) {
            (Some(_), _) => "recovered-late",
            (None, Some(_)) => "not-sustained",
            (None, None) => "never-recovered",
        };
        let last_words = self
            .failures(kind)
            .filter_map(|r| Some(r.ended?.moment.seq))
            .next();
        let proof = [self.ready.seq]
            .into_iter()
            .chain(last_words)
            .chain(sustained.map(|moment| moment.seq));
        Finding::violated(
            invariant,
            reason,
            Some(kind),
            times,
            began.seq,
            proof.collect(),
        )
    }

    fn deadline_us(&self) -> u64 {
        let recovery_us = self.limits.recovery_ms.saturating_mul(1_000);
        self.view.withheld().later(self.ready.at_us, recovery_us)
    }

    /// Why a missing or late success proves nothing, if it doesn't.
    fn doubt(&self, kind: &str, sustained: Option<Moment>) -> Option<&'static str> {
        let patience = Patience::new(self.view, self.limits);
        let time = Span {
            from_us: self.ready.at_us + 1,
            to_us: self.deadline_us(),
        };
        let recorded_ms = self.view.header().limits.recovery_ms;
        if self.view.observed_until_us() < time.to_us {
            Some("the trial ended before the limit")
        } else if sustained.is_none() && self.limits.recovery_ms > recorded_ms {
            Some("nobody looked for longer than the recorded limit")
        } else if self.view.away().touch(time) {
            Some("a backend was not ready again meanwhile")
        } else if self.overdue(kind).next().is_none() {
            Some(
                "too few requests of this kind were sent to tell: a shorter [trial] probe-every or a longer [limits] recovery asks more often",
            )
        } else if self
            .failures(kind)
            .any(|r| r.span().to_us <= time.to_us && patience.cut_short(r))
        {
            Some("the harness gave requests up earlier than these limits do")
        } else if patience.starved(time)
            || (sustained.is_some() && patience.jostled(time))
            || self
                .overdue(kind)
                .all(|r| patience.squeezed(self.in_time(r)))
        {
            Some("this machine was too busy to tell")
        } else {
            None
        }
    }

    /// Of the failures those that had ended by the deadline, or would usually have ended: one that was sent just before it tells nothing.
    fn overdue(&self, kind: &str) -> impl Iterator<Item = &Request<'_>> {
        let deadline_us = self.deadline_us();
        self.failures(kind).filter(move |r| {
            let failed = r.failure().is_some() && r.span().to_us <= deadline_us;
            failed || overdue_us(self.view, r, deadline_us) <= deadline_us
        })
    }

    /// The part of a request's life that lies before the deadline. What came later is of no account for the recovery.
    fn in_time(&self, request: &Request<'_>) -> Span {
        let span = request.span();
        Span {
            to_us: span.to_us.min(self.deadline_us()),
            ..span
        }
    }

    /// The requests that were sent in time and did not succeed in time.
    fn failures(&self, kind: &str) -> impl Iterator<Item = &Request<'_>> {
        let deadline_us = self.deadline_us();
        let sent = self.view.sent_after(kind, self.ready.at_us);
        let in_time = sent.take_while(move |r| r.sent.at_us <= deadline_us);
        in_time.filter(move |r| !r.is_ok() || r.span().to_us > deadline_us)
    }

    /// The ready of the fault since which nothing of this kind had succeeded when the deadline passed. That need not be the last one. Or
    /// the end of the API itself, if that came in between.
    fn blamed(&self, kind: &str) -> Moment {
        let deadline_us = self.deadline_us();
        let sent_in_time = move |r: &&Request<'_>| r.kind == kind && r.sent.at_us <= deadline_us;
        let of_kind = || self.view.requests().iter().filter(sent_in_time);
        let good = |r: &&Request<'_>| r.is_ok() && r.span().to_us <= deadline_us;
        let last_good = of_kind().rfind(good).map(|r| r.sent);
        let exit = api_exit(self.view, last_good.map_or(0, |good| good.seq));
        if let Some(exit) = exit.filter(|exit| exit.at_us <= deadline_us) {
            return exit;
        }
        let first_bad = of_kind().find(|r| last_good.is_none_or(|good| r.sent > good));
        first_bad
            .and_then(|r| self.view.fault_before(onset(self.view, r)))
            .and_then(|fault| fault.ready)
            .map_or(self.ready, |ready| ready.moment)
    }

    /// The times from backend-ready to the first and to sustained success. One that did not come took at least until the
    /// trial's end.
    fn figures(&self, kind: &str) -> [Figure; 2] {
        let figure = |name: &str, moment: Option<Moment>| {
            let until_us = moment.map_or(self.view.observed_until_us(), |moment| moment.at_us);
            let us = until_us.saturating_sub(self.ready.at_us);
            Figure {
                kind: Some(kind.to_owned()),
                at_least: moment.is_none(),
                ..Figure::new(name, us as f64 / 1_000.0)
            }
        };
        let ready_us = self.ready.at_us;
        [
            figure(
                Figure::FIRST_SUCCESS,
                self.view.first_success(kind, ready_us),
            ),
            figure(
                Figure::SUSTAINED_SUCCESS,
                self.view.sustained_success(kind, ready_us),
            ),
        ]
    }

    fn times(&self, kind: &str, sustained: Option<Moment>) -> String {
        let since = |moment: Moment| wording::time(moment.at_us.saturating_sub(self.ready.at_us));
        let observed = self.view.observed_until_us();
        let observed = wording::time(observed.saturating_sub(self.ready.at_us));
        match (self.view.first_success(kind, self.ready.at_us), sustained) {
            (Some(first), Some(sustained)) => format!(
                "{kind} first succeeded after {} and lastingly after {}",
                since(first),
                since(sustained)
            ),
            (Some(first), None) => {
                format!(
                    "{kind} first succeeded after {}, not sustained when the trial ended after {observed}",
                    since(first)
                )
            }
            (None, _) => {
                let sent = self.view.sent_after(kind, self.ready.at_us).count();
                format!(
                    "{kind} never succeeded in {observed}, which is a lower bound ({} sent)",
                    wording::count(sent, "request")
                )
            }
        }
    }
}

/// What is to be said of each kind, once for all kinds of which the same is to be said. What is in
/// brackets stays apart.
fn together<'a>(told: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut groups: Vec<(&str, Vec<&str>, Vec<&str>)> = Vec::new();
    for (kind, words) in told {
        let words = words.strip_prefix(kind).unwrap_or(words).trim_start();
        let (same, own) = words.split_once(" (").unwrap_or((words, ""));
        let own = own.trim_end_matches(')');
        match groups.iter_mut().find(|(known, ..)| *known == same) {
            Some((_, kinds, owns)) => {
                kinds.push(kind);
                owns.push(own);
            }
            None => groups.push((same, vec![kind], vec![own])),
        }
    }
    let sentences = groups.into_iter().map(|(same, kinds, mut owns)| {
        owns.retain(|own| !own.is_empty());
        owns.dedup();
        let kinds = kinds.join(" and ");
        match owns.is_empty() {
            true => format!("{kinds} {same}"),
            false => format!("{kinds} {same} ({})", owns.join("; ")),
        }
    });
    sentences.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests;
