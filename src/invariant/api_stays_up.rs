//! The API survives its backend.

use super::{Invariant, wording};
use crate::model::{API, Finding, Limits, Verdict};
use crate::trace::{Event, EventKind, View};

/// The API's process or container does not exit, restart or get killed because it is out of memory.
///
/// The end of a process is often observed after its connections broke. So the violation begins with
/// the first broken or refused request after which no answer came: the consequences of an exit must
/// not count as the first violation.
pub struct ApiStaysUp;

impl Invariant for ApiStaysUp {
    fn name(&self) -> &'static str {
        "api-stays-up"
    }

    fn check(&self, view: &View<'_>, _limits: &Limits) -> Finding {
        if !view.header().stack.api_observed {
            return Finding::not_judged(self.name(), "the API's process is not observed");
        }
        let Some((event, reason, what)) = fall(view) else {
            return Finding::holds(self.name(), "the API's process stayed up");
        };
        let place = wording::place(view, event.seq, event.at_us);
        let message = format!("the API {what} {place}");
        let began = view.silent_since(event.seq).unwrap_or(event.seq);
        let proof = vec![event.seq];
        Finding::violated(self.name(), reason, None, message, began, proof)
    }

    /// If nothing has been answered since a connection broke, the API may have ended without that
    /// being observed yet.
    fn is_decided(&self, view: &View<'_>, limits: &Limits, primary: &Finding) -> bool {
        let began = primary.evidence.first();
        let silent = view.silent_since(u64::MAX);
        !view.header().stack.api_observed
            || self.check(view, limits).verdict == Verdict::Violated
            || silent.is_none_or(|silent| began.is_some_and(|began| *began < silent))
    }
}

/// The first event that shows that the API did not stay up, with reason and words.
fn fall<'a>(view: &View<'a>) -> Option<(&'a Event, &'static str, String)> {
    // The process that was started last before the trial's first request is the one that must stay.
    let mut identity = view.setup().iter().rev().find_map(api_identity);
    view.under_test()
        .iter()
        .find_map(|event| match &event.kind {
            EventKind::Exited {
                service, oom: true, ..
            } if service == API => Some((
                event,
                "oom-killed",
                "was killed for want of memory".to_owned(),
            )),
            EventKind::Exited { service, code, .. } if service == API => {
                let code = code.map_or(String::new(), |code| format!(" with code {code}"));
                Some((event, "exited", format!("exited{code}")))
            }
            _ => {
                let started = api_identity(event)?;
                let before = identity.replace(started)?;
                (before != started).then(|| (event, "restarted", "was restarted".to_owned()))
            }
        })
}

fn api_identity(event: &Event) -> Option<&str> {
    match &event.kind {
        EventKind::Started {
            service, identity, ..
        } if service == API => Some(identity),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FaultKind, UnknownReason};
    use crate::trace::Trace;
    use crate::trace::script::{Script, limits};

    fn reason_of(trace: &Trace) -> Option<String> {
        let finding = ApiStaysUp.check(&View::new(trace), &limits());
        assert_eq!(
            finding.verdict == Verdict::Violated,
            finding.reason.is_some()
        );
        finding.reason
    }

    fn script() -> Script {
        Script::new(&["sync"])
            .exited(0, "api", false)
            .started(0, "api", "1")
            .fault("f1", FaultKind::Kill, 20, 50)
    }

    #[test]
    fn holds_where_only_the_backend_falls() {
        let trace = script().exited(21, "ray", false).started(30, "ray", "7");
        assert_eq!(reason_of(&trace.finish(90)), None);
        // A second report of the same process is no restart.
        assert_eq!(
            reason_of(&script().started(30, "api", "1").finish(90)),
            None
        );
    }

    #[test]
    fn an_exit_a_kill_for_memory_and_a_restart() {
        let exited = script().exited(40, "api", false).finish(90);
        assert_eq!(reason_of(&exited).as_deref(), Some("exited"));
        let finding = ApiStaysUp.check(&View::new(&exited), &limits());
        assert_eq!(
            finding.message,
            "the API exited with code 137 20 ms after the kill of ray began"
        );
        let oom = script().exited(40, "api", true).finish(90);
        assert_eq!(reason_of(&oom).as_deref(), Some("oom-killed"));
        let restarted = script().started(40, "api", "2").finish(90);
        assert_eq!(reason_of(&restarted).as_deref(), Some("restarted"));
    }

    #[test]
    fn it_begins_with_the_connection_that_broke_since_which_nothing_was_answered() {
        let began = |script: Script| {
            let trace = script.exited(60, "api", false).finish(90);
            let finding = ApiStaysUp.check(&View::new(&trace), &limits());
            trace.events[finding.evidence[0] as usize].at_us / 1_000
        };
        let broke = || {
            script()
                .sent(41, 1, "sync")
                .unknown(42, 1, UnknownReason::Reset)
        };
        let refused = broke()
            .sent(50, 2, "sync")
            .unknown(51, 2, UnknownReason::Refused);
        assert_eq!(began(refused), 42);
        // It was up at 45 ms.
        let answered = broke().sent(43, 2, "sync").failed(45, 2, 503, "away");
        assert_eq!(began(answered), 60);
        let timed_out = script()
            .sent(41, 1, "sync")
            .unknown(42, 1, UnknownReason::TimedOut);
        assert_eq!(began(timed_out), 60);
    }

    #[test]
    fn says_where_nobody_looked() {
        let mut blind = script().exited(40, "api", false);
        blind.api_observed = false;
        let finding = ApiStaysUp.check(&View::new(&blind.finish(90)), &limits());
        assert_eq!(finding.verdict, Verdict::Holds);
        assert_eq!(finding.message, "the API's process is not observed");
    }
}
