//! Any bytes as each of the other files that comeback reads again: the journal by which `comeback heal` acts, the summary, the
//! ledger and the latencies of a run, and a list of known failures.
#![no_main]

use std::path::Path;
use std::time::Duration;
use std::{fs, str};

use comeback::campaign::Ledger;
use comeback::latency;
use comeback::model::Signature;
use comeback::nemesis::{Account, Journal, Settling};
use comeback::report::{Report, ReportJson, html, junit, prometheus, terminal};
use comeback_fuzz::{file, folder, json_lines};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

/// Files of a real run, for those of its others that an input is not tried as.
const SUMMARY: &[u8] = include_bytes!("../../run/summary.json");
const CAMPAIGN: &[u8] = include_bytes!("../../run/campaign.json");

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    json_lines::mutate(data, size, max_size, seed)
});

fuzz_target!(|bytes: &[u8]| {
    journal(bytes);
    known(bytes);
    ledger(bytes);
    run(bytes);
});

/// `comeback heal` up to the moment at which it would touch a service.
fn journal(bytes: &[u8]) {
    let Ok(records) = Journal::read(&file("journal.jsonl", bytes)) else {
        return;
    };
    for charge in Account::of(records).charges {
        let now = Duration::from_secs(60);
        let mut settling = Settling::begin(&charge, now);
        settling.next(now, true);
        settling.unsure(now);
        settling.left(now);
    }
}

/// A list of failures that are put up with.
fn known(bytes: &[u8]) {
    for line in bytes.split(|byte| *byte == b'\n') {
        let Ok(Ok(signature)) = str::from_utf8(line).map(str::parse::<Signature>) else {
            continue;
        };
        let again = signature.to_string().parse().ok();
        assert_eq!(again, Some(signature), "what is written is read back");
    }
}

/// `comeback run --resume`, by either of the ledger's files.
fn ledger(bytes: &[u8]) {
    for (campaign, trials) in [(bytes, &b""[..]), (CAMPAIGN, bytes)] {
        file("campaign.json", campaign);
        file("trials.ndjson", trials);
        if let Ok(ledger) = Ledger::open(folder()) {
            ledger.finished();
        }
    }
}

/// `comeback report` on the folder of a run, by its summary or by its latencies.
fn run(bytes: &[u8]) {
    report(bytes, b"");
    if latency::trials(bytes).any(|trial| trial.is_ok()) {
        report(SUMMARY, bytes);
    }
}

fn report(summary: &[u8], latencies: &[u8]) {
    let run = folder().join("run");
    fs::create_dir_all(&run).expect("the folder takes files");
    file("run/summary.json", summary);
    file("run/latency.hlog", latencies);
    if let Ok(report) = Report::of_run(&run) {
        show(&report);
    }
}

fn show(report: &Report) {
    terminal::report(report);
    html::write(report, Path::new("page.html"), &mut Vec::new()).expect("a Vec takes everything");
    junit::junit(report, &[]).expect("names and messages make XML");
    prometheus::prometheus(report);
    serde_json::to_vec(&ReportJson::of(report)).expect("a report is JSON");
}
