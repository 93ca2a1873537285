//! What is true of every trace: of its file, and of judging it again.

mod digest;
mod history;
mod strategies;

use std::path::Path;

use comeback::invariant::{is_decided, judge, standard};
use comeback::model::{Judgement, Outcome, Signature, UnknownReason, Verdict};
use comeback::trace::{Event, EventKind, Exchange, Phase, Trace, TraceError, TraceWriter, View};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::FileFailurePersistence;

/// Writes a trace as a run does, and returns the file's bytes.
fn written(trace: &Trace) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trace.jsonl");
    let mut writer = TraceWriter::create(&path, &trace.header, &trace.plan).unwrap();
    for event in &trace.events {
        writer.event(event).unwrap();
    }
    if let Some(judgement) = &trace.judgement {
        writer.judgement(judgement).unwrap();
    }
    let before_notes = writer.written_bytes();
    drop(writer);
    assert_eq!(before_notes, std::fs::metadata(&path).unwrap().len());
    let mut writer = TraceWriter::append(&path).unwrap();
    for note in &trace.notes {
        writer.note(note).unwrap();
    }
    assert_eq!(
        Trace::read(&path).unwrap(),
        parse(&std::fs::read(&path).unwrap()).unwrap()
    );
    std::fs::read(&path).unwrap()
}

/// What failed once is tried first from then on.
fn cases(cases: u32) -> ProptestConfig {
    let file = FileFailurePersistence::Direct("proptest-regressions/trace_properties.txt");
    ProptestConfig {
        failure_persistence: Some(Box::new(file)),
        ..ProptestConfig::with_cases(cases)
    }
}

