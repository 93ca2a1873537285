//! Delta debugging (Zeller and Hildebrandt 2002, "Simplifying and isolating failure-inducing input").

use comeback::shrink::{Places, all, bits};

use super::oracle::Oracle;
use super::outcome::Outcome;
use super::retried::Retried;

/// Shrinks.
pub fn shrink(oracle: Oracle) -> Outcome {
    let mut left = all(oracle.count());
    let mut plans = Retried::new(oracle);
    let mut parts = 2;
    while left.count_ones() >= 2 {
        let subsets = split(left, parts);
        let subset = subsets.iter().copied().find(|part| plans.fails(*part));
        if let Some(part) = subset {
            (left, parts) = (part, 2);
            continue;
        }
        // Of two parts each is the other's complement.
        let mut complements = subsets.iter().map(|part| left & !part);
        if let Some(rest) = complements.find(|rest| parts > 2 && plans.fails(*rest)) {
            (left, parts) = (rest, (parts - 1).max(2));
            continue;
        }
        let most = left.count_ones() as usize;
        if parts == most {
            break;
        }
        parts = (2 * parts).min(most);
    }
    Outcome::new(&plans.oracle, left, 0)
}

/// Parts of about the same size.
fn split(set: Places, parts: usize) -> Vec<Places> {
    let places: Vec<u32> = bits(set).collect();
    (0..parts)
        .map(|part| {
            let from = part * places.len() / parts;
            let to = (part + 1) * places.len() / parts;
            places[from..to]
                .iter()
                .fold(0, |set, place| set | 1 << place)
        })
        .collect()
}
