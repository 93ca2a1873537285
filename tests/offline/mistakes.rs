//! Mistakes of whoever calls: each is told with what, where and what to do, before anything is started.

use std::fmt::Write as _;
use std::fs;

use crate::support::desk::{Desk, TRACE};
use crate::support::live::{self, until};

/// Each command, as it is typed.
const MISTAKES: [&str; 41] = [
    "run",
    "run --config nowhere/comeback.toml",
    "run --config typo.toml",
    "run --demo nope",
    "run --demo stuck-bsy",
    "regres",
    "doctr",
    "run --demo healthy --for 0s",
    "run --demo healthy --seed -1",
    "run --demo healthy --plans -1",
    "run --demo healthy --color maybe",
    "run --demoo healthy",
    "run --demo healthy --plans 0",
    "run --demo healthy --max-inconclusive 500%",
    "run --demo healthy --max-inconclusive many",
    "run --demo healthy --out file",
    "run --demo healthy --traces file/below",
    "replay",
    "replay missing.jsonl",
    "replay misfit.jsonl",
    "replay unknown-variant.jsonl",
    "replay good.jsonl --times 0",
    "replay good.jsonl --speed 0",
    "replay good.jsonl --speed fast",
    "replay good.jsonl --speed 0.001",
    "replay other.jsonl --sim",
    "regress",
    "regress file",
    "regress folder --confidence 100%",
    "regress folder --config typo.toml",
    "check missing.jsonl",
    "check folder",
    "check garbage.jsonl broken.jsonl",
    "check broken.jsonl",
    "check empty.jsonl",
    "check newer.jsonl",
    "check good.jsonl --limit bogus=1",
    "check good.jsonl --limit recovery=banana",
    "check good.jsonl --limit stragglers=1.5",
    "check good.jsonl --limit recovery",
    "check good.jsonl --limit recovery=",
];

#[test]
fn every_mistake_is_told_with_its_remedy_and_starts_nothing() {
    let desk = Desk::new();
    let trace = TRACE;
    desk.write("good.jsonl", trace);
    desk.write(
        "misfit.jsonl",
        &trace.replace("\"backend\":\"backend\"", "\"backend\":\"ray\""),
    );
    desk.write(
        "unknown-variant.jsonl",
        &trace.replace("healthy", "haunted"),
    );
    desk.write(
        "other.jsonl",
        &trace.replace("\"name\":\"demo\"", "\"name\":\"shop\""),
    );
    desk.write(
        "newer.jsonl",
        &trace.replace(
            "\"comeback_trace\":1,\"comeback\":\"0.1.0\"",
            "\"comeback_trace\":9,\"comeback\":\"7.0.0\"",
        ),
    );
    desk.write("broken.jsonl", &format!("{trace}{{\"seq\": oops}}\n"));
    desk.write("garbage.jsonl", "This is no trace.\n");
    desk.write("empty.jsonl", "");
    desk.write("file", "");
    desk.write("typo.toml", "[api]\nulr = \"http://127.0.0.1:1\"\n");
    fs::create_dir(desk.path().join("folder")).unwrap();

    let mut told = String::new();
    for mistake in MISTAKES {
        let finished = desk.run(mistake);
        assert_eq!(finished.stdout, "", "{mistake}");
        write!(
            told,
            "$ comeback {mistake}\n{}[exit {}]\n\n",
            finished.stderr, finished.code
        )
        .unwrap();
    }
    insta::assert_snapshot!("every_mistake_is_told", told);
    assert!(live::trace_paths(&desk).is_empty());
    // What comes to light only after the journal was begun leaves it to the reaper.
    until("nothing is left behind", || {
        live::left_behind(&desk).is_empty()
    });
}
