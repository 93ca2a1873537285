//! The API's log shows what was asked of it.

use regex::Regex;

use super::Invariant;
use crate::model::{API, FaultKind, Finding, Limits};
use crate::trace::{Event, EventKind, View};

/// Where the configuration gives patterns: after a stop or a kill of a backend the API's log says that the broken connection
/// was detected and that the API has connected again, each at least once, and lines that are forbidden never show.
///
/// A freeze or a cut may be too short to be noticed, so these ask for no line.
pub struct LogExpectations;

impl Invariant for LogExpectations {
    fn name(&self) -> &'static str {
        "log-expectations"
    }

    fn check(&self, view: &View<'_>, _limits: &Limits) -> Finding {
        let header = view.header();
        if header.log.is_empty() {
            return Finding::holds(self.name(), "no patterns are configured");
        }
        if !header.stack.api_observed {
            return Finding::inconclusive(self.name(), "the API's log is not observed");
        }
        for forbidden in &header.log.forbidden {
            match first_line(view, forbidden, 0) {
                Err(error) => return Finding::inconclusive(self.name(), error),
                Ok(None) => {}
                Ok(Some((event, line))) => {
                    let message =
                        format!("the API logged `{line}`, and /{forbidden}/ is forbidden");
                    return Finding::violated(
                        self.name(),
                        "forbidden-line",
                        None,
                        message,
                        event.seq,
                        Vec::new(),
                    );
                }
            }
        }
        let breaks = |kind: FaultKind| !matches!(kind, FaultKind::Pause | FaultKind::Cut);
        let broken = view
            .faults()
            .find(|window| view.fault_kind(window).is_some_and(breaks));
        let Some(window) = broken else {
            return Finding::holds(self.name(), "no fault was sure to break a connection");
        };
        // That a line is missing shows only at the end, so an earlier violation stays the primary one.
        let last = view
            .under_test()
            .last()
            .map_or(window.began.seq, |event| event.seq);
        let required = [
            ("detected", &header.log.detected),
            ("reconnected", &header.log.reconnected),
        ];
        for (name, pattern) in required {
            let Some(pattern) = pattern else { continue };
            match first_line(view, pattern, window.began.seq) {
                Err(error) => return Finding::inconclusive(self.name(), error),
                Ok(Some(_)) => {}
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
        Finding::holds(
            self.name(),
            "the API's log shows what it must and nothing that it must not",
        )
    }
}

/// The first line of the API's log, from an event on, that matches a pattern.
pub(super) fn first_line<'a>(
    view: &View<'a>,
    pattern: &str,
    from_seq: u64,
) -> Result<Option<(&'a Event, &'a str)>, String> {
    let regex =
        Regex::new(pattern).map_err(|e| format!("/{pattern}/ is no regular expression: {e}"))?;
    Ok(view
        .under_test()
        .iter()
        .filter(|event| event.seq >= from_seq)
        .find_map(|event| match &event.kind {
            EventKind::Log { service, line, .. } if service == API && regex.is_match(line) => {
                Some((event, line.as_str()))
            }
            _ => None,
        }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{LogPatterns, Verdict};
    use crate::trace::Trace;
    use crate::trace::script::{Script, limits};

    fn finding(kind: FaultKind, lines: &[(u64, &str)]) -> Finding {
        let script = Script::new(&["sync"]).fault("f1", kind, 30, 80);
        let script = lines.iter().fold(script, |script, (at_ms, line)| {
            script.event(*at_ms, log(line))
        });
        let mut trace: Trace = script.good_row(90, 2, "sync").finish(400);
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
    fn a_freeze_may_pass_unnoticed() {
        assert_eq!(finding(FaultKind::Pause, &[]).verdict, Verdict::Holds);
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
