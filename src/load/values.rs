//! The values of one request's placeholders.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::RngExt;
use proptest::test_runner::TestRng;
use serde_json::Value;

use super::scope::Remembered;

/// The values of one request's placeholders.
#[derive(Debug, Clone)]
pub(super) struct Values {
    /// `{token}`.
    pub token: String,
    /// `{n}`.
    pub number: u64,
    /// `{id}`, empty until the job is accepted.
    pub job: String,
    /// Draws each `{pick:…}`.
    pub picks: TestRng,
    /// The values drawn so far, in order.
    pub drawn: Vec<Value>,
    /// The request that this one follows.
    pub after: Option<Arc<Past>>,
}

/// A successful request, as remembered for those that follow it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Past {
    /// Its number.
    pub number: u64,
    /// Its token.
    pub token: String,
    /// The values that it drew, in order.
    pub drawn: Vec<Value>,
    /// Values of its response, by JSON pointer.
    pub answer: BTreeMap<String, Value>,
}

impl Values {
    /// Draws one of these values.
    pub fn draw<'v, V>(&mut self, values: &'v [V]) -> &'v V
    where
        V: Clone + Into<Value>,
    {
        let drawn = &values[self.picks.random_range(0..values.len())];
        self.drawn.push(drawn.clone().into());
        drawn
    }

    /// The value of an `{after.…}` placeholder.
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