fn parse(bytes: &[u8]) -> Result<Trace, TraceError> {
    Trace::parse(Path::new("trace.jsonl"), bytes)
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn what_was_written_is_read_back(trace in strategies::any_trace()) {
        let bytes = written(&trace);
        let read = parse(&bytes).unwrap();
        prop_assert_eq!(&read, &trace);
        prop_assert_eq!(written(&read), bytes, "and written again it is the same file");
    }

    #[test]
    fn a_cut_at_any_byte_leaves_every_complete_line(
        trace in strategies::any_trace(),
        cut in any::<Index>(),
    ) {
        let mut bytes = written(&trace);
        bytes.truncate(cut.index(bytes.len() + 1));
        let complete = bytes.iter().filter(|byte| **byte == b'\n').count();
        match parse(&bytes) {
            Ok(read) => {
                // Two lines come before the events.
                let events = (complete - 2).min(trace.events.len());
                prop_assert_eq!(&read.header, &trace.header);
                prop_assert_eq!(&read.plan, &trace.plan);
                prop_assert_eq!(&read.events[..], &trace.events[..events]);
                let rest = usize::from(read.judgement.is_some()) + read.notes.len();
                prop_assert_eq!(2 + events + rest, complete);
            }
            Err(TraceError::TooShort { .. }) => prop_assert!(complete < 2),
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn unknown_kinds_of_event_are_kept_and_written_back_the_same(
        trace in strategies::any_trace(),
        unknown in strategies::unknown_event(),
    ) {
        let mut trace = trace;
        trace.events = strategies::numbered(vec![(7, unknown.clone())]);
        let bytes = written(&trace);
        let read = parse(&bytes).unwrap();
        prop_assert_eq!(&read.events[0].kind, &unknown);
        prop_assert!(matches!(unknown, EventKind::Other(_)));
        prop_assert_eq!(written(&read), bytes);
    }

    #[test]
    fn a_newer_version_is_refused_by_name(
        trace in strategies::any_trace(),
        version in 2_u64..,
        strange in any::<bool>(),
    ) {
        let mut header = serde_json::json!({"comeback_trace": version, "comeback": "9.9.9"});
        if !strange {
            header = serde_json::to_value(&trace.header).unwrap();
            header["comeback_trace"] = version.into();
            header["comeback"] = "9.9.9".into();
        }
        let bytes = format!("{header}\n{{\"poem\":1}}\n");
        match parse(bytes.as_bytes()) {
            Err(error @ TraceError::Newer { .. }) => {
                let words = error.to_string();
                prop_assert!(words.contains(&version.to_string()) && words.contains("9.9.9"));
            }
            other => prop_assert!(false, "{other:?}"),
        }
    }

    /// Any trace at all, even one that makes no sense, can be judged by any limits; and the same way twice.
    #[test]
    fn judging_is_total_and_deterministic(
        trace in strategies::any_trace(),
        limits in strategies::any_limits(),
    ) {
        let judgement = judge(&trace, &limits, &standard());
        prop_assert_eq!(judge(&trace, &limits, &standard()), judgement.clone());
        let read = parse(&written(&trace)).unwrap();
        prop_assert_eq!(judge(&read, &limits, &standard()), judgement);
    }
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn a_looser_limit_never_makes_a_holding_trace_fail(
        trace in history::any_history(),
        limits in history::any_limits(),
        loosening in history::any_loosening(),
    ) {
        let looser = loosening.of(&limits);
        let before = judge(&trace, &limits, &standard());
        let after = judge(&trace, &looser, &standard());
        for (before, after) in before.findings.iter().zip(&after.findings) {
            if before.verdict == Verdict::Holds {
                prop_assert!(after.verdict != Verdict::Violated, "{before:?}\n{after:?}");
            }
        }
    }

    /// Where a verdict is said to be sure, going on changes neither it nor its signature; and what was in flight, given up then, is nobody's
    /// failure.
    #[test]
    fn what_is_decided_stays_so(trace in history::any_history(), cut in any::<Index>()) {
        if let Some((cut, judgement)) = ended_early(&trace, cut.index(trace.events.len())) {
            prop_assert_eq!(cut.verdict, Verdict::Violated);
            // A recovery that was never seen may have been late.
            let late = |mut signature: Signature| {
                if ["never-recovered", "not-sustained"].contains(&signature.reason.as_str()) {
                    signature.reason = "recovered-late".to_owned();
                }
                signature
            };
            if judgement.inconclusive.is_none() {
                prop_assert_eq!(cut.signature.map(late), judgement.signature.map(late));
            }
        }
    }

    /// The first proof of a violation is an event of the trace, and the signature follows from the findings.
    #[test]
    fn evidence_is_in_the_trace(trace in history::any_history(), limits in history::any_limits()) {
        let judgement = judge(&trace, &limits, &standard());
        for finding in &judgement.findings {
            let violated = finding.verdict == Verdict::Violated;
            let doubted = finding.is_doubted();
            prop_assert_eq!(violated || doubted, finding.reason.is_some());
            prop_assert_eq!(violated, !finding.evidence.is_empty());
            for seq in &finding.evidence {
                prop_assert!((*seq as usize) < trace.events.len());
            }
        }
        let primary = judgement.primary().map(|finding| finding.evidence[0]);
        let violated = judgement.findings.iter().filter_map(|f| f.evidence.first().copied());
        let first = if judgement.verdict == Verdict::Violated { violated.min() } else { None };
        prop_assert_eq!(primary, first);
        prop_assert_eq!(judgement.signature.is_some(), judgement.verdict == Verdict::Violated);
    }
}

/// If the verdict is sure after so many events, what is judged of a trial that ended there, and of the whole one.
fn ended_early(trace: &Trace, at: usize) -> Option<(Judgement, Judgement)> {
    let limits = &trace.header.limits;
    let (mut early, later) = (trace.clone(), &trace.events[at..]);
    early.events.truncate(at);
    // A trial is asked only when its faults are undone, its backends are ready, and it is known what this machine has withheld.
    View::new(&early).last_ready()?;
    let until_us = early.events.last()?.at_us;
    let too_early = |event: &Event| match event.kind {
        EventKind::FaultIntent { .. } => true,
        EventKind::Lag { late_us } => event.at_us.saturating_sub(late_us) < until_us,
        _ => false,
    };
    if later.iter().any(too_early) || !is_decided(&early, limits, &standard()) {
        return None;
    }
    let open: Vec<u64> = View::new(&early)
        .requests()
        .iter()
        .filter(|request| request.ended.is_none())
        .map(|request| request.id)
        .collect();
    let given_up = open.into_iter().map(|request| EventKind::Ended {
        request,
        outcome: Outcome::Unknown {
            reason: UnknownReason::Dropped,
            message: String::new(),
        },
        exchange: Exchange::Submit,
        latency_us: 0,
        echo: None,
    });
    let drain = EventKind::Phase {
        phase: Phase::Drain,
    };
    for kind in given_up.chain([EventKind::Decided, drain]) {
        let seq = early.events.len() as u64;
        early.events.push(Event {
            seq,
            at_us: until_us,
            kind,
        });
    }
    Some((
        judge(&early, limits, &standard()),
        judge(trace, limits, &standard()),
    ))
}

/// The property about early ends is worth something only if there are some, of trials in which something was still in flight.
#[test]
fn some_histories_end_early() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut early = 0;
    for _ in 0..2_000 {
        let drawn = (history::any_history(), any::<Index>());
        let (trace, cut) = drawn.new_tree(&mut runner).unwrap().current();
        early += usize::from(ended_early(&trace, cut.index(trace.events.len())).is_some());
    }
    assert!(early >= 20, "{early}");
}

/// The property about looser limits is worth something only if every invariant is seen to hold, to be violated
/// and, where it can be, undecided.
#[test]
fn histories_are_varied_enough_to_tell() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    use std::collections::BTreeSet;

    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..2_000 {
        let (trace, limits) = (history::any_history(), history::any_limits())
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let judgement = judge(&trace, &limits, &standard());
        seen.extend(
            judgement
                .findings
                .into_iter()
                .map(|f| (f.invariant, f.verdict)),
        );
    }
    for invariant in standard() {
        for verdict in [Verdict::Holds, Verdict::Violated] {
            let case = (invariant.name().to_owned(), verdict);
            assert!(
                seen.contains(&case),
                "no history where {} {verdict}",
                invariant.name()
            );
        }
    }
    for undecided in [
        "no-hang",
        "recovers",
        "bounded-failures",
        "accounting",
        "latency-returns",
    ] {
        assert!(
            seen.contains(&(undecided.to_owned(), Verdict::Inconclusive)),
            "{undecided}"
        );
    }
}

