//! Detects crossed responses: which request a response belongs to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::expected::{Expected, Part};
use super::reading::{Cut, Reading, cut};
use crate::trace::Mismatch;

/// How many requests are remembered: the last ones that were sent.
const MOST: usize = 4_096;

/// What the requests of a trial asked for, the latest at the back. A response that lacks what its
/// own request asked for, and has what another request asked for, is a crossed response.
#[derive(Default)]
pub(super) struct Claims(Mutex<VecDeque<Claim>>);

struct Claim {
    request: u64,
    expected: Arc<Expected>,
}

impl Claims {
    /// Remembers what a request asks for. Called before it is sent.
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

    /// The first difference between a response with the right status and what its request expects.
    /// A value that belongs to another request comes before any other difference.
    ///
    /// # Errors
    /// When the part of the body that was not read may decide.
    pub fn mismatch(
        &self,
        expected: &Expected,
        reading: &Reading,
    ) -> Result<Option<Mismatch>, Cut> {
        let missed = expected.missed(reading)?;
        let crossed = missed.iter().find_map(|part| {
            let asker = self.asker(part, reading)?;
            Some((*part, Some(asker)))
        });
        let first = missed.first().map(|part| (*part, None));
        Ok(crossed.or(first).map(|(part, asked_by)| Mismatch {
            place: part.place.to_string(),
            expected: cut(part.wanted.to_string()),
            got: part.found(reading).map(cut),
            asked_by,
        }))
    }

    /// The latest request that asked for the value that the response has at this part's place.
    fn asker(&self, part: &Part, reading: &Reading) -> Option<u64> {
        if !part.is_own {
            return None;
        }
        let claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = |claim: &&Claim| claim.expected.asked_for(&part.place, reading);
        let asker = claims.iter().rev().find(asked);
        asker.map(|claim| claim.request)
    }
}
