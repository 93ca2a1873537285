//! Random plans: proptest strategies over a [`Space`], and the one function that turns a seed into
//! plans.
//!
//! A plan is drawn in three parts that know nothing of each other: its steps as *drafts* (`bursts`,
//! `faults`; a draft's anchor is not a reference yet), its *core* (a fault, mostly with a burst
//! that it hits), and its background load. `interleaving` puts them in order and resolves each
//! anchor to a step before it, so that there are no cycles and nothing is ever drawn and thrown
//! away. `budget` then shortens what lasts too long.
//!
//! What is deliberately absent: shrinking. A failing plan is shrunk as data, by passes that know
//! what a run tells.

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
mod opening;
mod space;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

pub use bounds::Bounds;
pub use interleaving::plans;
pub use space::{BackendSpace, Space, SpaceError};

use crate::model::Plan;

/// The version of everything that decides which plan belongs to a seed. It is part of the seed, and
/// has to be raised with every change that makes a seed draw another plan.
pub const GENERATOR_VERSION: u32 = 4;

/// The plan number `index` (from 0) of a campaign: a pure function of the seed, the index, the
/// space and [`GENERATOR_VERSION`]. Neither the environment nor an earlier plan has any influence.
///
/// The first ones are those of the opening, which are the same for every seed; then random ones,
/// which are short at first.
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
    // The runner's settings come from the environment, but only rejections and test runs read them,
    // and here are neither.
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let tree = plans(&space.grown(nth))
        .new_tree(&mut runner)
        // A strategy fails only by rejecting values, and the generator's strategies have no
        // filters.
        .expect("the generator rejects nothing");
    Plan {
        seed,
        index,
        ..tree.current()
    }
}

/// The key of the random generator: every number that decides has bytes of its own.
fn key(seed: u64, index: u64) -> [u8; 32] {
    let mut key = [0; 32];
    key[..8].copy_from_slice(b"comeback");
    key[8..16].copy_from_slice(&seed.to_le_bytes());
    key[16..24].copy_from_slice(&index.to_le_bytes());
    key[24..28].copy_from_slice(&GENERATOR_VERSION.to_le_bytes());
    key
}
