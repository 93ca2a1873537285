//! Latencies on disk: an interval log in HdrHistogram's own format (version 2, compressed), which its usual tools open.
//!
//! Each trial is an interval, and each of its stages and outcomes a line, tagged `STAGE-OUTCOME`. A trial's lines stand together and in
//! order; so another trial begins where the interval's start is another, or the order begins anew.

use std::io::{self, Write};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::serialization::interval_log::{
    IntervalLogIterator, IntervalLogWriterBuilder, LogEntry, Tag,
};
use hdrhistogram::serialization::{Deserializer, V2DeflateSerializer};

use super::{Latencies, Stage, histogram};
use crate::model::Outcome;

/// An interval log that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line} is no interval of latencies: {message}")]
pub struct LatencyLogError {
    /// The line, not counting comments, from 1.
    line: usize,
    message: String,
}

/// Writes the latencies of one trial, which began so long after the epoch and took so long.
///
/// # Errors
/// When it cannot be written.
pub fn append(
    latencies: &Latencies,
    began: Duration,
    took: Duration,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut serializer = V2DeflateSerializer::new();
    let mut lines = Vec::new();
    let mut log = IntervalLogWriterBuilder::new()
        .with_max_value_divisor(1.0)
        .begin_log_with(&mut lines, &mut serializer)?;
    for (stage, outcome, histogram) in latencies.histograms() {
        let tag = format!("{stage}-{outcome}");
        log.write_histogram(histogram, began, took, Tag::new(&tag))
            .map_err(io::Error::other)?;
    }
    out.write_all(&lines)
}

/// Reads the latencies of each trial of an interval log. A last line that was cut is passed over.
///
/// # Errors
/// When a line is not one that [`append`] writes.
pub fn read(log: &[u8]) -> Result<Vec<Latencies>, LatencyLogError> {
    let whole = log.iter().rposition(|byte| *byte == b'\n');
    let log = &log[..whole.map_or(0, |last| last + 1)];
    let mut deserializer = Deserializer::new();
    let mut trials: Vec<Latencies> = Vec::new();
    let mut last_start = None;
    for (number, entry) in IntervalLogIterator::new(log).enumerate() {
        let bad = |message: String| LatencyLogError {
            line: number + 1,
            message,
        };
        let entry = entry.map_err(|_| bad("its format is another".to_owned()))?;
        let LogEntry::Interval(interval) = entry else {
            continue;
        };
        let tag = interval.tag().map(|tag| tag.as_str().to_owned());
        let key = tag
            .as_deref()
            .and_then(key)
            .ok_or_else(|| bad("its tag is no stage and outcome".to_owned()))?;
        let bytes = STANDARD.decode(interval.encoded_histogram());
        let bytes = bytes.map_err(|error| bad(error.to_string()))?;
        let read = deserializer
            .deserialize::<u64, _>(&mut bytes.as_slice())
            .map_err(|error| bad(error.to_string()))?;
        let start = interval.start_timestamp();
        let begins_anew =
            |trial: &Latencies| trial.0.last_key_value().is_some_and(|(k, _)| *k >= key);
        if last_start != Some(start) || trials.last().is_none_or(begins_anew) {
            trials.push(Latencies::default());
        }
        last_start = Some(start);
        let mut ours = histogram();
        ours.add(read).map_err(|error| bad(error.to_string()))?;
        if let Some(trial) = trials.last_mut() {
            trial.0.insert(key, ours);
        }
    }
    Ok(trials)
}

/// The stage and the outcome that a tag names.
fn key(tag: &str) -> Option<(Stage, &'static str)> {
    let (stage, outcome) = tag.split_once('-')?;
    let stage = Stage::ALL.into_iter().find(|s| s.to_string() == stage)?;
    let outcome = Outcome::NAMES.into_iter().find(|name| *name == outcome)?;
    Some((stage, outcome))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(values: &[(Stage, &'static str, u64)]) -> Latencies {
        let mut latencies = Latencies::default();
        for (stage, outcome, us) in values {
            latencies.record(*stage, outcome, *us);
        }
        latencies
    }

    #[test]
    fn trials_are_read_back_as_they_were_and_a_cut_line_is_passed_over() {
        let trials = [
            trial(&[
                (Stage::Baseline, "ok", 20_000),
                (Stage::After, "unknown", 1_500_000),
            ]),
            trial(&[
                (Stage::Baseline, "ok", 1),
                (Stage::Baseline, "ok", 3_000_000_000),
            ]),
            trial(&[(Stage::Outage, "failed", 700)]),
        ];
        let mut log = Vec::new();
        for (nth, trial) in trials.iter().enumerate() {
            let began = Duration::from_secs(1_700_000_000 + nth as u64);
            append(trial, began, Duration::from_millis(1_234), &mut log).unwrap();
        }
        let rows = |trials: &[Latencies]| trials.iter().map(Latencies::rows).collect::<Vec<_>>();
        assert_eq!(rows(&read(&log).unwrap()), rows(&trials));
        log.pop();
        log.pop();
        assert_eq!(rows(&read(&log).unwrap()), rows(&trials[..2]));
    }

    #[test]
    fn what_is_no_interval_of_ours_is_named_by_its_line() {
        let foreign = b"#a comment\nTag=cold,1.000,2.000,3.000,HISTFAAA\n";
        let error = read(foreign).unwrap_err().to_string();
        assert_eq!(
            error,
            "line 1 is no interval of latencies: its tag is no stage and outcome"
        );
        assert!(read(b"not a log\n").is_err());
    }
}
