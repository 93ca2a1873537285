//! The successful requests that others may follow.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use proptest::prelude::RngExt;
use proptest::test_runner::TestRng;

use super::values::Past;
use crate::model::KindName;

/// How many requests of a kind are remembered: the last ones that succeeded.
const MOST: usize = 4_096;

/// The successful requests of a trial by kind, the latest at the back.
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

    /// Draws a successful request of this kind, if there is one. Any may be drawn, not only the
    /// latest, so that data from before an outage is read too.
    pub fn draw(&self, kind: &KindName, rng: &mut TestRng) -> Option<Arc<Past>> {
        let kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_kind = kinds.get(kind)?;
        let drawn = rng.random_range(0..of_kind.len());
        of_kind.get(drawn).cloned()
    }
}
