//! The random values of requests.

use proptest::prelude::RngExt;
use proptest::test_runner::{RngAlgorithm, TestRng};

use crate::model::{KindName, Mix};
use crate::trace::Origin;

/// The source of a trial's random values. The same plan draws the same values, whatever the API
/// does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draw {
    /// The plan's seed.
    pub seed: u64,
    /// The plan's number in its campaign.
    pub index: u64,
    /// The prefix of all tokens of the trial. It differs between the trials of a campaign, so that
    /// a response to an earlier trial's request is recognized.
    pub token_prefix: String,
}

impl Draw {
    /// The token of a request. No token is a prefix of another one, because an API may echo it
    /// inside a longer text.
    pub(super) fn token(&self, request: u64) -> String {
        format!("{}-{request:08}", self.token_prefix)
    }

    /// Draws the values of a request's `pick` placeholders.
    pub(super) fn picks(&self, request: u64) -> TestRng {
        self.rng("picks", request)
    }

    /// Draws which earlier request a request follows.
    pub(super) fn follows(&self, request: u64) -> TestRng {
        self.rng("follows", request)
    }

    /// The kind of the `nth` request of a load, drawn by weight; `None` if the mix is empty.
    pub(super) fn kind<'a>(&self, origin: &Origin, nth: u64, mix: &'a Mix) -> Option<&'a KindName> {
        let total: u64 = mix.values().map(|weight| u64::from(*weight)).sum();
        if total == 0 {
            return None;
        }
        let mut left = self.rng(&origin.to_string(), nth).random_range(0..total);
        for (kind, weight) in mix {
            match left.checked_sub(u64::from(*weight)) {
                None => return Some(kind),
                Some(rest) => left = rest,
            }
        }
        None
    }

    fn rng(&self, purpose: &str, nth: u64) -> TestRng {
        let words = [self.seed, self.index, fnv1a(purpose), nth];
        let seed: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        TestRng::from_seed(RngAlgorithm::ChaCha, &seed)
    }
}

/// The FNV-1a hash. The standard library's hasher may change between releases, but an old plan must
/// always draw the same values.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::StepId;

    fn draw(seed: u64) -> Draw {
        Draw {
            seed,
            index: 3,
            token_prefix: "t".to_owned(),
        }
    }

    fn kinds(seed: u64, step: &str) -> Vec<String> {
        let mix = Mix::from([
            ("a".to_owned(), 3),
            ("b".to_owned(), 1),
            ("c".to_owned(), 0),
        ]);
        let origin = Origin::Step(StepId(step.to_owned()));
        (0..400)
            .filter_map(|nth| draw(seed).kind(&origin, nth, &mix).cloned())
            .collect()
    }

    #[test]
    fn kinds_follow_the_seed_the_load_and_the_weights() {
        let drawn = kinds(1, "b1");
        assert_eq!(drawn, kinds(1, "b1"));
        assert_ne!(drawn, kinds(2, "b1"));
        assert_ne!(drawn, kinds(1, "b2"));
        let of_a = drawn.iter().filter(|kind| *kind == "a").count();
        assert!((260..340).contains(&of_a), "{of_a} of 400");
        assert!(!drawn.contains(&"c".to_owned()));
        assert_eq!(drawn.len(), 400);
    }

    #[test]
    fn old_plans_keep_drawing_the_same() {
        assert_eq!(kinds(1, "b1")[..8].concat(), "aaaaabba");
    }

    #[test]
    fn an_empty_mix_draws_nothing() {
        assert_eq!(draw(1).kind(&Origin::Background, 0, &Mix::new()), None);
    }
}
