//! How long the page about a long trace takes, how much memory, and how large it gets. Beside it, in the same run, a loop that only
//! parses the lines: what no report can do without.
//!
//! `cargo bench --bench report [-- EVENTS]`

#[path = "../tests/support/long_trace.rs"]
mod long_trace;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter};
use std::path::Path;
use std::time::Instant;

use comeback::report::{Report, html};

fn main() {
    let events = std::env::args().filter_map(|word| word.parse().ok()).next();
    let events = events.unwrap_or(1_000_000);
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let trace = folder.path().join("trace.jsonl");
    // Two requests have eleven events.
    long_trace::write(&trace, events * 2 / 11).expect("the trace can be written");
    let size = fs::metadata(&trace).expect("it was written").len();

    let began = Instant::now();
    let lines = parse(&trace);
    let parsing_s = began.elapsed().as_secs_f64();

    let began = Instant::now();
    let report = Report::of_traces(std::slice::from_ref(&trace));
    assert!(report.unreadable.is_empty(), "it is a trace");
    let reading_s = began.elapsed().as_secs_f64();
    let page = folder.path().join("report.html");
    let mut out = BufWriter::new(File::create(&page).expect("the page can be made"));
    html::write(&report, &page, &mut out).expect("the page can be written");
    drop(out);
    let report_s = began.elapsed().as_secs_f64();

    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let page = fs::metadata(&page).expect("it was written").len();
    println!("trace         {lines} lines, {:.1} MiB", mib(size));
    println!("parsing only  {parsing_s:.2} s");
    println!(
        "report        {report_s:.2} s, of it {reading_s:.2} s reading: {:.2} times the parsing",
        report_s / parsing_s
    );
    println!("page          {:.2} MiB", mib(page));
    println!("memory        {:.0} MiB at most", mib(most_memory_bytes()));
}

/// Parses every line and keeps nothing.
fn parse(trace: &Path) -> usize {
    let file = BufReader::new(File::open(trace).expect("it was written"));
    let lines = file.lines().map(|line| {
        let line = line.expect("it is text");
        serde_json::from_str::<serde_json::Value>(&line).expect("it is JSON")
    });
    lines.count()
}

/// The most memory that this process has held.
fn most_memory_bytes() -> u64 {
    let status = procfs::process::Process::myself().and_then(|process| process.status());
    let kib = status.ok().and_then(|status| status.vmhwm);
    kib.unwrap_or(0) * 1024
}
