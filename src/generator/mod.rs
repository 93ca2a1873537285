//! Random plans: proptest strategies over a [`Space`], and the function that turns a seed into
//! plans.
//!
//! A plan is drawn in three independent parts: its steps as *drafts* (`bursts`, `faults`; the
//! anchor of a draft is no reference yet), its *core* (a fault, mostly with a burst that it hits),
//! and its background load. `interleaving` orders them and resolves each draft's anchor to an
//! earlier step. So no anchors wait for each other in a circle, and no draw is ever rejected.
//! `budget` then shortens a plan that lasts too long.
//!
//! Shrinking is deliberately absent: a failing plan is shrunk as data, by `shrink`.

mod anchors;
mod bounds;
mod budget;
mod bursts;
mod draws;
mod faults;
mod fits;
mod growth;
mod interleaving;
mod jobs;
mod link_faults;
mod opening;
mod space;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

pub use bounds::Bounds;
pub use interleaving::plans;
pub use space::{BackendSpace, Space, SpaceError};

use crate::model::Plan;

/// The version of the generator. It is part of the seed, and must be raised with every change that
/// makes a seed draw another plan.
pub const GENERATOR_VERSION: u32 = 4;

/// The plan number `index` (from 0) of a campaign: a pure function of the seed, the index, the
/// space and [`GENERATOR_VERSION`]. Neither the environment nor earlier plans have any influence.
///
/// The plans of the opening come first and are the same for every seed. The random plans after them
/// start short.
pub fn plan(space: &Space, seed: u64, index: u64) -> Plan {
    let Some(nth) = index.checked_sub(space.opening_count()) else {
        let opening = space.opening().swap_remove(index as usize);
        return Plan {
            seed,
            index,
            ..opening
        };
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &key(seed, index));
    // The runner's settings come from the environment, but only rejections and test runs use them,
    // and there are none here.
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let tree = plans(&space.grown(nth))
        .new_tree(&mut runner)
        .expect("only filters reject values, and the generator's strategies have none");
    Plan {
        seed,
        index,
        ..tree.current()
    }
}

/// The key of the random generator, which holds all that decides about a plan.
fn key(seed: u64, index: u64) -> [u8; 32] {
    let mut key = [0; 32];
    key[..8].copy_from_slice(b"comeback");
    key[8..16].copy_from_slice(&seed.to_le_bytes());
    key[16..24].copy_from_slice(&index.to_le_bytes());
    key[24..28].copy_from_slice(&GENERATOR_VERSION.to_le_bytes());
    key
}
