//! How much disk space the traces of a run may take.

use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};

use super::{SaveError, save};
use crate::model::Verdict;

/// The traces of a campaign's trials. When they take too much space, those of trials that held are
/// removed, the oldest first; all others stay.
#[derive(Debug)]
pub(super) struct TraceRetention {
    folder: PathBuf,
    most_bytes: u64,
    bytes: u64,
    /// The trials that held and have a trace, the oldest first, with its size.
    held: VecDeque<(u64, u64)>,
}

impl TraceRetention {
    /// For the traces in a folder, with the most space that they may take.
    pub fn new(folder: &Path, most_bytes: u64) -> Self {
        TraceRetention {
            folder: folder.to_owned(),
            most_bytes,
            bytes: 0,
            held: VecDeque::new(),
        }
    }

    /// Counts the trace of a trial, if there is one: a simulated trial that held has none, and a
    /// trace may have been removed.
    pub fn add(&mut self, index: u64, verdict: Verdict) {
        let trace = fs::metadata(save::trial(&self.folder, index));
        let bytes = trace.map_or(0, |trace| trace.len());
        self.bytes += bytes;
        if bytes > 0 && verdict == Verdict::Holds {
            self.held.push_back((index, bytes));
        }
    }

    /// Removes traces until the rest fits, and returns how many it removed.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub fn make_room(&mut self) -> Result<u64, SaveError> {
        let mut removed = 0;
        while self.bytes > self.most_bytes
            && let Some((index, bytes)) = self.held.pop_front()
        {
            save::remove(&save::trial(&self.folder, index))?;
            self.bytes -= bytes;
            removed += 1;
        }
        Ok(removed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_that_held_go_first_and_what_failed_stays() {
        let folder = tempfile::tempdir().unwrap();
        let mut retention = TraceRetention::new(folder.path(), 250);
        let verdicts = [Verdict::Violated, Verdict::Holds, Verdict::Holds];
        let mut removed = Vec::new();
        for (index, verdict) in verdicts.into_iter().cycle().take(6).enumerate() {
            let index = index as u64;
            fs::write(save::trial(folder.path(), index), [b' '; 100]).unwrap();
            retention.add(index, verdict);
            removed.push(retention.make_room().unwrap());
        }
        // A simulated trial that held.
        retention.add(6, Verdict::Holds);
        assert_eq!(removed, [0, 0, 1, 1, 1, 1]);
        let is_left = |index: &u64| save::trial(folder.path(), *index).exists();
        assert_eq!((0..7).filter(is_left).collect::<Vec<_>>(), [0, 3]);
    }
}
