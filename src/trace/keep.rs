//! Where the texts of a view's rows are.
//!
//! A view of a whole [`Trace`](super::Trace) borrows them from its events. A trace that is read
//! line by line drops its events, so the texts go to a [`Store`]: what is different in each request
//! one after the other, what is often the same only once.

use std::collections::{BTreeMap, BTreeSet};

use typed_arena::Arena;

use super::{Mismatch, Origin};
use crate::model::Outcome;

/// Keeps what an event that lives for `'l` says for as long as `'a`.
pub(super) trait Keep<'l, 'a> {
    /// A text of which there are few, such as the name of a kind.
    fn name(&mut self, name: &'l str) -> &'a str;
    /// The state of a job, if there is one.
    fn state(&mut self, state: &'l Option<String>) -> Option<&'a String>;
    /// A text that is different each time.
    fn text(&mut self, text: &'l str) -> &'a str;
    fn origin(&mut self, origin: &'l Origin) -> &'a Origin;
    fn outcome(&mut self, outcome: &'l Outcome) -> &'a Outcome;
    fn mismatch(&mut self, mismatch: &'l Mismatch) -> &'a Mismatch;
}

/// The events stay, so everything stays where it is.
pub(super) struct Borrowed;

impl<'a> Keep<'a, 'a> for Borrowed {
    fn name(&mut self, name: &'a str) -> &'a str {
        name
    }

    fn state(&mut self, state: &'a Option<String>) -> Option<&'a String> {
        state.as_ref()
    }

    fn text(&mut self, text: &'a str) -> &'a str {
        text
    }

    fn origin(&mut self, origin: &'a Origin) -> &'a Origin {
        origin
    }

    fn outcome(&mut self, outcome: &'a Outcome) -> &'a Outcome {
        outcome
    }

    fn mismatch(&mut self, mismatch: &'a Mismatch) -> &'a Mismatch {
        mismatch
    }
}

/// Holds what a [`Digest`](super::Digest) says of a trace's requests.
#[derive(Default)]
pub struct Store {
    texts: Arena<u8>,
    states: Arena<String>,
    origins: Arena<Origin>,
    outcomes: Arena<Outcome>,
    mismatches: Arena<Mismatch>,
}

/// Fills a store.
pub(super) struct Stored<'a> {
    store: &'a Store,
    names: BTreeSet<&'a str>,
    states: BTreeSet<&'a String>,
    origins: BTreeMap<&'a str, &'a Origin>,
    outcomes: BTreeSet<&'a Outcome>,
}

impl<'a> Stored<'a> {
    pub fn new(store: &'a Store) -> Self {
        Stored {
            store,
            names: BTreeSet::new(),
            states: BTreeSet::new(),
            origins: BTreeMap::new(),
            outcomes: BTreeSet::new(),
        }
    }
}

impl<'l, 'a> Keep<'l, 'a> for Stored<'a> {
    fn name(&mut self, name: &'l str) -> &'a str {
        if let Some(known) = self.names.get(name) {
            return known;
        }
        let name = self.text(name);
        self.names.insert(name);
        name
    }

    fn state(&mut self, state: &'l Option<String>) -> Option<&'a String> {
        let state = state.as_ref()?;
        if let Some(known) = self.states.get(state) {
            return Some(known);
        }
        let state: &'a String = self.store.states.alloc(state.clone());
        self.states.insert(state);
        Some(state)
    }

    fn text(&mut self, text: &'l str) -> &'a str {
        self.store.texts.alloc_str(text)
    }

    fn origin(&mut self, origin: &'l Origin) -> &'a Origin {
        if let Some(known) = self.origins.get(origin.name()) {
            return known;
        }
        let origin: &'a Origin = self.store.origins.alloc(origin.clone());
        self.origins.insert(origin.name(), origin);
        origin
    }

    fn outcome(&mut self, outcome: &'l Outcome) -> &'a Outcome {
        if let Some(known) = self.outcomes.get(outcome) {
            return known;
        }
        let outcome: &'a Outcome = self.store.outcomes.alloc(outcome.clone());
        self.outcomes.insert(outcome);
        outcome
    }

    fn mismatch(&mut self, mismatch: &'l Mismatch) -> &'a Mismatch {
        self.store.mismatches.alloc(mismatch.clone())
    }
}
