//! A saved trace, read for judging without keeping all of its events.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use super::gathered::{Gathered, Gathering};
use super::keep::{Store, Stored};
use super::trace::Building;
use super::{Event, Lines, Trace, TraceError, TraceLine, View};
use crate::model::Judgement;

/// The place of an event is noted each time that this many have passed. All places of a trace of a
/// million events would take 8 MB.
const APART: usize = 256;

/// A saved trace, read for judging. The events of requests and log lines become short rows, since a
/// long trace consists of little else: it takes less than a third of a [`Trace`]'s memory.
///
/// The events that prove a finding are [read again](Digest::judged) from the file afterwards.
pub struct Digest<'a> {
    /// The trace, without the events that became rows.
    trace: Trace,
    gathered: Gathered<'a>,
    lines: Lines<BufReader<File>>,
    /// Every [`APART`]-th event's number, and its place in the file.
    places: Vec<(u64, u64)>,
}

impl<'a> Digest<'a> {
    /// Reads a trace from a file that can be read a second time, unlike a pipe. The store holds the
    /// rows' texts.
    ///
    /// # Errors
    /// As [`Trace::read`].
    pub fn read(path: &Path, store: &'a Store) -> Result<Self, TraceError> {
        let mut lines = Lines::open(path)?;
        let mut building = Building::default();
        let mut gathering = Gathering::default();
        let mut stored = Stored::new(store);
        let mut places = Vec::new();
        let mut events = 0;
        loop {
            let place = lines.place();
            let Some(line) = lines.next().transpose()? else {
                break;
            };
            if let TraceLine::Event(event) = &line {
                if events % APART == 0 {
                    places.push((event.seq, place));
                }
                events += 1;
                if gathering.take(event, &mut stored) {
                    continue;
                }
            }
            building.take(line);
        }
        Ok(Digest {
            trace: building.finish(path, lines.header().clone())?,
            gathered: gathering.finish(),
            lines,
            places,
        })
    }

    /// The trace, without the events of requests and log lines.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Lets someone judge it. Returns the judgement, and the trace with those of the events left
    /// out that prove its findings, in order.
    ///
    /// # Errors
    /// When these events cannot be read again.
    pub fn judged(
        self,
        judge: impl FnOnce(&View<'_>) -> Judgement,
    ) -> Result<(Trace, Judgement), TraceError> {
        let Digest {
            mut trace,
            gathered,
            mut lines,
            places,
        } = self;
        let judgement = judge(&View::of(&trace, gathered));
        for seq in judgement.findings.iter().flat_map(|f| &f.evidence) {
            if let Err(place) = trace.events.binary_search_by_key(seq, |event| event.seq)
                && let Some(event) = event(&mut lines, &places, *seq)?
            {
                trace.events.insert(place, event);
            }
        }
        Ok((trace, judgement))
    }
}

/// Reads the event of a number again.
fn event(
    lines: &mut Lines<BufReader<File>>,
    places: &[(u64, u64)],
    seq: u64,
) -> Result<Option<Event>, TraceError> {
    let next = places.partition_point(|(noted, _)| *noted <= seq);
    let Some((_, mut place)) = next.checked_sub(1).map(|last| places[last]) else {
        return Ok(None);
    };
    while let Some(line) = lines.at(place)? {
        if let TraceLine::Event(event) = line
            && event.seq >= seq
        {
            return Ok(Some(event).filter(|event| event.seq == seq));
        }
        place = lines.place();
    }
    Ok(None)
}
