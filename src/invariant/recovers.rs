//! The API comes back when its backend does.

use super::onset::{api_exit, onset, overdue_us};
use super::timing::{Timing, is_certain};
use super::{Invariant, api_at_fault, wording};
use crate::model::{Figure, Finding, Limits, Verdict};
use crate::trace::{Asked, Moment, Request, Span, View};

/// A time without requests is mentioned from this length on, in microseconds.
const WORTH_TELLING_US: u64 = 1_000_000;

/// The one doubt that is about a failure.
const BUSY: &str = "this machine was too busy to tell";

/// After the last fault, with the backend ready, the success of every request kind is sustained
/// within `recovery`.
///
/// The time counts from the close of the last fault's window, for each kind as long as it was
/// [asked](View::asked) for, and what this machine withheld does not count. Sustained is what
/// [`View::sustained_success`] says.
pub struct Recovers;

impl Invariant for Recovers {
    fn name(&self) -> &'static str {
        "recovers"
    }

    fn check(&self, view: &View<'_>, limits: &Limits) -> Finding {
        if view.faults().next().is_none() {
            return Finding::not_judged(self.name(), "no fault was done");
        }
        let Some(ready) = view.last_ready() else {
            return Finding::inconclusive(self.name(), "the backend never became ready again");
        };
        let recoveries: Vec<Recovery<'_, '_>> = view
            .kinds()
            .map(|kind| Recovery::new(view, limits, ready, kind))
            .collect();
        let findings = recoveries.iter().map(|recovery| recovery.of(self.name()));
        let findings: Vec<Finding> = findings.collect();
        let times = findings.iter().map(|finding| finding.message.as_str());
        let message = format!("after backend-ready, {}", together(view.kinds().zip(times)));
        // Of the kinds that did not recover, the one that failed first stands for all.
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
        finding.with_figures(recoveries.iter().flat_map(Recovery::figures).collect())
    }

    /// Whether each kind has recovered, the deadline has passed, or the trial is violated by
    /// something that began before any backend was ready again: a violation of this invariant
    /// cannot begin earlier.
    ///
    /// If this is the primary violation, a success after the deadline distinguishes "slow" from
    /// "never". So the trial waits for one, but only until a request that was sent in time has hung
    /// up to its own limit: the others in flight would do the same, and the finding says "never" as
    /// far as it was observed.
    fn is_decided(&self, view: &View<'_>, limits: &Limits, primary: &Finding) -> bool {
        let Some(ready) = view.last_ready() else {
            return true;
        };
        let first_ready = view
            .faults()
            .filter_map(|f| Some(f.ready?.moment.seq))
            .min();
        let began = primary.evidence.first();
        if primary.invariant != self.name() && began < first_ready.as_ref() {
            return true;
        }
        let own = primary.invariant == self.name();
        view.kinds().all(|kind| {
            let recovery = Recovery::new(view, limits, ready, kind);
            let sure = || !own || recovery.failures().any(|r| r.ran_into_limit());
            recovery.is_in_time() || (recovery.deadline_us.is_some() && sure())
        })
    }
}

/// The time after the last backend-ready, as one request kind saw it.
struct Recovery<'v, 'a> {
    view: &'v View<'a>,
    limits: &'v Limits,
    ready: Moment,
    kind: &'v str,
    asked: Asked<'v>,
    /// When the kind had been asked for as long as a recovery may take; none if the trial ended
    /// before.
    deadline_us: Option<u64>,
    sustained: Option<Moment>,
}

impl<'v, 'a> Recovery<'v, 'a> {
    fn new(view: &'v View<'a>, limits: &'v Limits, ready: Moment, kind: &'v str) -> Self {
        let asked = view.asked(kind, ready.at_us);
        let deadline_us = asked.until(limits.recovery_ms.saturating_mul(1_000));
        Recovery {
            view,
            limits,
            ready,
            kind,
            asked,
            deadline_us,
            sustained: view.sustained_success(kind, ready.at_us),
        }
    }

    /// The finding about this kind.
    fn of(&self, invariant: &str) -> Finding {
        let times = self.times();
        if self.is_in_time() {
            return Finding::holds(invariant, times);
        }
        let reason = match (self.sustained, self.first()) {
            (Some(_), _) => "recovered-late",
            (None, Some(_)) => "not-sustained",
            (None, None) => "never-recovered",
        };
        if let Some(doubt) = self.doubt() {
            let message = format!("{times} ({doubt})");
            return match doubt {
                BUSY => Finding::doubted(invariant, reason, Some(self.kind), message),
                _ => Finding::inconclusive(invariant, message),
            };
        }
        let began = self.blamed();
        let last_words = self
            .failures()
            .filter_map(|r| Some(r.ended?.moment.seq))
            .next();
        let proof = [self.ready.seq]
            .into_iter()
            .chain(last_words)
            .chain(self.sustained.map(|moment| moment.seq));
        Finding::violated(
            invariant,
            reason,
            Some(self.kind),
            times,
            began.seq,
            proof.collect(),
        )
    }

    /// Whether success was sustained before the deadline.
    fn is_in_time(&self) -> bool {
        self.sustained
            .is_some_and(|moment| moment.at_us <= self.latest_us())
    }

    /// The deadline; none if the trial ended before it.
    fn latest_us(&self) -> u64 {
        self.deadline_us.unwrap_or(u64::MAX)
    }

