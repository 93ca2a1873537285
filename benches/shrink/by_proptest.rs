//! The shrinking of proptest itself, of a vector of steps.

use std::cell::RefCell;
use std::collections::HashMap;

use comeback::shrink::{Places, all};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use super::outcome::Outcome;
use super::retried::Retried;

/// Shrinks.
pub fn shrink(plans: Retried, seed: u64) -> Outcome {
    let count = plans.oracle.count();
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        failure_persistence: None,
        max_shrink_iters: u32::MAX,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    // A step is known by its value, which is not shrunk.
    let steps = vec(any::<u64>().no_shrink(), 0..=count);
    let tree = loop {
        let tree = steps.new_tree(&mut runner).expect("nothing is rejected");
        if tree.current().len() == count {
            break tree;
        }
    };
    let values = tree.current().into_iter().enumerate();
    let places: HashMap<u64, usize> = values.map(|(place, value)| (value, place)).collect();
    let set =
        |steps: &[u64]| -> Places { steps.iter().fold(0, |set, step| set | 1 << places[step]) };
    let plans = RefCell::new(plans);
    let result = runner.run_one(tree, |steps| {
        let kept = set(&steps);
        // The first run is the discovery.
        match kept == all(count) || plans.borrow_mut().fails(kept) {
            true => Err(TestCaseError::fail("it fails")),
            false => Ok(()),
        }
    });
    let Err(TestError::Fail(_, smallest)) = result else {
        unreachable!("the discovery failed");
    };
    Outcome::new(&plans.borrow().oracle, set(&smallest), 0)
}
