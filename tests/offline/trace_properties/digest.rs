//! A digest of a trace is judged as the whole trace is.

use comeback::invariant::{judge, judge_view, standard};
use comeback::trace::{Digest, Event, Store, Trace};
use proptest::prelude::*;

use super::{cases, history, parse, strategies, written};

/// Judges the digest of a trace's file.
fn assert_same(trace: &Trace) -> Result<(), TestCaseError> {
    let bytes = written(trace);
    let whole = parse(&bytes).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &bytes).unwrap();
    let limits = &trace.header.limits;
    let store = Store::default();
    let digest = Digest::read(file.path(), &store).unwrap();
    let judged = digest.judged(|view| judge_view(view, limits, &standard()));
    let (shown, judgement) = judged.unwrap();
    prop_assert_eq!(&judgement, &judge(&whole, limits, &standard()));

    // Nothing is in it that is not in the trace, in order, and every proof is.
    prop_assert!(shown.events.is_sorted_by_key(|event| event.seq));
    let of = |trace: &Trace, seq: u64| -> Vec<Event> {
        let events = trace.events.iter().filter(|event| event.seq == seq);
        events.cloned().collect()
    };
    for event in &shown.events {
        prop_assert_eq!(&of(&shown, event.seq), &of(&whole, event.seq));
    }
    for seq in judgement.findings.iter().flat_map(|f| &f.evidence) {
        prop_assert_eq!(&of(&shown, *seq), &of(&whole, *seq));
    }
    prop_assert_eq!(shown.judgement, whole.judgement);
    Ok(())
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn of_any_trace(trace in strategies::any_trace()) {
        assert_same(&trace)?;
    }

    #[test]
    fn of_a_trial(trace in history::any_history()) {
        assert_same(&trace)?;
    }
}
