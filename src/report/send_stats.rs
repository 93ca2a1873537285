//! Statistics of the requests that `comeback send` sent.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::table::latencies;
use crate::latency::{histogram, percentiles};
use crate::model::{KindName, Outcome, Percentiles, UnknownReason, duration_ms};
use crate::trace::{Event, EventKind, InFlight};

/// How many errors a summary shows: the most frequent ones.
const ERRORS_SHOWN: usize = 5;
/// How many different errors are counted: messages with random parts must not fill the memory.
const ERRORS_KEPT: usize = 1_000;

/// The results of the requests so far: a fold of the history.
#[derive(Debug, Default)]
pub struct SendStats {
    in_flight: InFlight,
    latency: BTreeMap<(KindName, &'static str), Histogram<u64>>,
    errors: BTreeMap<String, u64>,
    sent: u64,
    given_up: u64,
    trouble: Option<String>,
}

/// The results of all requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SendSummary {
    /// The stack's name.
    pub stack: String,
    /// How many requests were sent.
    pub sent: u64,
    /// How many of them succeeded.
    pub ok: u64,
    /// How many were answered without success.
    pub failed: u64,
    /// How many never reached the API, because nothing listens at its address.
    pub refused: u64,
    /// How many were sent and not answered.
    pub unknown: u64,
    /// How many were still in flight at the end.
    pub in_flight: u64,
    /// What went wrong in the harness or the environment, if anything did.
    pub trouble: Option<String>,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
    /// Latency from the intended send to the end; for a job, to its terminal state.
    pub latency: Vec<SendLatency>,
    /// The most frequent errors.
    pub errors: Vec<ErrorCount>,
}

/// The latencies of one kind's requests with one outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SendLatency {
    /// The kind.
    pub kind: KindName,
    /// `ok`, `failed`, `refused` or `unknown`.
    pub outcome: &'static str,
    /// The latencies.
    #[serde(flatten)]
    pub latency: Percentiles,
}

/// An error, and how often it occurred.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorCount {
    /// How often.
    pub count: u64,
    /// The kind and the outcome, in words.
    pub error: String,
}

impl SendStats {
    /// Reads the next event, and returns its error if it is a new one.
    pub fn read(&mut self, event: &Event) -> Option<String> {
        let ended = self.in_flight.read(event, || ());
        match &event.kind {
            EventKind::Sent { .. } => self.sent += 1,
            EventKind::Ended {
                outcome,
                latency_us,
                ..
            } => return self.ended(ended?.kind, outcome, *latency_us),
            EventKind::Trouble { message, .. } => {
                self.trouble.get_or_insert_with(|| message.clone());
            }
            _ => {}
        }
        None
    }

    fn ended(&mut self, kind: KindName, outcome: &Outcome, latency_us: u64) -> Option<String> {
        if outcome.is_dropped() {
            self.given_up += 1;
            return None;
        }
        self.latency
            .entry((kind.clone(), name(outcome)))
            .or_insert_with(histogram)
            .saturating_record(latency_us);
        if outcome.is_ok() {
            return None;
        }
        let error = match outcome {
            // Nothing is unknown about it.
            Outcome::Unknown {
                reason: UnknownReason::Refused,
                message,
            } => format!("{kind} refused: {message}"),
            _ => format!("{kind} {outcome}"),
        };
        if let Some(count) = self.errors.get_mut(&error) {
            *count += 1;
            return None;
        }
        if self.errors.len() == ERRORS_KEPT {
            return None;
        }
        self.errors.insert(error.clone(), 1);
        Some(error)
    }

    /// The results at the end.
    pub fn summary(&self, stack: &str, elapsed: Duration) -> SendSummary {
        let count = |outcome| {
            let all = self.latency.iter();
            let of_outcome = all.filter(|((_, name), _)| *name == outcome);
            of_outcome.map(|(_, latency)| latency.len()).sum()
        };
        let errors = self.errors.iter().map(|(error, count)| ErrorCount {
            count: *count,
            error: error.clone(),
        });
        let mut errors: Vec<ErrorCount> = errors.collect();
        errors.sort_by_key(|error| std::cmp::Reverse(error.count));
        errors.truncate(ERRORS_SHOWN);
        SendSummary {
            stack: stack.to_owned(),
            sent: self.sent,
            ok: count("ok"),
            failed: count("failed"),
            refused: count("refused"),
            unknown: count("unknown"),
            in_flight: self.in_flight.len() as u64 + self.given_up,
            trouble: self.trouble.clone(),
            elapsed_ms: elapsed.as_millis() as u64,
            latency: self.rows(),
            errors,
        }
    }

