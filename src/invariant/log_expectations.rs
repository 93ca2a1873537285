//! The API's log shows what the configuration expects.

use regex::Regex;

use super::Invariant;
use super::recovers::Recovers;
use crate::model::{API, FaultKind, Finding, Limits, LinkFault, Verdict};
use crate::trace::{Event, EventKind, LogLine, View, Window};

/// After a stop or a kill of a backend that a request felt, the API's log says at least once each
/// that the broken connection was detected and that the API has connected again; and forbidden
/// lines never appear. The configuration gives the patterns.
///
/// An idle API need not notice an outage, so lines are expected only of one that [was
/// felt](crate::trace::Request::felt). A pause or a cut may be too short to be noticed, so these
/// need no line. But they may be noticed, and a stop before the API is back then finds no
/// connection to break: so a line after any fault is enough. A missing line is proven only once
/// success is sustained, or the time for it is over, and this machine is not the reason.
pub struct LogExpectations;

impl Invariant for LogExpectations {
    fn name(&self) -> &'static str {
        "log-expectations"
    }

    fn check(&self, view: &View<'_>, limits: &Limits) -> Finding {
        let header = view.header();
        if header.log.is_empty() {
            return Finding::not_judged(self.name(), "no patterns are configured");
        }
        if !header.stack.api_observed {
            return Finding::inconclusive(self.name(), "the API's log is not observed");
        }
        for forbidden in &header.log.forbidden {
            match first_line(view, forbidden, 0) {
                Err(error) => return Finding::inconclusive(self.name(), error),
                Ok(None) => {}
                Ok(Some(log)) => {
                    let line = log.line;
                    let message =
                        format!("the API logged `{line}`, and /{forbidden}/ is forbidden");
                    return Finding::violated(
                        self.name(),
                        "forbidden-line",
                        None,
                        message,
                        log.moment.seq,
                        Vec::new(),
                    );
                }
            }
        }
        let breaks = |kind: FaultKind| match kind {
            FaultKind::Stop { .. } | FaultKind::Kill | FaultKind::Rapid { .. } => true,
            FaultKind::Pause | FaultKind::Cut => false,
            FaultKind::Link(fault) => fault == LinkFault::Reset,
        };
        let felt = |window: &&Window<'_>| view.requests().iter().any(|r| r.felt(window));
        let mut broken = view
            .faults()
            .filter(|window| view.fault_kind(window).is_some_and(breaks));
        let Some(window) = broken.find(felt) else {
            return Finding::not_judged(
                self.name(),
                "no request felt that a connection was broken for sure",
            );
        };
        // A missing line shows only at the end, so an earlier violation stays the primary one.
        let last = view
            .last_under_test()
            .map_or(window.began.seq, |last| last.seq);
        let first = view.windows().first().unwrap_or(window);
        let required = [
            ("detected", &header.log.detected),
            ("reconnected", &header.log.reconnected),
        ];
        for (name, pattern) in required {
            let Some(pattern) = pattern else { continue };
            match first_line(view, pattern, first.began.seq) {
                Err(error) => return Finding::inconclusive(self.name(), error),
                Ok(Some(_)) => {}
                Ok(None) if has_gaps(view, API) => {
                    return Finding::inconclusive(self.name(), GAPS);
                }
                Ok(None) if !had_its_time(view, limits) => {
                    let message =
                        format!("the trial ended before the API had to log /{pattern}/ ({name})");
                    return Finding::inconclusive(self.name(), message);
                }
                Ok(None) if may_be_back(view, limits) => {
                    let message = format!(
                        "that the API did not log /{pattern}/ ({name}) tells as little as its recovery, which is not decided"
                    );
                    return Finding::inconclusive(self.name(), message);
                }
                Ok(None) => {
                    let backend = window.backend;
                    let message = format!(
                        "after the backend {backend} went away, the API logged no line like /{pattern}/ ({name})"
                    );
                    let reason = format!("not-{name}");
                    return Finding::violated(
                        self.name(),
                        &reason,
                        None,
                        message,
                        last,
                        vec![window.began.seq],
                    );
                }
            }
        }
        if has_gaps(view, API) && !header.log.forbidden.is_empty() {
            return Finding::inconclusive(self.name(), GAPS);
        }
        Finding::holds(
            self.name(),
            "the API's log shows what it must and nothing that it must not",
        )
    }
}

const GAPS: &str =
    "lines of the API's log were left out, because they came faster than they could be recorded";

/// Whether lines of a service's log are missing.
pub(super) fn has_gaps(view: &View<'_>, log_of: &str) -> bool {
    let of_it = |event: &Event| matches!(&event.kind, EventKind::LogDropped { service, .. } if service == log_of);
    view.under_test().iter().any(of_it)
}

/// A compiled pattern, or why it is invalid.
pub(super) fn regex(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|e| format!("/{pattern}/ is no regular expression: {e}"))
}

/// Whether the API came back after the last fault, or had the time for it: a kind was asked for
/// that long.
fn had_its_time(view: &View<'_>, limits: &Limits) -> bool {
    let limit_us = limits.recovery_ms.saturating_mul(1_000);
    view.last_ready().is_some_and(|ready| {
        let mut kinds = view.header().stack.kinds.iter();
        let in_vain = |name: &str| view.asked(name, ready.at_us).until(limit_us).is_some();
        view.settled(ready.at_us).is_some() || kinds.any(|kind| in_vain(&kind.name))
    })
}

/// Whether the API might have come back in time on a less busy machine: then it might have logged
/// the line.
fn may_be_back(view: &View<'_>, limits: &Limits) -> bool {
    let settled = view
        .last_ready()
        .and_then(|ready| view.settled(ready.at_us));
    settled.is_none() && Recovers.check(view, limits).verdict == Verdict::Inconclusive
}