/// Exhaustively: a writer may be killed after any byte, and every line that was complete then is recovered. What those lines are
/// is read here by a parser of JSON alone.
#[test]
fn a_saved_trace_that_is_cut_at_any_byte_keeps_every_complete_line() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("traces");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "jsonl"))
        .collect();
    files.sort_by_key(|path| std::fs::metadata(path).unwrap().len());
    // Reading every prefix costs the square of the length, so some lines of each kind stand for the rest.
    let mut offsets = 0;
    for file in &files[..3] {
        let text = std::fs::read_to_string(file).unwrap();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let (head, rest) = lines.split_at(2);
        let events = rest
            .iter()
            .filter(|line| line.contains("\"event\""))
            .step_by(20);
        let others = rest
            .iter()
            .filter(|line| !line.contains("\"event\"") && line.len() < 1_000);
        let bytes: String = head.iter().chain(events).chain(others).copied().collect();
        let bytes = bytes.into_bytes();
        let whole = parse(&bytes).unwrap();
        let (mut complete, mut events, mut rest) = (0, 0, 0);
        let mut last_line = 0;
        for cut in 0..=bytes.len() {
            if cut > 0 && bytes[cut - 1] == b'\n' {
                let line: serde_json::Value =
                    serde_json::from_slice(&bytes[last_line..cut]).unwrap();
                complete += 1;
                events += usize::from(line.get("event").is_some());
                rest += usize::from(line.get("verdict").is_some() || line.get("note").is_some());
                last_line = cut;
            }
            offsets += 1;
            match parse(&bytes[..cut]) {
                Err(TraceError::TooShort { .. }) => assert!(complete < 2, "at byte {cut}"),
                Err(other) => panic!("at byte {cut}: {other}"),
                Ok(read) => {
                    assert_eq!(2 + events + rest, complete, "at byte {cut}");
                    assert!(read.events[..] == whole.events[..events], "at byte {cut}");
                    let others = usize::from(read.judgement.is_some()) + read.notes.len();
                    assert_eq!(others, rest, "at byte {cut}");
                }
            }
        }
    }
    assert!(offsets > 5_000, "{offsets}");
}

/// A million requests that never end are judged in seconds: what is asked of each of them must not walk through all the others. (It
/// took over a minute for a tenth of a million, and grew with the square.)
#[test]
fn requests_that_never_end_are_judged_in_linear_time() {
    let mut trace = parse(&std::fs::read(smallest()).unwrap()).unwrap();
    trace.events.clear();
    let mut push = |at_us, kind| {
        let seq = trace.events.len() as u64;
        trace.events.push(Event { seq, at_us, kind });
    };
    for phase in [Phase::Baseline, Phase::Plan] {
        push(0, EventKind::Phase { phase });
    }
    for request in 0..50_000_u64 {
        let at_us = 1_000 * (request + 1);
        push(
            at_us,
            EventKind::Sent {
                request,
                origin: comeback::trace::Origin::Background,
                kind: "job".to_owned(),
                token: format!("t-{request}"),
                intended_us: at_us,
                after: None,
            },
        );
        push(at_us + 1, EventKind::Lag { late_us: 1 });
    }
    let began = std::time::Instant::now();
    let judgement = judge(&trace, &trace.header.limits, &standard());
    let took = began.elapsed();
    assert_ne!(judgement.verdict, Verdict::Holds);
    assert!(took.as_secs() < 20, "{took:?}");
}

fn smallest() -> std::path::PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("traces");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    let smallest = files.min_by_key(|file| file.metadata().unwrap().len());
    smallest.unwrap().path()
}
