//! Which steps to leave out next.

use super::belief::Belief;
use super::places::{Places, bits};

/// What the removal of all steps is worth, in bits.
const GREED: f64 = 3.5;

/// The steps whose removal is worth most, by what is believed; none where nothing is left to
/// remove.
///
/// The set grows by the step that is least likely to be needed, given that none of those before it
/// is. Of the sets on the way the one is taken whose run is most informative: the mutual
/// information of its outcome and the set of needed steps, plus what is gained at once, the
/// expected number of steps removed.
pub fn choose(belief: &Belief) -> Option<Places> {
    let rates = belief.rates();
    let mut alive: Vec<(Places, f64, f64)> = belief
        .guesses()
        .iter()
        .map(|guess| (guess.needed, guess.weight, rates[guess.unexplained]))
        .collect();
    let mut removed: Places = 0;
    let mut left = belief.left();
    let count = left.count_ones() as f64;
    let mut best: Option<(f64, Places)> = None;
    while left != 0 {
        let mut needed = vec![0.0; Places::BITS as usize];
        for (set, weight, rate) in &alive {
            for place in bits(*set) {
                needed[place as usize] += weight * rate;
            }
        }
        let next = bits(left).min_by(|a, b| needed[*a as usize].total_cmp(&needed[*b as usize]))?;
        removed |= 1 << next;
        left &= !(1 << next);
        alive.retain(|(set, ..)| set & removed == 0);
        let fails: f64 = alive.iter().map(|(_, weight, rate)| weight * rate).sum();
        if fails <= 1e-9 {
            best = best.or(Some((0.0, removed)));
            break;
        }
        let noise: f64 = alive
            .iter()
            .map(|(_, weight, rate)| weight * entropy(*rate))
            .sum();
        let gain = entropy(fails) - noise + GREED * fails * f64::from(removed.count_ones()) / count;
        if best.is_none_or(|(most, _)| gain > most) {
            best = Some((gain, removed));
        }
    }
    best.map(|(_, removed)| removed)
}

/// The entropy of an outcome of that probability, in bits.
fn entropy(p: f64) -> f64 {
    let part = |p: f64| if p <= 0.0 { 0.0 } else { -p * p.log2() };
    part(p) + part(1.0 - p)
}
