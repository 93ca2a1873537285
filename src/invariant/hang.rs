//! Whether and how one request hung.

use super::timing::{Timing, is_certain};
use super::wording;
use crate::model::{Limits, Outcome, UnknownReason};
use crate::trace::{Answer, Request, Span, View};

/// How a request hung.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Hang {
    Unanswered {
        waited_us: u64,
    },
    AnsweredLate {
        took_us: u64,
    },
    NeverTerminal {
        ready_us: u64,
    },
    TerminalLate {
        ready_us: u64,
    },
    /// The harness did not wait long enough to decide.
    Undecided,
    /// This machine withheld most of the time.
    Starved,
}

/// Whether a request hung. A proven hang outweighs what is undecided.
pub(super) fn hang(
    view: &View<'_>,
    limits: &Limits,
    timing: &Timing<'_, '_>,
    request: &Request<'_>,
) -> Option<Hang> {
    let wait = Wait {
        view,
        limits,
        timing,
    };
    let polls = request.polls.iter().filter_map(|poll| {
        let timed_out = poll.answer == Answer::Lost(UnknownReason::TimedOut);
        wait.exchange(
            request,
            Span::before(poll.moment.at_us, poll.took_us),
            timed_out,
        )
    });
    let hangs: Vec<Hang> = wait
        .submission(request)
        .into_iter()
        .chain(polls)
        .chain(wait.job(request))
        .collect();
    let proven = hangs.iter().find(|hang| hang.is_proven());
    proven.or(hangs.first()).copied()
}

/// What the harness waited for, compared with the limits. Time that this machine withheld does not
/// count.
struct Wait<'w, 'v, 'a> {
    view: &'v View<'a>,
    limits: &'v Limits,
    timing: &'w Timing<'v, 'a>,
}

impl Wait<'_, '_, '_> {
    /// The request's own exchange: up to its acceptance as a job, or to its end.
    fn submission(&self, request: &Request<'_>) -> Option<Hang> {
        let held_us = request.sent.at_us.saturating_sub(request.intended_us);
        if let Some(accepted) = request.accepted {
            let took_us = accepted.latency_us.saturating_sub(held_us);
            return self.exchange(request, Span::before(accepted.moment.at_us, took_us), false);
        }
        let waited = match request.ended {
            Some(end) => {
                let span = Span::before(end.moment.at_us, end.latency_us.saturating_sub(held_us));
                match unknown(end.outcome) {
                    Some(UnknownReason::Dropped) => span,
                    reason => {
                        let timed_out = reason == Some(UnknownReason::TimedOut);
                        return self.exchange(request, span, timed_out);
                    }
                }
            }
            None => Span {
                from_us: request.sent.at_us,
                to_us: self.view.observed_until_us(),
            },
        };
        let waited_us = self.view.counted_us(waited);
        Some(match waited_us >= self.answer_us() {
            true => self.unanswered(request, waited, Hang::Unanswered { waited_us }),
            false => Hang::Undecided,
        })
    }

    fn exchange(&self, request: &Request<'_>, span: Span, timed_out: bool) -> Option<Hang> {
        let took_us = self.view.counted_us(span);
        let hang = match timed_out {
            true if self.timing.answer_timed_out(span) => Hang::Unanswered { waited_us: took_us },
            true => return Some(Hang::Undecided),
            false if took_us > self.answer_us() => Hang::AnsweredLate { took_us },
            false => return None,
        };
        Some(self.unanswered(request, span, hang))
    }

    fn unanswered(&self, request: &Request<'_>, span: Span, hang: Hang) -> Hang {
        let is_silent = || self.timing.is_silent(request, span.from_us);
        self.unless_cpu_starved(span, self.limits.answer_ms, hang, is_silent)
    }

    /// The job that the request became, from its acceptance on. One that the API no longer knows
    /// does not hang: it is lost, which counts only for `accounting`.
    fn job(&self, request: &Request<'_>) -> Option<Hang> {
        if request.lost_at().is_some() {
            return None;
        }
        let ready_time = self.timing.job_ready_time(request)?;
        let ready_us = self.view.counted_us(ready_time);
        let job_us = self.limits.job_ms.saturating_mul(1_000);
        let hang = match request.ended.map(|end| unknown(end.outcome)) {
            Some(Some(UnknownReason::JobNotTerminal)) if self.timing.job_timed_out(ready_time) => {
                Hang::NeverTerminal { ready_us }
            }
            None | Some(Some(UnknownReason::Dropped)) if ready_us >= job_us => {
                Hang::NeverTerminal { ready_us }
            }
            None | Some(Some(UnknownReason::JobNotTerminal | UnknownReason::Dropped)) => {
                return Some(Hang::Undecided);
            }
            Some(_) if ready_us > job_us => Hang::TerminalLate { ready_us },
            Some(_) => return None,
        };
        let is_left = || self.timing.is_overtaken(request, ready_time);
        Some(self.unless_cpu_starved(ready_time, self.limits.job_ms, hang, is_left))
    }

    fn answer_us(&self) -> u64 {
        self.limits.answer_ms.saturating_mul(1_000)
    }

    /// A late answer is doubted sooner: it might have come in time on an idle machine. A missing
    /// answer is certain after four times its limit, or if something else shows that the machine
    /// was not the cause.
    fn unless_cpu_starved(
        &self,
        span: Span,
        limit_ms: u64,
        hang: Hang,
        is_shown: impl Fn() -> bool,
    ) -> Hang {
        let came = matches!(hang, Hang::AnsweredLate { .. } | Hang::TerminalLate { .. });
        let delayed = || self.timing.may_be_delayed(span) || self.timing.is_slowed_by_crowd(span);
        let is_certain = || !came && (is_certain(span.length_us(), limit_ms) || is_shown());
        match self.timing.is_cpu_starved(span) || (came && delayed()) {
            true if !is_certain() => Hang::Starved,
            _ => hang,
        }
    }
}

