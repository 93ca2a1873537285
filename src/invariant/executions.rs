//! Executions of requests, as read from the backends' logs.

use std::collections::{BTreeMap, BTreeSet};

use super::flaw::Flaw;
use super::log_expectations::{has_gaps, regex};
use super::wording;
use crate::model::Executed;
use crate::trace::{LogLine, Request, View};

/// A line that was written this shortly before the trial ended may not have been read.
const LINE_WITHIN_US: u64 = 2_000_000;

/// Every request that a backend executed twice, or, with `exactly-once`, not at all although it
/// succeeded. The error says why that cannot be judged.
pub(super) fn flaws<'v, 'a>(view: &'v View<'a>) -> Result<Vec<Flaw<'v, 'a>>, String> {
    if view.header().stack.executed.is_empty() {
        return Ok(Vec::new());
    }
    let by_token: BTreeMap<&str, &Request<'a>> =
        view.requests().iter().map(|r| (r.token, r)).collect();
    let mut flaws = Vec::new();
    for (backend, executed) in &view.header().stack.executed {
        of_backend(view, backend, executed, &by_token, &mut flaws)?;
    }
    Ok(flaws)
}

fn of_backend<'v, 'a>(
    view: &'v View<'a>,
    backend: &str,
    executed: &Executed,
    by_token: &BTreeMap<&str, &'v Request<'a>>,
    flaws: &mut Vec<Flaw<'v, 'a>>,
) -> Result<(), String> {
    let pattern = &executed.line;
    let regex = regex(pattern)?;
    let token = |log: &LogLine<'a>| {
        let executes = log.service == backend;
        let found = executes.then(|| regex.captures(log.line)).flatten()?;
        Some(found.get(1)?.as_str())
    };
    let mut first_lines: BTreeMap<u64, u64> = BTreeMap::new();
    for log in view.logs() {
        // The backend may still execute requests of other trials.
        let Some(request) = token(log).and_then(|token| by_token.get(token)) else {
            continue;
        };
        match first_lines.get(&request.id) {
            Some(first) => flaws.push(Flaw {
                seq: log.moment.seq,
                reason: "double-execution",
                request,
                words: format!("was executed twice by {backend}, as its log tells"),
                earlier: Some(*first),
            }),
            None => {
                first_lines.insert(request.id, log.moment.seq);
            }
        }
    }
    let until_us = view.observed_until_us().saturating_sub(LINE_WITHIN_US);
    let succeeded: Vec<_> = view
        .requests()
        .iter()
        .filter_map(|request| Some((request, request.ended?)))
        .filter(|(_, end)| end.outcome.is_ok() && end.moment.at_us <= until_us)
        .collect();
    if first_lines.is_empty() && !succeeded.is_empty() {
        return Err(format!(
            "no line of {backend}'s log matched /{pattern}/ with the token of a request: mend \
             `executed`, and let the request hand its {{token}} on"
        ));
    }
    if !executed.exactly_once {
        return Ok(());
    }
    // Some kinds may never reach this backend.
    let executed_ones = view
        .requests()
        .iter()
        .filter(|r| first_lines.contains_key(&r.id));
    let kinds: BTreeSet<&str> = executed_ones.map(|r| r.kind).collect();
    let never = succeeded.into_iter().filter(|(request, _)| {
        kinds.contains(request.kind) && !first_lines.contains_key(&request.id)
    });
    let never: Vec<_> = never.collect();
    if let Some((request, _)) = never.first()
        && has_gaps(view, backend)
    {
        return Err(format!(
            "{} succeeded and no line of {backend}'s log tells of its execution, but lines were left out, because they came \
             faster than they could be recorded",
            wording::request(request)
        ));
    }
    flaws.extend(never.into_iter().map(|(request, end)| Flaw {
        seq: end.moment.seq,
        reason: "never-executed",
        request,
        words: format!("succeeded, and {backend} never executed it, as its log tells"),
        earlier: None,
    }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Invariant;
    use super::super::accounting::Accounting;
    use super::*;
    use crate::model::{Finding, Outcome, Verdict};
    use crate::trace::EventKind;
    use crate::trace::script::{Script, limits};

    fn line(service: &str, line: &str) -> EventKind {
        EventKind::Log {
            service: service.to_owned(),
            line: line.to_owned(),
            source_at: None,
        }
    }

    /// Two requests that succeed, with these lines of the backend's log.
    fn judged(exactly_once: bool, lines: &[(u64, EventKind)]) -> Finding {
        let script = Script::new(&["job"])
            .sent(20, 0, "job")
            .ended(30, 0, Outcome::Ok, Some("t0"))
            .good(40, 1, "job");
        let script = lines.iter().fold(script, |script, (at_ms, line)| {
            script.event(*at_ms, line.clone())
        });
        let mut trace = script.finish(9_000);
        let executed = Executed {
            line: "EXEC (\\S+)".to_owned(),
            exactly_once,
        };
        trace.header.stack.executed = BTreeMap::from([("store".to_owned(), executed)]);
        Accounting.check(&View::new(&trace), &limits())
    }

    #[test]
    fn an_execution_of_each_is_as_it_should_be() {
        let lines = [
            (25, line("store", "EXEC t0")),
            (45, line("store", "1 EXEC t1 done")),
        ];
        for exactly_once in [false, true] {
            let finding = judged(exactly_once, &lines);
            assert_eq!(finding.verdict, Verdict::Holds, "{}", finding.message);
        }
    }

    #[test]
    fn a_token_that_is_executed_twice_is_a_violation_proven_by_both_lines() {
        let lines = [
            (25, line("store", "EXEC t0")),
            (60, line("store", "EXEC t0")),
        ];
        let finding = judged(false, &lines);
        assert_eq!(finding.reason.as_deref(), Some("double-execution"));
        assert_eq!(finding.evidence.len(), 3, "{:?}", finding.evidence);
        // Another service's log, and another trial's token, count for nothing.
        let others = [
            (25, line("store", "EXEC t0")),
            (50, line("api", "EXEC t0")),
            (55, line("store", "EXEC t77")),
            (56, line("store", "EXEC t77")),
        ];
        let finding = judged(false, &others);
        assert_eq!(finding.verdict, Verdict::Holds, "{}", finding.message);
    }

    #[test]
    fn a_success_without_an_execution_is_a_violation_only_where_that_is_asked_for() {
        let lines = [(25, line("store", "EXEC t0"))];
        assert_eq!(judged(false, &lines).verdict, Verdict::Holds);
        let finding = judged(true, &lines);
        assert_eq!(finding.reason.as_deref(), Some("never-executed"));
        let dropped = EventKind::LogDropped {
            service: "store".to_owned(),
            lines: 7,
        };
        let with_gaps = [lines[0].clone(), (50, dropped)];
        assert_eq!(judged(true, &with_gaps).verdict, Verdict::Inconclusive);
    }

    #[test]
    fn a_pattern_that_matches_nothing_is_told() {
        let finding = judged(false, &[(25, line("store", "executed t0"))]);
        assert_eq!(finding.verdict, Verdict::Inconclusive);
        assert!(
            finding.message.contains("mend `executed`"),
            "{}",
            finding.message
        );
    }
}
