//! Probabilistic delta debugging (Wang, Shen, Chen, Xiong and Zhang 2021, "Probabilistic delta debugging").

use comeback::shrink::all;

use super::oracle::Oracle;
use super::outcome::Outcome;
use super::retried::Retried;

/// How likely it is beforehand that a step is needed; the authors' choice.
const BEFOREHAND: f64 = 0.1;

/// From here on a step counts as needed.
const SURELY: f64 = 1.0 - 1e-6;

/// Shrinks.
pub fn shrink(oracle: Oracle) -> Outcome {
    let mut left = all(oracle.count());
    let mut needed: Vec<(usize, f64)> = (0..oracle.count()).map(|i| (i, BEFOREHAND)).collect();
    let mut plans = Retried::new(oracle);
    loop {
        needed.sort_by(|a, b| a.1.total_cmp(&b.1));
        let (mut removed, mut none_needed, mut most) = (0, 1.0, 0.0);
        for (i, (_, p)) in needed.iter().enumerate() {
            none_needed *= 1.0 - p;
            let gain = (i + 1) as f64 * none_needed;
            if *p < SURELY && gain > most {
                (removed, most) = (i + 1, gain);
            }
        }
        if removed == 0 {
            return Outcome::new(&plans.oracle, left, 0);
        }
        let chosen = &mut needed[..removed];
        let gone = chosen.iter().fold(0, |set, (place, _)| set | 1 << place);
        if plans.fails(left & !gone) {
            left &= !gone;
            needed.drain(..removed);
        } else {
            let none_needed: f64 = chosen.iter().map(|(_, p)| 1.0 - p).product();
            for (_, p) in chosen {
                *p = (*p / (1.0 - none_needed)).min(1.0);
            }
        }
    }
}
