//! What is expected of an API in the fixed plans.

use regex::Regex;

use crate::model::{API, ErrorBodies, Expectation, Outcome, Verdict, duration_us};
use crate::trace::{EventKind, Request, Trace, View};

/// How many characters of a log line are quoted: enough to recognize it.
const QUOTED: usize = 100;

/// What is expected of a correct API when its backend is restarted, and whether a judged trial met
/// it.
pub fn expectations(trace: &Trace) -> Vec<Expectation> {
    let view = View::new(trace);
    vec![
        fails_explicitly(&view, trace.header.limits.error_bodies),
        logged(
            &view,
            "the broken connection is detected",
            &trace.header.log.detected,
        ),
        logged(&view, "the API reconnects", &trace.header.log.reconnected),
        judged(trace, "new requests succeed", &["recovers"]),
        judged(
            trace,
            "nothing loops or hangs for ever",
            &["no-hang", "calm-reconnect"],
        ),
    ]
}

/// Of the requests in flight when a fault struck, those that failed had an error message.
fn fails_explicitly(view: &View<'_>, bodies: ErrorBodies) -> Expectation {
    let struck = |request: &&Request<'_>| {
        view.faults()
            .any(|window| request.is_in_flight_at(window.began.seq))
    };
    let struck: Vec<_> = view.requests().iter().filter(struck).collect();
    let is_silent = |request: &&&Request<'_>| match request.ended.map(|end| end.outcome) {
        Some(outcome @ Outcome::Failed { .. }) => outcome.vagueness(bodies).is_some(),
        _ => true,
    };
    let in_flight = struck.len();
    let failed = struck.iter().filter(|request| !request.is_ok());
    let silent = failed.clone().filter(is_silent).count();
    let failed = failed.count();
    Expectation {
        what: "requests in flight fail with an error message".to_owned(),
        met: (in_flight > 0).then_some(silent == 0),
        because: match in_flight {
            0 => "nothing was in flight".to_owned(),
            _ => format!(
                "{in_flight} were in flight, {failed} failed, {silent} of them without a message"
            ),
        },
    }
}

/// Whether any request needed a backend during an outage.
fn felt(view: &View<'_>) -> bool {
    view.faults()
        .any(|window| view.requests().iter().any(|request| request.felt(window)))
}

/// Since the first fault, the API has logged a line that matches the pattern.
fn logged(view: &View<'_>, what: &str, pattern: &Option<String>) -> Expectation {
    let expectation = |met, because| Expectation {
        what: what.to_owned(),
        met,
        because,
    };
    let regex = pattern.as_ref().and_then(|text| Regex::new(text).ok());
    let Some(regex) = regex else {
        let because = "the configuration's [log] gives no pattern for it".to_owned();
        return expectation(None, because);
    };
    let Some(fault) = view.faults().next() else {
        return expectation(None, "no fault was done".to_owned());
    };
    let events = view.under_test().iter();
    let mut since = events.filter(|event| event.seq > fault.began.seq);
    let line = since.find_map(|event| match &event.kind {
        EventKind::Log { service, line, .. } if service == API && regex.is_match(line) => {
            Some((line, event.at_us - fault.began.at_us))
        }
        _ => None,
    });
    match line {
        Some((line, after_us)) => {
            let (after, line) = (duration_us(after_us), quoted(line));
            let logged = format!("{after} after the fault began the API logged `{line}`");
            expectation(Some(true), logged)
        }
        // An idle API need not notice.
        None => expectation(
            felt(view).then_some(false),
            format!("no line of the API's log matches /{regex}/"),
        ),
    }
}

/// The beginning of a log line.
fn quoted(line: &str) -> String {
    match line.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// Some invariants hold.
fn judged(trace: &Trace, what: &str, invariants: &[&str]) -> Expectation {
    let findings = trace.judgement.iter().flat_map(|j| &j.findings);
    let findings = findings.filter(|f| invariants.contains(&f.invariant.as_str()));
    let worst = findings.max_by_key(|finding| finding.verdict);
    Expectation {
        what: what.to_owned(),
        met: worst.and_then(|finding| match finding.verdict {
            Verdict::Holds => Some(true),
            Verdict::Violated => Some(false),
            Verdict::Inconclusive => None,
        }),
        because: worst
            .map(|finding| finding.message.clone())
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_quoted_as_far_as_it_is_known_by() {
        assert_eq!(quoted("ö".repeat(100).as_str()), "ö".repeat(100));
        let longer = "ö".repeat(101);
        assert_eq!(quoted(&longer), format!("{}…", "ö".repeat(100)));
    }
}
