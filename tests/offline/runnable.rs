//! README and guide: every command block that is marked as runnable does what the page says.
//!
//! A block is marked by the word `runnable` behind its language, which GitHub and rustdoc do not
//! show; `comeback help` leaves it out. A command ends with 0, or as a comment behind it says:
//! `# exits with 1`. The output in a block of the language `console` is what the command before it
//! writes; `…` stands for anything. `RUN` and `TRACE` stand for a run's folder and its trace.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use comeback::guide::PAGES;
use regex::Regex;

use crate::support::desk::{Desk, finish};

/// A failing campaign, of which `RUN` and `TRACE` are.
const EXAMPLE: &str = "run --demo stuck-busy --sim --seed 1 --quiet --no-shrink";

/// A command of a block, its exit code, and the output that is shown.
#[derive(Debug, PartialEq)]
struct Step {
    command: String,
    code: i32,
    shown: String,
}

/// The commands of the runnable blocks of a page, in order.
fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let (mut is_in_block, mut is_console) = (false, false);
    for line in text.lines() {
        if let Some(info) = line.strip_prefix("```") {
            is_in_block = info.ends_with(" runnable");
            is_console = info.starts_with("console ");
            continue;
        }
        let command = match is_console {
            true => line.strip_prefix("$ "),
            false => Some(line),
        };
        match command.filter(|_| is_in_block) {
            Some(command) => steps.extend(step(command)),
            None if is_in_block => {
                let step = steps.last_mut().expect("output without a command");
                step.shown += line;
                step.shown += "\n";
            }
            None => {}
        }
    }
    steps
}

/// None for an empty line or a comment.
fn step(line: &str) -> Option<Step> {
    let (command, comment) = line.split_once('#').unwrap_or((line, ""));
    let code = comment.trim().strip_prefix("exits with ");
    let code = code.map(|code| code.split([' ', ':', ',']).next().unwrap().parse());
    let command = command.trim().to_owned();
    (!command.is_empty()).then(|| Step {
        command,
        code: code.map_or(0, Result::unwrap),
        shown: String::new(),
    })
}

/// A text without what differs from run to run, and with one blank between words.
fn lasting(text: &str) -> String {
    let time = Regex::new(r"\bin \d+ s\.").unwrap();
    let run = Regex::new(r"runs/\d{8}T\d{6}Z-").unwrap();
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = time.replace_all(&words, "in N s.");
    run.replace_all(&text, "runs/TIME-").into_owned()
}

/// Runs the blocks of a page in one folder; the first complaint.
fn run(text: &str) -> Result<usize, String> {
    let desk = Desk::new();
    let steps = steps(text);
    let named = Regex::new(r"\b(RUN|OLDER_RUN|TRACE)\b").unwrap();
    let mut names = (String::new(), String::new());
    if steps.iter().any(|step| named.is_match(&step.command)) {
        assert_eq!(desk.run(EXAMPLE).code, 1);
        names = (
            only_entry(desk.path(), "runs"),
            only_entry(desk.path(), "traces"),
        );
    }
    let program = Path::new(env!("CARGO_BIN_EXE_comeback"));
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", program.parent().unwrap().display());
    for Step {
        command,
        code,
        shown,
    } in &steps
    {
        let line = named.replace_all(command, |name: &regex::Captures<'_>| match &name[0] {
            "TRACE" => names.1.clone(),
            _ => names.0.clone(),
        });
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &line])
            .current_dir(desk.path())
            .env("PATH", &path)
            .env("COMEBACK_STATE_DIR", desk.state())
            .env_remove("COMEBACK_LOG");
        let done = finish(shell);
        if done.code != *code {
            return Err(format!(
                "`{command}` exits with {}, not with {code}: {}{}",
                done.code, done.stdout, done.stderr
            ));
        }
        let mut written = &*lasting(&done.stdout);
        for part in lasting(shown).split('…') {
            let Some((_, rest)) = written.split_once(part.trim()) else {
                return Err(format!(
                    "`{command}` does not write: {part}\nbut: {written}"
                ));
            };
            written = rest;
        }
    }
    Ok(steps.len())
}

fn only_entry(folder: &Path, name: &str) -> String {
    let entries = fs::read_dir(folder.join(name)).unwrap();
    let entries = Vec::from_iter(entries.map(|entry| entry.unwrap().file_name()));
    assert_eq!(entries.len(), 1, "{entries:?}");
    format!("{name}/{}", entries[0].display())
}

#[test]
fn every_runnable_block_does_what_its_page_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = PAGES.iter();
    let guide = guide.map(|page| root.join(format!("src/guide/{}.md", page.topic)));
    let pages: Vec<PathBuf> = guide.chain([root.join("README.md")]).collect();
    let mut commands = 0;
    for page in pages {
        match run(&fs::read_to_string(&page).unwrap()) {
            Ok(number) => commands += number,
            Err(complaint) => panic!("{}: {complaint}", page.display()),
        }
    }
    // A mark that is misspelt marks nothing.
    assert!(commands >= 13, "{commands}");
}

#[test]
fn a_block_that_does_not_do_so_is_found() {
    let page = |block: &str| format!("# Title\n\n```{block}\n```\n\n```sh\nfalse\n```\n");
    let told = |block: &str| run(&page(block)).map_err(|complaint| complaint.replace('\n', " "));
    assert_eq!(told("sh\ncomeback nonsense"), Ok(0));
    assert_eq!(told("sh runnable\n# a comment\ncomeback heal\n"), Ok(1));
    assert_eq!(
        told("sh runnable\ncomeback rn   # exits with 2: a typo"),
        Ok(1)
    );
    let wrong = told("sh runnable\ncomeback heal\ncomeback rn").unwrap_err();
    assert!(wrong.starts_with("`comeback rn` exits with 2, not with 0"));
    assert_eq!(
        told("console runnable\n$ echo a b c; echo d\na …\nd"),
        Ok(1)
    );
    let wrong = told("console runnable\n$ echo a b c\na … d").unwrap_err();
    assert_eq!(wrong, "`echo a b c` does not write:  d but:  b c");
}

#[test]
fn no_outlet_shows_the_mark() {
    let desk = Desk::new();
    let help = desk.run("help quick-start").stdout;
    assert!(
        help.contains("```sh\n") && !help.contains("runnable"),
        "{help}"
    );
}
