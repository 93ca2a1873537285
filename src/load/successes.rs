//! What has succeeded so far, for the requests that follow it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use proptest::prelude::RngExt;
use proptest::test_runner::TestRng;

use super::values::Past;
use crate::model::KindName;

/// How many requests of a kind are remembered: those that succeeded last.
const MOST: usize = 4_096;

/// The requests of a trial that have succeeded, by their kind; the last one at the back.
#[derive(Default)]
pub(super) struct Successes(Mutex<BTreeMap<KindName, VecDeque<Arc<Past>>>>);

impl Successes {
    /// Remembers a request.
    pub fn remember(&self, kind: &KindName, past: Past) {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_kind = kinds.entry(kind.clone()).or_default();
        of_kind.push_back(Arc::new(past));
        if of_kind.len() > MOST {
            of_kind.pop_front();
        }
    }

    /// Draws one of a kind, if any has succeeded so far: what was written before an outage is read
    /// as well as what was written last.
    pub fn draw(&self, kind: &KindName, rng: &mut TestRng) -> Option<Arc<Past>> {
        let kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_kind = kinds.get(kind)?;
        let drawn = rng.random_range(0..of_kind.len());
        of_kind.get(drawn).cloned()
    }
}
