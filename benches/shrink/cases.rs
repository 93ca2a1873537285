//! The failures that are shrunk.

use super::oracle::{Factor, Family, Kind};

/// A failure with a name.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// What it is called.
    pub name: &'static str,
    /// What it is.
    pub family: Family,
}

/// All of them.
pub fn all() -> Vec<Case> {
    let case = |name, count, needed, rate, kind| Case {
        name,
        family: Family {
            count,
            needed,
            rate,
            kind,
        },
    };
    let mut cases = Vec::new();
    for rate in [1.0, 0.5, 0.2, 0.1] {
        cases.push(case("one-sided", 40, 3, rate, Kind::OneSided));
    }
    for (count, needed) in [(20, 2), (40, 1), (40, 6), (100, 4)] {
        for rate in [1.0, 0.5] {
            cases.push(case("sizes", count, needed, rate, Kind::OneSided));
        }
    }
    for rate in [1.0, 0.5, 0.2] {
        let kind = Kind::FalseAlarms(0.005);
        cases.push(case("0.5 % false alarms", 40, 3, rate, kind));
    }
    for rate in [1.0, 0.5, 0.2] {
        let kind = Kind::Amplifiers(2, Factor::Times(2.0));
        cases.push(case("two amplifiers, each x 2", 40, 3, rate, kind));
        let kind = Kind::Amplifiers(2, Factor::Times(3.0));
        cases.push(case("two amplifiers, each x 3", 40, 3, rate, kind));
        let kind = Kind::Amplifiers(1, Factor::Drawn(2.0, 10.0));
        cases.push(case("an amplifier, x 2 to 10", 40, 3, rate, kind));
    }
    for rate in [1.0, 0.5] {
        cases.push(case("two sets", 40, 3, rate, Kind::TwoSets));
    }
    for (needed, rate) in [(2, 1.0), (4, 1.0), (4, 0.5)] {
        let kind = Kind::OrderedPairs;
        cases.push(case("ordered pairs", 40, needed, rate, kind));
    }
    cases
}
