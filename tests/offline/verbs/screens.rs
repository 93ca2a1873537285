//! What a terminal of 80×24 and one of 120×40 show of a run.

use std::fs;
use std::process::{Command, Stdio};

use regex::Regex;

use super::DEAD;
use crate::support::desk::Desk;

/// Runs `comeback` in a terminal of this size, which `script` provides; all that it wrote there.
fn in_terminal(desk: &Desk, (columns, rows): (usize, usize), arguments: &str) -> String {
    let this = env!("CARGO_BIN_EXE_comeback");
    let status = Command::new("script")
        .args(["--quiet", "--flush", "--command"])
        .arg(format!(
            "stty rows {rows} cols {columns}; exec {this} {arguments}"
        ))
        .arg("typescript")
        .current_dir(desk.path())
        .env("COMEBACK_STATE_DIR", desk.state())
        .env("SHELL", "/bin/sh")
        .env("TERM", "xterm")
        .env_remove("NO_COLOR")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    let written = fs::read_to_string(desk.path().join("typescript")).unwrap();
    // The first line and the last are of `script`.
    let (_, written) = written.split_once('\n').unwrap();
    let (written, _) = written.rsplit_once("\nScript done").unwrap();
    written.to_owned()
}

fn matching(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap()
}

/// Each state of the line that is drawn anew, without colours.
fn drawn(written: &str) -> Vec<String> {
    let colours = matching("\x1b\\[[0-9;]*m");
    let plain = colours.replace_all(written, "").replace("\x1b[2K", "");
    let lines = plain.split(['\r', '\n']);
    let is_drawn = |line: &&str| line.starts_with(|c| ('\u{2800}'..='\u{28ff}').contains(&c));
    lines.filter(is_drawn).map(str::to_owned).collect()
}

/// What is to be read at the end. Verdicts in colour are shown as `<VERDICT>`, and what differs
/// from run to run is masked.
fn left(written: &str) -> String {
    let bold = matching("\x1b\\[1;[0-9]+m([A-Z]+)\x1b\\[0m");
    let written = bold.replace_all(written, "<$1>");
    let lines = written.split('\n').map(|line| {
        let line = line.trim_end_matches('\r');
        line.rsplit("\x1b[2K").next().unwrap_or_default()
    });
    let text = Vec::from_iter(lines).join("\n");
    let text = matching(r"\d{8}T\d{6}Z").replace_all(&text, "TIME");
    let text = matching(r"in\s+(\d+ min\s+)?\d+\s+s\.").replace_all(&text, "in N s.");
    assert!(!text.contains('\x1b'), "{text:?}");
    text.into_owned()
}

const SIZES: [(usize, usize); 2] = [(80, 24), (120, 40)];

#[test]
fn the_result_of_a_run_fits_the_terminal() {
    for (verb, arguments) in [
        ("holds", "--demo healthy --seed 3 --plans 2"),
        ("violated", "--demo stuck-busy --seed 1"),
    ] {
        for size @ (columns, rows) in SIZES {
            let desk = Desk::new();
            let written = in_terminal(&desk, size, &format!("run --sim {arguments}"));
            let left = left(&written);
            insta::assert_snapshot!(format!("screen_{verb}_{columns}x{rows}"), left);
            // The angle brackets are of this test, and names are not broken.
            let lines = left.lines().filter(|line| !line.contains("traces/"));
            let lines = lines.map(|line| line.replace(['<', '>'], ""));
            let long = Vec::from_iter(lines.filter(|line| line.chars().count() > columns));
            assert!(long.is_empty(), "{long:?}");
        }
    }
}

#[test]
fn the_progress_line_fits_counts_what_is_finished_and_says_no_more_than_it_knows() {
    let line =
        matching(r"^\S (\d/2 trials · +(simulating +)?| +)\d+ s( · [0-9.]+/(s|min), \d+ s left)?$");
    for size @ (columns, _) in SIZES {
        let desk = Desk::new();
        let run = "run --sim --demo healthy --seed 3 --plans 2";
        let drawn = drawn(&in_terminal(&desk, size, run));
        assert!(
            drawn.iter().any(|line| line.contains("0/2 trials")),
            "{drawn:?}"
        );
        for state in drawn {
            assert!(state.chars().count() <= columns, "{state}");
            assert!(line.is_match(&state), "{state}");
        }
    }
}

#[test]
fn a_wait_is_shown_as_a_wait_with_its_limit() {
    let desk = Desk::new();
    let never = DEAD
        .replace("exec = [\"true\"]", "exec = [\"false\"]")
        .replace("300ms", "1500ms");
    desk.write("comeback.toml", &never);
    for verb in ["doctor", "run"] {
        let drawn = drawn(&in_terminal(&desk, (80, 24), verb));
        let wait = "waiting for backend db: 1 s of at most 1.5 s";
        assert!(
            drawn.iter().any(|line| line.contains(wait)),
            "{verb}: {drawn:?}"
        );
    }
}
