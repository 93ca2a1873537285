//! Every failure says so.

use super::{Invariant, wording};
use crate::model::{Finding, Limits, Outcome};
use crate::trace::{Request, View};

/// Every outcome that is not `ok` is `failed`, with a status of 400 or more (or a job's failed
/// state) and a message; a status of 500 or more needs none, unless the limit `error-bodies` asks
/// for it. A timeout counts only for `no-hang`, the answer to another request only for
/// `accounting`, and a request that the harness dropped for nothing.
pub struct ExplicitErrors;

impl Invariant for ExplicitErrors {
    fn name(&self) -> &'static str {
        "explicit-errors"
    }

    fn check(&self, view: &View<'_>, limits: &Limits) -> Finding {
        let failures = || view.requests().iter().filter(|r| r.failure().is_some());
        let mut vague: Vec<_> = failures()
            .filter(|request| !request.is_crossed())
            .filter_map(|request| {
                let end = request.ended?;
                Some((
                    end.moment,
                    end.outcome.vagueness(limits.error_bodies)?,
                    end.outcome,
                    request,
                ))
            })
            .collect();
        vague.sort_by_key(|(moment, ..)| *moment);
        let failed = wording::count(failures().count(), "failure");
        let Some((moment, reason, outcome, request)) = vague.first() else {
            return Finding::holds(
                self.name(),
                format!("{failed}, none of them without an explicit error"),
            );
        };
        let message = format!(
            "{} of {failed} came without an explicit error; the first, {}, {}, {}",
            vague.len(),
            wording::request(request),
            wording::place(view, moment.seq, moment.at_us),
            words(reason, outcome, request)
        );
        let proof = vec![request.sent.seq];
        Finding::violated(
            self.name(),
            reason,
            Some(request.kind),
            message,
            moment.seq,
            proof,
        )
    }
}

fn words(reason: &str, outcome: &Outcome, request: &Request<'_>) -> String {
    match (reason, outcome) {
        ("empty-success", Outcome::Failed { status, .. }) => match request.mismatch.as_deref() {
            Some((_, mismatch)) => format!("was answered with status {status} and {mismatch}"),
            None => format!("was answered with status {status} though it did not succeed"),
        },
        ("no-message", Outcome::Failed { status, .. }) => {
            format!("failed with status {status} and no message")
        }
        _ => format!("ended as {outcome}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ErrorBodies, UnknownReason, Verdict};
    use crate::trace::script::{Script, limits};

    fn reason_of(outcome: Outcome) -> Option<String> {
        reason_by(&limits(), outcome)
    }

    fn reason_by(limits: &Limits, outcome: Outcome) -> Option<String> {
        let trace = Script::new(&["sync"])
            .good(20, 0, "sync")
            .sent(30, 1, "sync")
            .ended(40, 1, outcome, None)
            .finish(100);
        let finding = ExplicitErrors.check(&View::new(&trace), limits);
        assert_eq!(
            finding.verdict == Verdict::Violated,
            finding.reason.is_some()
        );
        finding.reason
    }

    fn failed(status: u16, job_state: Option<&str>, message: &str) -> Outcome {
        Outcome::Failed {
            status,
            job_state: job_state.map(str::to_owned),
            message: message.to_owned(),
        }
    }

    #[test]
    fn what_was_expected_and_what_came_is_quoted_and_the_answer_of_another_is_not_charged_here() {
        let wrong = |asked_by| {
            let trace = Script::new(&["sync"])
                .good(20, 0, "sync")
                .sent(30, 1, "sync")
                .mismatched(40, 1, Some("down"), asked_by)
                .failed(40, 1, 200, "{}")
                .finish(100);
            ExplicitErrors.check(&View::new(&trace), &limits())
        };
        let nobody_s = wrong(None);
        assert_eq!(nobody_s.reason.as_deref(), Some("empty-success"));
        assert_eq!(
            nobody_s.message,
            "1 of 1 failure came without an explicit error; the first, request 1 (sync), before any fault, was answered with \
             status 200 and `down` at /name, where `carol` is expected"
        );
        assert_eq!(wrong(Some(0)).verdict, Verdict::Holds);
    }

    #[test]
    fn the_table() {
        assert_eq!(reason_of(Outcome::Ok), None);
        assert_eq!(reason_of(failed(503, None, "backend away")), None);
        assert_eq!(reason_of(failed(200, Some("ERROR"), "lost")), None);
        assert_eq!(
            reason_of(failed(200, Some("ERROR"), "")).unwrap(),
            "no-message"
        );
        assert_eq!(reason_of(failed(503, None, " \n")), None);
        assert_eq!(reason_of(failed(404, None, " \n")).unwrap(), "no-message");
        assert_eq!(reason_of(failed(200, None, "{}")).unwrap(), "empty-success");
        assert_eq!(reason_of(failed(302, None, "")).unwrap(), "empty-success");
        let unknown = |reason| Outcome::Unknown {
            reason,
            message: String::new(),
        };
        for (reason, expected) in [
            (UnknownReason::Refused, Some("connection-refused")),
            (UnknownReason::Reset, Some("connection-broke")),
            (UnknownReason::Garbled, Some("garbled")),
            (UnknownReason::TimedOut, None),
            (UnknownReason::JobNotTerminal, None),
            (UnknownReason::Dropped, None),
        ] {
            assert_eq!(reason_of(unknown(reason)).as_deref(), expected);
        }
    }

    #[test]
    fn a_body_can_be_required_of_server_errors() {
        let required = Limits {
            error_bodies: ErrorBodies::Required,
            ..limits()
        };
        let empty = reason_by(&required, failed(503, None, " \n"));
        assert_eq!(empty.as_deref(), Some("no-message"));
        assert_eq!(reason_by(&required, failed(503, None, "away")), None);
    }

    #[test]
    fn the_first_to_end_is_the_evidence() {
        let trace = Script::new(&["sync"])
            .sent(20, 0, "sync")
            .sent(21, 1, "sync")
            .unknown(30, 1, UnknownReason::Reset)
            .failed(40, 0, 400, "")
            .finish(100);
        let finding = ExplicitErrors.check(&View::new(&trace), &limits());
        assert_eq!(finding.reason.as_deref(), Some("connection-broke"));
        assert_eq!(finding.evidence, vec![5, 4]);
        assert_eq!(
            finding.message,
            "2 of 2 failures came without an explicit error; the first, request 1 (sync), before any fault, \
             ended as unknown (connection broke): connection broke"
        );
    }
}