    /// The table of outcomes and latencies so far, and how many requests are in flight.
    pub fn table(&self) -> String {
        let (table, in_flight) = (latency(&self.rows()), self.in_flight.len());
        format!("{table}\n{} sent, {in_flight} in flight", self.sent)
    }

    fn rows(&self) -> Vec<SendLatency> {
        let all = self.latency.iter();
        let rows = all.map(|((kind, outcome), latency)| SendLatency {
            kind: kind.clone(),
            outcome,
            latency: percentiles(latency),
        });
        rows.collect()
    }
}

impl SendSummary {
    /// The summary for people.
    pub fn text(&self) -> String {
        let SendSummary {
            stack,
            sent,
            ok,
            failed,
            refused,
            unknown,
            in_flight,
            ..
        } = self;
        let mut text = format!(
            "{stack}: {sent} sent in {}: {ok} ok, {failed} failed, {unknown} unknown",
            duration_ms(self.elapsed_ms)
        );
        if *refused > 0 {
            let _ = write!(
                text,
                ", {refused} refused (nothing listens at the API's address)"
            );
        }
        if *in_flight > 0 {
            let _ = write!(text, ", {in_flight} still in flight at the end");
        }
        text.push('\n');
        if !self.latency.is_empty() {
            let _ = writeln!(text, "\n{}", latency(&self.latency));
        }
        if !self.errors.is_empty() {
            text.push('\n');
        }
        for ErrorCount { count, error } in &self.errors {
            let _ = writeln!(text, "{count:>6} × {error}");
        }
        if let Some(trouble) = &self.trouble {
            let _ = writeln!(text, "\nended early: {trouble}");
        }
        text.trim_end().to_owned()
    }
}

/// An outcome's name in the statistics of `comeback send`.
fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Unknown {
            reason: UnknownReason::Refused,
            ..
        } => "refused",
        _ => outcome.name(),
    }
}

fn latency(rows: &[SendLatency]) -> String {
    let rows = rows.iter();
    let rows = rows.map(|row| ([row.kind.as_str(), row.outcome], &row.latency));
    latencies("request", rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Exchange, Origin};

    fn event(kind: EventKind) -> Event {
        Event {
            seq: 0,
            at_us: 0,
            kind,
        }
    }

    fn sent(request: u64) -> Event {
        event(EventKind::Sent {
            request,
            origin: Origin::Probe,
            kind: "job".to_owned(),
            token: String::new(),
            intended_us: 0,
            after: None,
        })
    }

    fn ended(request: u64, outcome: Outcome) -> Event {
        event(EventKind::Ended {
            request,
            outcome,
            exchange: Exchange::Submit,
            latency_us: 1_000 * (request + 1),
            echo: None,
        })
    }

    fn lost(reason: UnknownReason) -> Outcome {
        Outcome::Unknown {
            reason,
            message: reason.to_string(),
        }
    }

    #[test]
    fn each_request_counts_once_and_what_was_dropped_is_no_outcome() {
        let away = Outcome::Failed {
            status: 503,
            job_state: None,
            message: "away".to_owned(),
        };
        let mut fold = SendStats::default();
        for request in 0..6 {
            assert_eq!(fold.read(&sent(request)), None);
        }
        fold.read(&ended(0, Outcome::Ok));
        let new = fold.read(&ended(1, away.clone()));
        assert_eq!(new.as_deref(), Some("job failed (503): away"));
        assert_eq!(fold.read(&ended(2, away)), None);
        fold.read(&ended(3, lost(UnknownReason::Refused)));
        fold.read(&ended(4, lost(UnknownReason::Dropped)));
        let summary = fold.summary("demo", Duration::from_millis(1_234));
        let expected = "\
            demo: 6 sent in 1.23 s: 1 ok, 2 failed, 0 unknown, 1 refused (nothing listens at the API's address), 2 still in flight at the end\n\n \
            request  outcome  count   p50   p90   p99   max\n \
            job      failed       2  2 ms  3 ms  3 ms  3 ms\n \
            job      ok           1  1 ms  1 ms  1 ms  1 ms\n \
            job      refused      1  4 ms  4 ms  4 ms  4 ms\n\n     \
            2 × job failed (503): away\n     \
            1 × job refused: connection refused";
        assert_eq!(summary.text(), expected);
    }
}
