//! A campaign of random plans that goes on whatever fails, and shrinks nothing.

use std::collections::BTreeSet;
use std::path::Path;

use comeback::campaign::{Campaign, PlanSource};

/// A campaign of this many trials, whose files are below `folder`.
pub fn random_campaign(trials: u64, folder: &Path) -> Campaign {
    Campaign {
        seed: 1,
        plans: PlanSource::Random(trials),
        at_most: None,
        max_failures: usize::MAX,
        max_inconclusive: 1.0,
        out: folder.join("runs"),
        traces: folder.join("traces"),
        shrink: None,
        reuse: Vec::new(),
        unreadable: Vec::new(),
        known: BTreeSet::new(),
    }
}
