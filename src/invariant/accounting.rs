//! Nothing is lost, doubled or mixed up.

use super::flaw::Flaw;
use super::timing::Timing;
use super::{Invariant, executions, wording};
use crate::model::{Finding, Limits, Outcome};
use crate::trace::{Answer, End, Phase, Poll, Request, Span, View};

/// Each request has exactly one outcome, each accepted job has its own id and ends once, and each
/// answer belongs to its own request.
pub struct Accounting;

impl Invariant for Accounting {
    fn name(&self) -> &'static str {
        "accounting"
    }

    fn check(&self, view: &View<'_>, limits: &Limits) -> Finding {
        let requests = view.requests();
        let own = requests.iter().flat_map(|request| {
            [
                two_outcomes(request),
                crossed_answer(view, request),
                lost_job(request),
                changed_job(request),
                no_outcome(view, limits, request),
            ]
        });
        let executions = executions::flaws(view);
        let mut flaws: Vec<Flaw<'_, '_>> = own.flatten().chain(shared_jobs(view)).collect();
        let unreadable = executions.map(|of_log| flaws.extend(of_log)).err();
        flaws.sort_by_key(|flaw| flaw.seq);
        let open = requests.iter().filter(|r| r.ended.is_none()).count();
        if let Some(flaw) = flaws.first() {
            let others = match flaws.len() {
                1 => String::new(),
                n => format!(" (the first of {n} such flaws)"),
            };
            let message = format!("{} {}{others}", wording::request(flaw.request), flaw.words);
            let kind = Some(flaw.request.kind);
            let mut proof = vec![flaw.request.sent.seq];
            proof.extend(flaw.earlier);
            return Finding::violated(self.name(), flaw.reason, kind, message, flaw.seq, proof);
        }
        if let Some(why) = unreadable {
            return Finding::inconclusive(self.name(), why);
        }
        let all = wording::count(requests.len(), "request");
        if let Some((count, first)) = without_echo(view) {
            let message = format!(
                "{count} of {all} succeeded without the token where `expect.echo` says that it is, so whose answers these \
                 were cannot be judged; the first is {}: mend the pointer, or leave `echo` out",
                wording::request(first)
            );
            return Finding::inconclusive(self.name(), message);
        }
        match open {
            0 => Finding::holds(
                self.name(),
                format!("{all}, each with one outcome of its own"),
            ),
            _ => Finding::inconclusive(
                self.name(),
                format!("{open} of {all} had no outcome yet when the trace ends"),
            ),
        }
    }
}

/// How many requests succeeded although their answers, which were read completely, did not echo a
/// token where the configuration says that they do; and the first of them.
fn without_echo<'v, 'a>(view: &'v View<'a>) -> Option<(usize, &'v Request<'a>)> {
    let kinds = &view.header().stack.kinds;
    let echoing = |name: &str| kinds.iter().any(|kind| kind.echo && kind.name == name);
    let silent = |end: End<'a>| end.outcome.is_ok() && end.echo.is_none();
    let mut found = view
        .requests()
        .iter()
        .filter(|request| request.ended.is_some_and(silent) && echoing(request.kind));
    let first = found.next()?;
    Some((1 + found.count(), first))
}

fn two_outcomes<'v, 'a>(request: &'v Request<'a>) -> Option<Flaw<'v, 'a>> {
    request.ended_again.as_deref().map(|moment| Flaw {
        seq: moment.seq,
        reason: "two-outcomes",
        request,
        words: "ended twice".to_owned(),
        earlier: None,
    })
}

/// An answer that has the token of another request, or what another request asked for.
fn crossed_answer<'v, 'a>(view: &'v View<'a>, request: &'v Request<'a>) -> Option<Flaw<'v, 'a>> {
    if let Some((moment, mismatch)) = request.mismatch.as_deref()
        && let Some(asker) = mismatch.asked_by
    {
        let asker = view.requests().iter().find(|other| other.id == asker);
        let of = asker.map_or("another request".to_owned(), wording::request);
        return Some(Flaw {
            seq: moment.seq,
            reason: "crossed-answer",
            request,
            words: format!("was answered with {mismatch}: {of} had asked for that"),
            earlier: asker.map(|asker| asker.sent.seq),
        });
    }
    let end = request.ended?;
    let echo = end.echo.filter(|echo| *echo != request.token)?;
    Some(Flaw {
        seq: end.moment.seq,
        reason: "crossed-answer",
        request,
        words: format!(
            "was given the answer to the token {echo}; its own is {}",
            request.token
        ),
        earlier: None,
    })
}

