//! Tests of the catalogue: it is complete and cites reports, and each bug is in one place.

use std::fs;
use std::path::Path;

use crate::app::{ApiSettings, Variant};

/// The invariants that an entry may name.
const INVARIANTS: &[&str] = &[
    "no-hang",
    "recovers",
    "bounded-failures",
    "explicit-errors",
    "accounting",
    "api-stays-up",
    "calm-reconnect",
    "no-leak",
    "latency-returns",
];

#[test]
fn there_are_enough_of_both_kinds() {
    let (correct, bugs): (Vec<Variant>, Vec<Variant>) =
        Variant::ALL.iter().partition(|v| v.is_correct());
    assert!(bugs.len() >= 20, "{} bugs", bugs.len());
    assert!(correct.len() > 5, "{} correct ones", correct.len());
    for invariant in INVARIANTS {
        let mut first = bugs
            .iter()
            .filter_map(|bug: &Variant| bug.caught_by().first());
        assert!(
            first.any(|name| name == invariant),
            "no bug for {invariant}"
        );
    }
}

#[test]
fn every_variant_says_what_it_does_and_where_its_like_was_seen() {
    for &variant in Variant::ALL {
        assert!(variant.description().ends_with('.'), "{variant}");
        let mut caught_by = variant.caught_by().iter();
        assert!(caught_by.all(|name| INVARIANTS.contains(name)), "{variant}");
        assert_eq!(variant.seen().is_none(), variant.is_correct(), "{variant}");
        let Some(seen) = variant.seen() else { continue };
        let (thread, what) = seen.split_once(": ").unwrap();
        let (repository, number) = thread.split_once('#').unwrap();
        assert_eq!(repository.split('/').count(), 2, "{variant}: {seen}");
        assert!(
            number.parse::<u32>().is_ok() && !what.is_empty(),
            "{variant}: {seen}"
        );
    }
}

#[test]
fn a_variant_is_known_by_its_name() {
    for &variant in Variant::ALL {
        assert_eq!(variant.name().parse::<Variant>().unwrap(), variant);
    }
    assert_eq!(Variant::Healthy.settings(), ApiSettings::default());
    let unknown = "stuck".parse::<Variant>().unwrap_err().to_string();
    assert!(
        unknown.contains("`stuck`") && unknown.contains("stuck-busy"),
        "{unknown}"
    );
}

#[test]
fn each_bug_is_in_one_place() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/app");
    let mut code = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            code += &fs::read_to_string(path).unwrap();
        }
    }
    for &variant in Variant::ALL {
        let places = code.matches(&format!("// BUG {variant}: ")).count();
        assert_eq!(places, usize::from(!variant.is_correct()), "{variant}");
    }
}
