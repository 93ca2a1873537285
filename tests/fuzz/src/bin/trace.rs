//! Any bytes as a trace: it is read, judged by every invariant, and reported as text and as a page.
#![no_main]

use std::path::Path;

use comeback::invariant::{is_decided, judge, standard};
use comeback::report::{Report, html, junit, prometheus, terminal};
use comeback::trace::Trace;
use comeback_fuzz::{file, json_lines};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    json_lines::mutate(data, size, max_size, seed)
});

fuzz_target!(|bytes: &[u8]| {
    let Ok(trace) = Trace::parse(Path::new("trace.jsonl"), bytes) else {
        return;
    };
    let invariants = standard();
    let judgement = judge(&trace, &trace.header.limits, &invariants);
    terminal::judgement("trace.jsonl", &trace, &judgement);
    is_decided(&trace, &trace.header.limits, &invariants);
    report(bytes);
});

fn report(bytes: &[u8]) {
    let path = file("trace.jsonl", bytes);
    // The report reads in a way of its own, which keeps less.
    let report = Report::of_traces(&[path]);
    assert!(
        report.unreadable.is_empty(),
        "what `Trace::parse` takes is a trace"
    );
    terminal::report(&report);
    html::write(&report, Path::new("page.html"), &mut Vec::new()).expect("a Vec takes everything");
    junit::junit(&report, &[]).expect("names and messages make XML");
    prometheus::prometheus(&report);
}