/// The first line of the API's log, from an event on, that matches a pattern.
fn first_line<'a>(
    view: &View<'a>,
    pattern: &str,
    from_seq: u64,
) -> Result<Option<LogLine<'a>>, String> {
    let regex = regex(pattern)?;
    let mut logs = view.logs().iter();
    let matches = |log: &&LogLine<'_>| {
        log.moment.seq >= from_seq && log.service == API && regex.is_match(log.line)
    };
    Ok(logs.find(matches).copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LogPatterns;
    use crate::trace::Trace;
    use crate::trace::script::{Script, limits};

    /// A fault from 30 to 80 ms that one request feels; sustained success follows.
    fn finding(kind: FaultKind, lines: &[(u64, &str)]) -> Finding {
        let script = Script::new(&["sync"]).fault("f1", kind, 30, 80);
        let script = script.bad(50, 0, "sync").good_row(90, 2, "sync");
        judged(script, lines)
    }

    fn judged(script: Script, lines: &[(u64, &str)]) -> Finding {
        let script = lines.iter().fold(script, |script, (at_ms, line)| {
            script.event(*at_ms, log(line))
        });
        let mut trace: Trace = script.finish(400);
        trace.header.log = LogPatterns {
            detected: Some("lost".to_owned()),
            reconnected: Some("^reconnected".to_owned()),
            forbidden: vec!["Traceback".to_owned()],
        };
        LogExpectations.check(&View::new(&trace), &limits())
    }

    fn log(line: &str) -> EventKind {
        let (service, line) = (API.to_owned(), line.to_owned());
        EventKind::Log {
            service,
            line,
            source_at: None,
        }
    }

    fn reason(finding: &Finding) -> Option<&str> {
        finding.reason.as_deref()
    }

    #[test]
    fn both_lines_are_asked_for_after_a_kill() {
        let both = finding(
            FaultKind::Kill,
            &[(40, "connection lost"), (85, "reconnected")],
        );
        assert_eq!(both.verdict, Verdict::Holds, "{}", both.message);
        let silent = finding(FaultKind::Kill, &[]);
        assert_eq!(reason(&silent), Some("not-detected"));
        let early = finding(
            FaultKind::Kill,
            &[(20, "connection lost"), (85, "reconnected")],
        );
        assert_eq!(
            reason(&early),
            Some("not-detected"),
            "a line before the fault does not count"
        );
        let stuck = finding(FaultKind::Kill, &[(40, "connection lost")]);
        assert_eq!(reason(&stuck), Some("not-reconnected"));
    }

    #[test]
    fn an_outage_that_no_request_felt_may_pass_unnoticed() {
        let killed = || Script::new(&["sync"]).fault("f1", FaultKind::Kill, 30, 80);
        let idle = judged(killed().good_row(90, 2, "sync"), &[]);
        assert_eq!(idle.verdict, Verdict::Holds, "{}", idle.message);
        // A later one was felt, and asks for both lines.
        let busy = killed().good_row(90, 2, "sync");
        let busy = busy
            .fault("f2", FaultKind::Kill, 150, 200)
            .bad(170, 7, "sync");
        let busy = judged(busy.good_row(210, 8, "sync"), &[]);
        assert_eq!(reason(&busy), Some("not-detected"), "{}", busy.message);
    }

    #[test]
    fn a_line_is_missing_only_once_the_api_is_back_or_its_time_is_over() {
        let gone = || {
            let script = Script::new(&["sync"]).fault("f1", FaultKind::Kill, 30, 80);
            script.bad(50, 0, "sync").bad(90, 1, "sync")
        };
        let early = judged(gone(), &[]);
        assert_eq!(early.verdict, Verdict::Inconclusive, "{}", early.message);
        // A time in which nobody asks shows nothing.
        let idle = judged(gone().bad(1_080, 2, "sync"), &[]);
        assert_eq!(idle.verdict, Verdict::Inconclusive, "{}", idle.message);
        let asked = || (2..14).fold(gone(), |script, id| script.bad(id * 100, id, "sync"));
        let late = judged(asked(), &[]);
        assert_eq!(reason(&late), Some("not-detected"), "{}", late.message);
        // On a machine that held every request up, the API may have needed no more time than it
        // has.
        let starved = (2..14).fold(asked().late(94, 3), |s, id| s.late(id * 100 + 4, 3));
        let starved = judged(starved, &[]);
        assert_eq!(
            starved.verdict,
            Verdict::Inconclusive,
            "{}",
            starved.message
        );
    }

    #[test]
    fn a_freeze_may_pass_unnoticed() {
        assert_eq!(finding(FaultKind::Pause, &[]).verdict, Verdict::Holds);
    }

    #[test]
    fn a_cut_that_was_noticed_leaves_nothing_for_a_stop_to_break() {
        let mut trace: Trace = Script::new(&["sync"])
            .fault("f1", FaultKind::Cut, 10, 30)
            .event(25, log("connection lost"))
            .fault("f2", FaultKind::Kill, 31, 80)
            .bad(40, 0, "sync")
            .good_row(90, 2, "sync")
            .event(85, log("reconnected"))
            .finish(400);
        trace.header.log = LogPatterns {
            detected: Some("lost".to_owned()),
            reconnected: Some("^reconnected".to_owned()),
            forbidden: Vec::new(),
        };
        let finding = LogExpectations.check(&View::new(&trace), &limits());
        assert_eq!(finding.verdict, Verdict::Holds, "{}", finding.message);
    }

    #[test]
    fn a_forbidden_line_is_a_violation_after_any_fault() {
        let forbidden = finding(
            FaultKind::Pause,
            &[(50, "Traceback (most recent call last):")],
        );
        assert_eq!(reason(&forbidden), Some("forbidden-line"));
    }
}
