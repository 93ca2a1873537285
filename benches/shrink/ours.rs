//! Comeback's own shrinking of steps. It is told nothing.

use comeback::shrink::{Belief, Places, Purpose, Trials, reduce};
use futures_util::FutureExt;

use super::oracle::Oracle;
use super::outcome::Outcome;

struct Counted {
    oracle: Oracle,
    guard_runs: u32,
}

impl Trials for Counted {
    async fn fails(&mut self, kept: Places, purpose: Purpose) -> Option<bool> {
        self.guard_runs += u32::from(purpose == Purpose::Guard);
        Some(self.oracle.fails(kept))
    }

    fn best(&mut self, _kept: Places, _belief: &Belief) {}
}

/// Shrinks.
pub fn shrink(oracle: Oracle, seed: u64) -> Outcome {
    let log_odds = vec![0.0; oracle.count()];
    let mut trials = Counted {
        oracle,
        guard_runs: 0,
    };
    let reduced = reduce(log_odds, seed, &mut trials).now_or_never();
    let reduced = reduced.expect("a simulated run waits for nothing");
    Outcome::new(&trials.oracle, reduced.kept, trials.guard_runs)
}