fn lost_job<'v, 'a>(request: &'v Request<'a>) -> Option<Flaw<'v, 'a>> {
    request.lost_at().map(|moment| Flaw {
        seq: moment.seq,
        reason: "lost-job",
        request,
        words: "was accepted, and later the API did not know its job any more".to_owned(),
        earlier: None,
    })
}

/// A terminal state is for ever.
fn changed_job<'v, 'a>(request: &'v Request<'a>) -> Option<Flaw<'v, 'a>> {
    let end = request.ended?;
    let state_of = |answer: Answer<'a>| match answer {
        Answer::Answered { state, .. } => state.map(String::as_str),
        Answer::Lost(_) => None,
    };
    let place = request
        .polls
        .partition_point(|poll| poll.moment < end.moment);
    let (before, after) = request.polls.split_at(place);
    let last_state = before.iter().rev().find_map(|poll| state_of(poll.answer));
    let terminal = match end.outcome {
        Outcome::Ok => last_state?,
        Outcome::Failed {
            job_state: Some(state),
            ..
        } => state,
        _ => return None,
    };
    let changed = |poll: &&Poll<'a>| state_of(poll.answer).is_some_and(|state| state != terminal);
    let poll = after.iter().find(changed)?;
    Some(Flaw {
        seq: poll.moment.seq,
        reason: "job-changed",
        request,
        words: format!("had ended as {terminal}, and its job changed its state afterwards"),
        earlier: None,
    })
}

/// A request that is still open after its limit, in a trial that reached its last phase, was
/// forgotten by the harness.
fn no_outcome<'v, 'a>(
    view: &View<'a>,
    limits: &Limits,
    request: &'v Request<'a>,
) -> Option<Flaw<'v, 'a>> {
    if request.ended.is_some() || view.last_phase() != Some(Phase::Drain) {
        return None;
    }
    let timing = Timing::new(view, limits);
    let (waited, limit_ms) = match timing.job_ready_time(request) {
        Some(ready_time) => (ready_time, limits.job_ms),
        None => {
            let (from_us, to_us) = (request.intended_us, view.observed_until_us());
            (Span { from_us, to_us }, limits.answer_ms)
        }
    };
    let waited_us = view.counted_us(waited);
    (waited_us >= limit_ms.saturating_mul(1_000)).then(|| Flaw {
        seq: request.sent.seq,
        reason: "no-outcome",
        request,
        words: "has no outcome at the end of the trial".to_owned(),
        earlier: None,
    })
}

