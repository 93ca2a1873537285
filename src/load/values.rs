//! What the placeholders of one request stand for.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::RngExt;
use proptest::test_runner::TestRng;
use serde_json::Value;

use super::scope::Remembered;

/// What the placeholders of one request stand for.
#[derive(Debug, Clone)]
pub(super) struct Values {
    /// `{token}`.
    pub token: String,
    /// `{n}`.
    pub number: u64,
    /// `{id}`, once it is known.
    pub job: String,
    /// Draws each `{pick:…}`.
    pub picks: TestRng,
    /// What was drawn so far, in order.
    pub drawn: Vec<Value>,
    /// The request that it follows.
    pub after: Option<Arc<Past>>,
}

/// What is remembered of a request that has succeeded, for those that follow it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Past {
    /// Its number.
    pub number: u64,
    /// Its token.
    pub token: String,
    /// What it has drawn, in order.
    pub drawn: Vec<Value>,
    /// What its answer had at some JSON pointers.
    pub answer: BTreeMap<String, Value>,
}

impl Values {
    /// Draws one of some values.
    pub fn draw<'v, V>(&mut self, values: &'v [V]) -> &'v V
    where
        V: Clone + Into<Value>,
    {
        let drawn = &values[self.picks.random_range(0..values.len())];
        self.drawn.push(drawn.clone().into());
        drawn
    }

    /// What stands for something of the request that this one follows.
    pub fn remembered(&self, of: &Remembered) -> Option<Value> {
        let past = self.after.as_ref()?;
        match of {
            Remembered::Token => Some(past.token.clone().into()),
            Remembered::Number => Some(past.number.to_string().into()),
            Remembered::Drawn(nth) => past.drawn.get(*nth).cloned(),
            Remembered::Answer(pointer) => past.answer.get(pointer).cloned(),
        }
    }
}