    /// Why a missing or late success proves nothing, if so.
    fn doubt(&self) -> Option<&'static str> {
        let Some(deadline_us) = self.deadline_us else {
            return Some("the trial ended before the limit");
        };
        let timing = Timing::new(self.view, self.limits);
        let time = Span {
            from_us: self.ready.at_us + 1,
            to_us: deadline_us,
        };
        let recorded_ms = self.view.header().limits.recovery_ms;
        if self.sustained.is_none() && self.limits.recovery_ms > recorded_ms {
            Some("nobody looked for longer than the recorded limit")
        } else if self.view.away().touch(time) {
            Some("a backend was not ready again meanwhile")
        } else if self.overdue().next().is_none() {
            Some(
                "too few requests of this kind were sent to tell: a shorter [trial] probe-every or a longer [limits] recovery asks more often",
            )
        } else if self
            .failures()
            .any(|r| r.span().to_us <= time.to_us && timing.was_given_up_early(r))
        {
            Some("the harness gave requests up earlier than these limits do")
        } else if self.is_busy(&timing, time) && !self.is_certain(&timing, time) {
            Some(BUSY)
        } else {
            None
        }
    }

    /// Whether this machine may be the reason why success was missing or late.
    fn is_busy(&self, timing: &Timing<'_, '_>, time: Span) -> bool {
        timing.is_cpu_starved(time)
            || (self.sustained.is_some() && timing.is_slowed_by_crowd(time))
            || self
                .overdue()
                .all(|r| timing.may_be_delayed(self.in_time(r)))
    }

    /// Whether it is certain nevertheless that success came too late or never: there was none in
    /// four times the limit, or the API is shown to be at fault.
    fn is_certain(&self, timing: &Timing<'_, '_>, time: Span) -> bool {
        let observed_us = self.view.observed_until_us();
        let until_us = self.first().map_or(observed_us, |moment| moment.at_us);
        let overdue: Vec<&Request<'_>> = self.overdue().collect();
        is_certain(self.asked.us(until_us), self.limits.recovery_ms)
            || (self.sustained.is_none() && api_at_fault::is_shown(timing, &overdue, time))
    }

    /// The failures that had ended by the deadline, or would usually have ended: one that was sent
    /// just before it proves nothing.
    fn overdue(&self) -> impl Iterator<Item = &Request<'_>> {
        let deadline_us = self.latest_us();
        self.failures().filter(move |r| {
            let failed = r.failure().is_some() && r.span().to_us <= deadline_us;
            failed || overdue_us(self.view, r, deadline_us) <= deadline_us
        })
    }

    /// The part of a request's time that lies before the deadline. The rest does not count for the
    /// recovery.
    fn in_time(&self, request: &Request<'_>) -> Span {
        let span = request.span();
        Span {
            to_us: span.to_us.min(self.latest_us()),
            ..span
        }
    }

    /// The requests that were sent in time and did not succeed in time.
    fn failures(&self) -> impl Iterator<Item = &Request<'_>> {
        let deadline_us = self.latest_us();
        let sent = self.view.sent_after(self.kind, self.ready.at_us);
        let in_time = sent.take_while(move |r| r.sent.at_us <= deadline_us);
        in_time.filter(move |r| !r.is_ok() || r.span().to_us > deadline_us)
    }

    /// The ready of the fault since which nothing of this kind had succeeded when the deadline
    /// passed, which need not be the last one; or the end of the API itself, if that came in
    /// between.
    fn blamed(&self) -> Moment {
        let deadline_us = self.latest_us();
        let sent_in_time =
            move |r: &&Request<'_>| r.kind == self.kind && r.sent.at_us <= deadline_us;
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

    fn first(&self) -> Option<Moment> {
        self.view.first_success(self.kind, self.ready.at_us)
    }

    /// The times from backend-ready to the first and to sustained success, as long as the kind was
    /// asked for. A success that did not come took at least until the trial's end.
    fn figures(&self) -> [Figure; 2] {
        let figure = |name: &str, moment: Option<Moment>| {
            let until_us = moment.map_or(self.view.observed_until_us(), |moment| moment.at_us);
            Figure {
                kind: Some(self.kind.to_owned()),
                at_least: moment.is_none(),
                ..Figure::new(name, self.asked.us(until_us) as f64 / 1_000.0)
            }
        };
        [
            figure(Figure::FIRST_SUCCESS, self.first()),
            figure(Figure::SUSTAINED_SUCCESS, self.sustained),
        ]
    }

    fn times(&self) -> String {
        let kind = self.kind;
        let asked = |until_us: u64| wording::duration_us(self.asked.us(until_us));
        let observed_us = self.view.observed_until_us();
        let observed = asked(observed_us);
        let first = self.first().map(|moment| asked(moment.at_us));
        let sustained = self.sustained.map(|moment| asked(moment.at_us));
        let last_us = self
            .sustained
            .map_or(self.latest_us(), |moment| moment.at_us);
        let last_us = last_us.min(observed_us);
        let idle_us = last_us.saturating_sub(self.ready.at_us + self.asked.us(last_us));
        let idle = match idle_us < WORTH_TELLING_US {
            true => String::new(),
            false => format!(
                ", not counting {} in which nobody asked",
                wording::duration_us(idle_us)
            ),
        };
        match (first, sustained) {
            (Some(first), Some(sustained)) => format!(
                "{kind} first succeeded after {first} and lastingly after {sustained}{idle}"
            ),
            (Some(first), None) => format!(
                "{kind} first succeeded after {first}, not sustained when the trial ended after {observed}{idle}"
            ),
            (None, _) => {
                let sent = self.view.sent_after(kind, self.ready.at_us).count();
                format!(
                    "{kind} never succeeded in {observed}{idle}, which is a lower bound ({} sent)",
                    wording::count(sent, "request")
                )
            }
        }
    }
}

/// The findings about all kinds as one text: kinds with the same finding are named together. Text
/// in brackets is kept apart.
fn together<'a>(findings: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut groups: Vec<(&str, Vec<&str>, Vec<&str>)> = Vec::new();
    for (kind, words) in findings {
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
mod property;
#[cfg(test)]
mod tests;
