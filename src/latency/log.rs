//! Latencies on disk: an interval log in HdrHistogram's own format (version 2, compressed), which
//! its usual tools can open.
//!
//! Each trial is an interval. Each of its stages and outcomes is a line, tagged `STAGE-OUTCOME`.
//! How late the harness itself was is the last line, tagged `harness-late`. A trial's lines are
//! adjacent and in order, so a new trial begins where the interval's start changes or the order
//! starts over.

use std::io::{self, Write};
use std::iter;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::interval_log::{
    IntervalLogHistogram, IntervalLogIterator, IntervalLogWriterBuilder, LogEntry, Tag,
};
use hdrhistogram::serialization::{Deserializer, V2DeflateSerializer};

use super::{Latencies, Stage, histogram};
use crate::model::Outcome;

/// An interval log that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("line {line} is not an interval of latencies: {message}")]
pub struct LatencyLogError {
    /// The line, not counting comments, from 1.
    line: usize,
    message: String,
}

/// Writes the latencies of one trial. `began` counts from the Unix epoch.
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
    let of_stages = latencies
        .histograms()
        .map(|(stage, outcome, histogram)| (Key::Latency(stage, outcome), histogram));
    let late = latencies.late().map(|late| (Key::Late, late));
    for (key, histogram) in of_stages.chain(late) {
        log.write_histogram(histogram, began, took, Tag::new(&key.tag()))
            .map_err(io::Error::other)?;
    }
    out.write_all(&lines)
}

/// Reads an interval log trial by trial, since thousands of trials at once would fill the memory.
/// An incomplete last line is ignored. Callers stop at the first error.
pub fn trials(log: &[u8]) -> impl Iterator<Item = Result<Latencies, LatencyLogError>> {
    let mut lines = lines(log).peekable();
    iter::from_fn(move || {
        let Line { start, key, ours } = match lines.next()? {
            Ok(first) => first,
            Err(error) => return Some(Err(error)),
        };
        let mut trial = Latencies::default();
        key.put(ours, &mut trial);
        let mut last = key;
        let is_same = |line: &Line, last| line.start == start && line.key > last;
        while let Some(Ok(line)) =
            lines.next_if(|line| line.as_ref().is_ok_and(|line| is_same(line, last)))
        {
            last = line.key;
            line.key.put(line.ours, &mut trial);
        }
        Some(Ok(trial))
    })
}

/// One line of a log.
struct Line {
    start: Duration,
    key: Key,
    ours: Histogram<u64>,
}

/// What a line holds, in the order of a trial's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// The latencies of a stage and an outcome.
    Latency(Stage, &'static str),
    /// How late the harness itself was.
    Late,
}

/// The tag of [`Key::Late`].
const LATE: &str = "harness-late";

impl Key {
    fn tag(self) -> String {
        match self {
            Key::Latency(stage, outcome) => format!("{stage}-{outcome}"),
            Key::Late => LATE.to_owned(),
        }
    }

    /// What a tag names.
    fn of(tag: &str) -> Option<Self> {
        if tag == LATE {
            return Some(Key::Late);
        }
        let (stage, outcome) = tag.split_once('-')?;
        let stage = Stage::ALL.into_iter().find(|s| s.to_string() == stage)?;
        let outcome = Outcome::NAMES.into_iter().find(|name| *name == outcome)?;
        Some(Key::Latency(stage, outcome))
    }

    fn put(self, histogram: Histogram<u64>, trial: &mut Latencies) {
        match self {
            Key::Latency(stage, outcome) => {
                trial.by_stage.insert((stage, outcome), histogram);
            }
            Key::Late => trial.late = Some(histogram),
        }
    }
}

fn lines(log: &[u8]) -> impl Iterator<Item = Result<Line, LatencyLogError>> {
    let whole = log.iter().rposition(|byte| *byte == b'\n');
    let log = &log[..whole.map_or(0, |last| last + 1)];
    let mut deserializer = Deserializer::new();
    let entries = IntervalLogIterator::new(log).enumerate();
    entries.filter_map(move |(number, entry)| {
        let read = match entry {
            Err(_) => Err("its format is unknown".to_owned()),
            Ok(LogEntry::Interval(interval)) => line(&interval, &mut deserializer),
            Ok(_) => return None,
        };
        Some(read.map_err(|message| LatencyLogError {
            line: number + 1,
            message,
        }))
    })
}

fn line(
    interval: &IntervalLogHistogram<'_>,
    deserializer: &mut Deserializer,
) -> Result<Line, String> {
    let tag = interval.tag().map(|tag| tag.as_str());
    let key = tag
        .and_then(Key::of)
        .ok_or("its tag is not a stage and an outcome")?;
    let bytes = STANDARD.decode(interval.encoded_histogram());
    let bytes = bytes.map_err(|error| error.to_string())?;
    let read = deserializer.deserialize::<u64, _>(&mut bytes.as_slice());
    let mut ours = histogram();
    ours.add(read.map_err(|error| error.to_string())?)
        .map_err(|error| error.to_string())?;
    Ok(Line {
        start: interval.start_timestamp(),
        key,
        ours,
    })
}

#[cfg(test)]
mod tests {
    use super::super::percentiles;
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
        let mut trials = [
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
        trials[0].record_late(vec![3, 70]);
        let mut log = Vec::new();
        for (nth, trial) in trials.iter().enumerate() {
            let began = Duration::from_secs(1_700_000_000 + nth as u64);
            append(trial, began, Duration::from_millis(1_234), &mut log).unwrap();
        }
        let rows = |trials: &[Latencies]| {
            let rows = trials
                .iter()
                .map(|trial| (trial.rows(), trial.late().map(percentiles)));
            rows.collect::<Vec<_>>()
        };
        let read = |log: &[u8]| super::trials(log).collect::<Result<Vec<_>, _>>().unwrap();
        assert_eq!(rows(&read(&log)), rows(&trials));
        log.pop();
        log.pop();
        assert_eq!(rows(&read(&log)), rows(&trials[..2]));
    }

    #[test]
    fn what_is_no_interval_of_ours_is_named_by_its_line() {
        let foreign = b"#a comment\nTag=cold,1.000,2.000,3.000,HISTFAAA\n";
        let first = |log: &'static [u8]| trials(log).next().unwrap();
        let error = first(foreign).unwrap_err().to_string();
        assert_eq!(
            error,
            "line 1 is not an interval of latencies: its tag is not a stage and an outcome"
        );
        assert!(first(b"not a log\n").is_err());
    }
}
