//! Whose answer it is that a request was given.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::expected::{Expected, Part};
use super::parsed_answer::{Cut, ParsedAnswer, cut};
use crate::trace::Mismatch;

/// How many requests are remembered: those that were sent last.
const MOST: usize = 4_096;

/// What the requests of a trial asked for, the last one at the back. An answer that misses what its
/// own request asked for, and has what another one did, is a crossed answer.
#[derive(Default)]
pub(super) struct Claims(Mutex<VecDeque<Claim>>);

struct Claim {
    request: u64,
    expected: Arc<Expected>,
}

impl Claims {
    /// Remembers what a request is about to ask for.
    pub fn add(&self, request: u64, expected: &Arc<Expected>) {
        if expected.has_own() {
            let mut claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            claims.push_back(Claim {
                request,
                expected: Arc::clone(expected),
            });
            if claims.len() > MOST {
                claims.pop_front();
            }
        }
    }

    /// Where an answer of the right status misses what its request expects; none if it is as it
    /// should be. What belongs to another request is told before anything else.
    ///
    /// # Errors
    /// When what decides may lie in what was not read of the answer.
    pub fn mismatch(
        &self,
        expected: &Expected,
        answer: &ParsedAnswer,
    ) -> Result<Option<Mismatch>, Cut> {
        let missed = expected.missed(answer)?;
        let crossed = missed.iter().find_map(|part| {
            let asker = self.asker(part, answer)?;
            Some((*part, Some(asker)))
        });
        let first = missed.first().map(|part| (*part, None));
        Ok(crossed.or(first).map(|(part, asked_by)| Mismatch {
            place: part.place.to_string(),
            expected: cut(part.wanted.to_string()),
            got: part.found(answer).map(cut),
            asked_by,
        }))
    }

    /// The request that was sent last of those which asked for what an answer has in the place of
    /// this part.
    fn asker(&self, part: &Part, answer: &ParsedAnswer) -> Option<u64> {
        if !part.is_own {
            return None;
        }
        let claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = |claim: &&Claim| claim.expected.asked_for(&part.place, answer);
        let asker = claims.iter().rev().find(asked);
        asker.map(|claim| claim.request)
    }
}