fn unknown(outcome: &Outcome) -> Option<UnknownReason> {
    match outcome {
        Outcome::Unknown { reason, .. } => Some(*reason),
        Outcome::Ok | Outcome::Failed { .. } => None,
    }
}

impl Hang {
    pub fn is_proven(self) -> bool {
        !matches!(self, Hang::Undecided | Hang::Starved)
    }

    pub fn reason(self) -> &'static str {
        match self {
            Hang::Unanswered { .. } => "exchange-unanswered",
            Hang::AnsweredLate { .. } => "exchange-late",
            Hang::NeverTerminal { .. } => "job-never-terminal",
            Hang::TerminalLate { .. } => "job-late",
            Hang::Undecided => "undecided",
            Hang::Starved => "starved",
        }
    }

    pub fn summary(self) -> &'static str {
        match self {
            Hang::Unanswered { .. } => "had an exchange that was never answered",
            Hang::AnsweredLate { .. } => "had an exchange that was answered too late",
            Hang::NeverTerminal { .. } => "became jobs that never finished",
            Hang::TerminalLate { .. } => "became jobs that finished too late",
            Hang::Undecided => "had not ended when nobody waited any longer",
            Hang::Starved => "took longer than allowed while this machine was too busy to tell why",
        }
    }

    /// How long it took or was waited for, and the limit.
    pub fn detail(self, request: &Request<'_>, limits: &Limits) -> String {
        let state = || request.last_state().unwrap_or("without a known state");
        let limit = |ms: u64| wording::duration_us(ms.saturating_mul(1_000));
        let (answer, job) = (limit(limits.answer_ms), limit(limits.job_ms));
        match self {
            Hang::Unanswered { waited_us } => format!(
                "had no answer after {} (limit: {answer})",
                wording::duration_us(waited_us)
            ),
            Hang::AnsweredLate { took_us } => format!(
                "was answered after {} (limit: {answer})",
                wording::duration_us(took_us)
            ),
            Hang::NeverTerminal { ready_us } => format!(
                "was still {} after {} with every backend ready (limit: {job})",
                state(),
                wording::duration_us(ready_us)
            ),
            Hang::TerminalLate { ready_us } => format!(
                "finished only after {} with every backend ready (limit: {job})",
                wording::duration_us(ready_us)
            ),
            Hang::Undecided | Hang::Starved => "is undecided".to_owned(),
        }
    }
}