/// Jobs whose id another request was given before.
fn shared_jobs<'v, 'a>(view: &'v View<'a>) -> Vec<Flaw<'v, 'a>> {
    let jobs = view.requests().iter();
    let mut jobs: Vec<&Request<'_>> = jobs.filter(|r| r.accepted.is_some()).collect();
    // Sorted, they need less memory than a map: there may be a million.
    jobs.sort_unstable_by_key(|r| r.accepted.map(|accepted| (accepted.job, accepted.moment)));
    let same = |one: &&Request<'_>, other: &&Request<'_>| {
        one.accepted.map(|accepted| accepted.job) == other.accepted.map(|accepted| accepted.job)
    };
    let shared = jobs.chunk_by(same).filter_map(<[_]>::split_first);
    let flaws = shared.flat_map(|(owner, others)| {
        let flaw = move |request: &&'v Request<'a>| {
            Some(Flaw {
                seq: request.accepted?.moment.seq,
                reason: "shared-job-id",
                request,
                words: format!("was given the same job as {}", wording::request(owner)),
                earlier: None,
            })
        };
        others.iter().filter_map(flaw)
    });
    flaws.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Verdict;
    use crate::trace::Trace;
    use crate::trace::script::{Script, limits};

    fn check(trace: &Trace) -> Finding {
        Accounting.check(&View::new(trace), &limits())
    }

    #[track_caller]
    fn assert_flaw(script: Script, reason: &str, message: &str) {
        let finding = check(&script.finish(2_000));
        assert_eq!(finding.reason.as_deref(), Some(reason));
        assert_eq!(finding.message, message);
    }

    fn job() -> Script {
        Script::new(&["job"]).sent(20, 0, "job").accepted(21, 0)
    }

    #[test]
    fn holds_where_each_request_has_its_own_outcome() {
        let trace = job()
            .polled(30, 0, 200, Some("RUNNING"))
            .polled(40, 0, 200, Some("DONE"))
            .ended(41, 0, Outcome::Ok, Some("t0"))
            .good(50, 1, "job")
            .finish(2_000);
        assert_eq!(check(&trace).verdict, Verdict::Holds);
    }

    #[test]
    fn a_success_without_the_echo_that_was_promised_is_not_judged() {
        let silent = job().ended(41, 0, Outcome::Ok, None);
        let finding = check(&silent.finish(2_000));
        assert_eq!(finding.verdict, Verdict::Inconclusive);
        assert!(
            finding.message.contains("request 0 (job, job j0)"),
            "{}",
            finding.message
        );
        let failed = job().failed(41, 0, 500, "no").finish(2_000);
        assert_eq!(check(&failed).verdict, Verdict::Holds);
        let mut unasked = job().ended(41, 0, Outcome::Ok, None).finish(2_000);
        unasked.header.stack.kinds[0].echo = false;
        assert_eq!(check(&unasked).verdict, Verdict::Holds);
    }

    #[test]
    fn outcomes_that_are_missing_or_double() {
        let double = job().ok(40, 0).failed(50, 0, 500, "x");
        assert_flaw(
            double,
            "two-outcomes",
            "request 0 (job, job j0) ended twice",
        );
        let words = "request 0 (job, job j0) has no outcome at the end of the trial";
        assert_flaw(job(), "no-outcome", words);
        assert_eq!(check(&job().finish(1_000)).verdict, Verdict::Inconclusive);
        assert_eq!(
            check(&job().sent(2_000, 1, "job").cut()).verdict,
            Verdict::Inconclusive
        );
    }

    #[test]
    fn answers_and_jobs_that_are_mixed_up() {
        let crossed = job()
            .ended(40, 0, Outcome::Ok, Some("t1"))
            .good(30, 1, "job");
        let words = "request 0 (job, job j0) was given the answer to the token t1; its own is t0";
        assert_flaw(crossed, "crossed-answer", words);
        let asked = job()
            .sent(30, 1, "sync")
            .mismatched(40, 1, Some("bob"), Some(0))
            .failed(40, 1, 200, "{}")
            .ok(60, 0);
        let words = "request 1 (sync) was answered with `bob` at /name, where `carol` is expected: \
                     request 0 (job, job j0) had asked for that";
        let finding = check(&asked.finish(2_000));
        assert_eq!(finding.message, words);
        assert_eq!(finding.reason.as_deref(), Some("crossed-answer"));
        let shared = job()
            .sent(22, 1, "job")
            .accepted_as(23, 1, "j0")
            .ok(40, 0)
            .ok(41, 1);
        let words = "request 1 (job, job j0) was given the same job as request 0 (job, job j0)";
        assert_flaw(shared, "shared-job-id", words);
    }

    #[test]
    fn a_wrong_answer_that_is_nobody_s_is_not_crossed() {
        for got in [Some("dave"), None] {
            let wrong = job()
                .ok(29, 0)
                .sent(30, 1, "sync")
                .mismatched(40, 1, got, None)
                .failed(40, 1, 200, "{}");
            assert_eq!(check(&wrong.finish(2_000)).verdict, Verdict::Holds);
        }
    }

    #[test]
    fn jobs_that_are_lost_or_change_after_their_end() {
        let lost = job()
            .polled(30, 0, 200, Some("RUNNING"))
            .polled(40, 0, 404, None)
            .failed(50, 0, 404, "no such job");
        let words =
            "request 0 (job, job j0) was accepted, and later the API did not know its job any more";
        assert_flaw(lost, "lost-job", words);
        let found_again = job()
            .polled(30, 0, 404, None)
            .polled(40, 0, 200, Some("RUNNING"))
            .failed(50, 0, 500, "lost its backend");
        assert_eq!(check(&found_again.finish(2_000)).verdict, Verdict::Holds);
        let finished = job().polled(30, 0, 404, None).ok(50, 0);
        assert_eq!(check(&finished.finish(2_000)).verdict, Verdict::Holds);
        let changed =
            job()
                .polled(30, 0, 200, Some("DONE"))
                .ok(31, 0)
                .polled(40, 0, 200, Some("RUNNING"));
        let words =
            "request 0 (job, job j0) had ended as DONE, and its job changed its state afterwards";
        assert_flaw(changed, "job-changed", words);
    }
}
