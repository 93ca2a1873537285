//! The style of the house as a test: who may use whom, and what has no place here.
//!
//! Only shipped code is looked at. The rules work on text, by patterns: they catch slips, not
//! intent.

#[path = "tidy/circles.rs"]
mod circles;
#[path = "tidy/shipped_code.rs"]
mod shipped_code;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{fs, io};

use regex::Regex;

/// A top-level module and which others it may use, as the table in `src/lib.rs` says.
struct Layer {
    name: String,
    may_use: Vec<String>,
    /// Whether it may use all that stands above it, and not only what is named.
    takes_all: bool,
}

/// Crates that only some files may use, and why.
const CRATES: &[(&str, &[&str], &str)] = &[
    (
        "bollard",
        &["stack/docker"],
        "ask the stack's `Driver` instead: the engine's API is known in one place",
    ),
    (
        "reqwest",
        &["load"],
        "send through load's transport instead: HTTP clients hide the bugs that are looked for",
    ),
    (
        "indicatif",
        &["cli/kit/bar"],
        "draw by `cli::kit::Bar`: it shows no secrets and no control characters",
    ),
    (
        "anyhow",
        &["cli", "main"],
        "give this stage an error enum of its own by `thiserror`",
    ),
];

/// What no shipped code says, and what to write instead.
const FORBIDDEN: &[(&str, &str)] = &[
    (r"\b(todo|unimplemented|dbg)!", "finish it, or leave it out"),
    (
        r"\.unwrap\(\)",
        "return the error, or `expect` with the reason why it cannot fail",
    ),
    (r"#!?\[allow\b", "change the code until nothing complains"),
    (
        r"\bsync::(\{[^}]*\b)?watch\b",
        "use `crate::watched`: tokio's wakes in an order of chance, and a simulated trial would not be the same twice",
    ),
];

/// What only one file may say, and what to write instead.
const RESERVED: &[(&str, &str, &str)] = &[
    (
        r"\b(e?print(ln)?!|io::std(out|err)\b)",
        "cli/kit/stream.rs",
        "write by `cli::kit::stream`: it does not panic when a terminal was closed, and shows no secrets or control characters",
    ),
    (
        r"\bformat_duration\b",
        "model/ceiling.rs",
        "people read `model::duration`; what has to be parsed again is written by `model::ceiling::written`",
    ),
];

/// A unit of time behind a number that is put into a text.
const UNIT: &str = r"\} ?(?:ms|s|min)\b";

/// Who may write one: the formatter itself and a plan's exact numbers, the demo's API, and the
/// powers of ten on an axis.
const WRITES_UNITS: &[&str] = &["model/", "app/", "report/html/plot.rs"];

/// The formats of a report. None of them uses another: what two of them share is in
/// `report/wording.rs`, in the story, or in the table, so that each can be read, and changed, by
/// itself.
const FORMATS: &[&str] = &["terminal", "html", "junit", "json", "prometheus", "hgrm"];

/// Names that say nothing about what a module holds.
const EMPTY_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "common", "misc"];

/// The most lines of a file, and of `main.rs`.
const MOST_LINES: usize = 400;
const MOST_LINES_OF_MAIN: usize = 59;

/// The most columns of a line that is a comment.
const WIDEST_COMMENT: usize = 100;

/// Files that are longer than [`MOST_LINES`], and how long. Numbers here only go down.
const LONG: &[(&str, usize)] = &[];

#[test]
fn the_house_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut complaints = String::new();
    for file in rust_files(&root).unwrap() {
        let path = file.strip_prefix(&root).unwrap().to_str().unwrap();
        complaints += &check(path, &fs::read_to_string(&file).unwrap());
    }
    assert!(complaints.is_empty(), "\n{complaints}");
}

#[test]
fn every_layer_stands_below_what_it_uses() {
    for (position, layer) in layers().iter().enumerate() {
        for used in &layer.may_use {
            let stands_above = layers()[..position].iter().any(|above| above.name == *used);
            let name = &layer.name;
            assert!(
                stands_above,
                "`{name}` may use `{used}`, which does not stand above it in src/lib.rs"
            );
        }
    }
}

#[test]
fn every_module_is_in_the_table() {
    let lib = fs::read_to_string(lib()).unwrap();
    let modules = pattern(r"(?m)^pub mod (\w+);");
    let declared = modules.captures_iter(&lib);
    let mut declared: Vec<String> = declared.map(|found| found[1].to_owned()).collect();
    let mut named: Vec<String> = layers().iter().map(|layer| layer.name.clone()).collect();
    declared.sort();
    named.sort();
    assert_eq!(declared, named);
}

/// A permission that nobody uses is an arrow that is not there.
#[test]
fn every_permission_is_used() {
    let root = lib().with_file_name("");
    let mut used: BTreeSet<(String, String)> = BTreeSet::new();
    for file in rust_files(&root).unwrap() {
        let path = file.strip_prefix(&root).unwrap().to_str().unwrap();
        let code = shipped_code::of(path, &fs::read_to_string(&file).unwrap());
        let home = path.split(['/', '.']).next().unwrap_or_default();
        let names = modules_used(path, &code).into_iter();
        used.extend(names.map(|(_, name)| (home.to_owned(), name)));
    }
    let named = layers().iter().filter(|layer| !layer.takes_all);
    let pairs = named.flat_map(|layer| {
        let used = layer.may_use.iter();
        used.map(|used| (layer.name.clone(), used.clone()))
    });
    let unused: Vec<_> = pairs.filter(|pair| !used.contains(pair)).collect();
    assert!(
        unused.is_empty(),
        "src/lib.rs permits what nobody needs: {unused:?}"
    );
}

#[test]
fn the_table_is_read_as_it_is_meant() {
    let text = "//! | [`leaf`] | x | nothing |\n//! | [`more`] | x | `leaf` |\n//! | [`top`] | x | all above |\n";
    let read: Vec<(String, Vec<String>, bool)> = layers_of(text)
        .into_iter()
        .map(|layer| (layer.name, layer.may_use, layer.takes_all))
        .collect();
    let names = |names: &[&str]| {
        names
            .iter()
            .map(|&name| name.to_owned())
            .collect::<Vec<_>>()
    };
    let expected = [
        ("leaf".to_owned(), names(&[]), false),
        ("more".to_owned(), names(&["leaf"]), false),
        ("top".to_owned(), names(&["leaf", "more"]), true),
    ];
    assert_eq!(read, expected);
}

/// One name, one thing: a type that other files can see is called what no other is called.
#[test]
fn every_type_has_a_name_of_its_own() {
    let root = lib().with_file_name("");
    let mut homes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in rust_files(&root).unwrap() {
        let path = file.strip_prefix(&root).unwrap().to_str().unwrap();
        for name in types(path, &fs::read_to_string(&file).unwrap()) {
            homes.entry(name).or_default().push(path.to_owned());
        }
    }
    homes.retain(|_, homes| homes.len() > 1);
    assert!(homes.is_empty(), "defined more than once: {homes:#?}");
}

#[test]
fn a_type_is_seen_where_it_is_visible_to_others() {
    let text = "pub struct A;\nstruct B;\npub(super) enum C {}\npub(in crate::x) trait D {}\npub type E = u8;\n";
    assert_eq!(types("model/plan.rs", text), ["A", "C", "D", "E"]);
    assert_eq!(types("model/tests/plan.rs", text), [""; 0]);
}

/// What two files need from each other is in a third.
#[test]
fn no_files_use_each_other_in_a_circle() {
    let root = lib().with_file_name("");
    let files = rust_files(&root).unwrap().into_iter().map(|file| {
        let path = file.strip_prefix(&root).unwrap().to_str().unwrap();
        let code = shipped_code::of(path, &fs::read_to_string(&file).unwrap());
        (path.to_owned(), code)
    });
    let circles = circles::of(&files.collect());
    assert!(circles.is_empty(), "use each other: {circles:#?}");
}

/// Every rule is broken once, so that it is known to bite.
#[test]
fn every_rule_bites() {
    let long = "\n".repeat(MOST_LINES + 1);
    let wide = format!("    /// {}", "word ".repeat(WIDEST_COMMENT / 5));
    let untidy = [
        ("model/plan.rs", "use crate::trace::Event;"),
        ("latency.rs", "fn f() { crate::load::send() }"),
        (
            "trace/store.rs",
            "use crate::{\n    model::{Plan, Step},\n    stack::Stack,\n};",
        ),
        ("stack/process.rs", "use crate::app::serve;"),
        ("model/fault.rs", "use super::super::trace::Event;"),
        ("trace/mod.rs", "use super::stack::Stack;"),
        ("wizard/mod.rs", "use crate::model::Plan;"),
        ("model/plan.rs", "use crate::wizard::Wand;"),
        ("main.rs", "use comeback::executor::run;"),
        ("nemesis/heal.rs", "use bollard::Docker;"),
        ("campaign/mod.rs", "fn f() -> reqwest::Client { todo!() }"),
        (
            "trace/store.rs",
            "fn f() -> anyhow::Result<()> { x.unwrap() }",
        ),
        ("load/mod.rs", "#![allow(dead_code)]"),
        ("load/gate.rs", "use tokio::sync::{mpsc, watch};"),
        (
            "cli/verbs/run/run.rs",
            "fn f() { println!(); eprint!(\"x\"); std::io::stderr() }",
        ),
        (
            "cli/verbs/run/run.rs",
            "fn f() { humantime::format_duration(time) }",
        ),
        (
            "cli/kit/pace.rs",
            "fn f() { format!(\"{ms:.1} ms\"); format!(\"{}s\", seconds) }",
        ),
        (
            "report/html/campaign.rs",
            "use crate::report::{CampaignReport, trial::{Row, Headline}, terminal};",
        ),
        ("report/junit.rs", "fn f() { super::html::write() }"),
        ("load/util.rs", ""),
        ("load/burst.rs", &long),
        ("main.rs", &long[..=MOST_LINES_OF_MAIN]),
        ("load/burst.rs", &wide),
        ("load/mod.rs", "pub struct Client;\nenum Secret {}"),
        ("cli/verbs/replay.rs", "use super::run::share;"),
        ("cli/verbs/run/known.rs", "use super::super::report;"),
        (
            "cli/verbs/check.rs",
            "use crate::cli::{kit, verbs::report};",
        ),
        ("cli/kit/session.rs", "use crate::cli::verbs::Heal;"),
    ];
    let complaints: String = untidy
        .iter()
        .map(|(path, text)| check(path, text))
        .collect();
    insta::assert_snapshot!(complaints);
}

#[test]
fn what_is_allowed_raises_no_complaint() {
    let tidy = [
        (
            "demo/sim/mod.rs",
            "use crate::app::serve;\nuse super::Stack;",
        ),
        ("stack/docker/events.rs", "use bollard::Docker;"),
        (
            "load/pooled.rs",
            "use reqwest::Client;\nuse crate::model::Plan;",
        ),
        (
            "cli/verbs/run/run.rs",
            "use anyhow::Context;\nuse crate::{config::Config, model::{self, Plan}};",
        ),
        ("main.rs", "fn main() { comeback::cli::main() }"),
        (
            "model/plan.rs",
            "// crate::trace, todo!()\n/* a.unwrap() /* b */ */ const A: &str = \"crate::cli \\\" todo!\";",
        ),
        (
            "model/plan.rs",
            "const A: &str = r#\"say \"todo!()\" \"#; const B: char = '\"'; fn f<'a>(_: &'a str) {}",
        ),
        ("cli/kit/stream.rs", "fn f() { io::stdout() }"),
        ("cli/verbs/mod.rs", "mod run;\npub use run::Run;"),
        (
            "cli/verbs/run/run.rs",
            "use super::known;\nuse crate::cli::kit::Exit;",
        ),
        ("cli/kit/session.rs", "use super::source::Source;"),
        (
            "cli/verbs/run/run.rs",
            "// {ms} ms\nfn f() { g(\"{names}\") }\n#[cfg(test)]\nmod tests { fn f() { g(\"{ms} ms\") } }",
        ),
        ("load/tests.rs", "fn f() { x.unwrap() }"),
        (
            "model/plan.rs",
            "#[cfg(test)]\nmod tests {\n    use super::super::*;\n    fn f() { x.unwrap() }\n}",
        ),
    ];
    for (path, text) in tidy {
        assert_eq!(check(path, text), "", "{text}");
    }
}

/// What is untidy in a file (`path` counts from `src`), one line each: where, what, and what to do
/// instead.
fn check(path: &str, text: &str) -> String {
    let code = shipped_code::of(path, text);
    let mut complaints = String::new();
    let mut complain = |byte: usize, what: String| {
        let line = code[..byte].matches('\n').count() + 1;
        writeln!(complaints, "src/{path}:{line}: {what}").unwrap();
    };

    let home = path.split(['/', '.']).next().unwrap_or_default();
    for (byte, used) in modules_used(path, &code) {
        if let Err(what) = may_use(home, &used) {
            complain(byte, what);
        }
    }
    for found in pattern(r"\b(?:super::)+").find_iter(&code) {
        if found.as_str().matches("super").count() > depth(path) {
            let what = "`super` leaves the top-level module: write `crate::`, so that the layering is seen";
            complain(found.start(), what.to_owned());
        }
    }
    for (name, homes, instead) in CRATES {
        if !homes.iter().any(|home| path.starts_with(home)) {
            for found in pattern(&format!(r"\b{name}::")).find_iter(&code) {
                let homes = homes.join("` and `");
                complain(
                    found.start(),
                    format!("only `{homes}` may use `{name}`: {instead}"),
                );
            }
        }
    }
    for (forbidden, instead) in FORBIDDEN {
        for found in pattern(forbidden).find_iter(&code) {
            complain(
                found.start(),
                format!("`{}` has no place here: {instead}", found.as_str()),
            );
        }
    }
    for (reserved, home, instead) in RESERVED {
        for found in pattern(reserved).find_iter(&code).filter(|_| path != *home) {
            let what = format!("only `{home}` may use `{}`: {instead}", found.as_str());
            complain(found.start(), what);
        }
    }
    if !WRITES_UNITS.iter().any(|writer| path.starts_with(writer)) {
        let literals = shipped_code::with_literals(path, text);
        for found in pattern(UNIT).find_iter(&literals) {
            let what = format!(
                "`{}` formats a duration: write it by `model::duration`",
                found.as_str()
            );
            complain(found.start(), what);
        }
    }
    for (byte, format) in formats_used(path, &code) {
        let what = format!(
            "a report's formats do not use `{format}`: move what both need to `report/wording.rs`"
        );
        complain(byte, what);
    }
    if path
        .split(['/', '.'])
        .any(|name| EMPTY_NAMES.contains(&name))
    {
        complain(
            0,
            "this name says nothing: name the module after what it holds".to_owned(),
        );
    }
    if let Err(what) = check_length(path, text.lines().count()) {
        complain(0, what);
    }
    for (byte, what) in verbs_used(path, &code) {
        complain(byte, what.to_owned());
    }
    if path.ends_with("mod.rs") {
        for found in pattern(r"(?m)^(pub(\([^)]*\))? )?(struct|enum|trait|type) ").find_iter(&code)
        {
            let what = "`mod.rs` is a face: put the type into a file that bears its name";
            complain(found.start(), what.to_owned());
        }
    }
    for (line, text) in text.lines().enumerate() {
        let columns = text.chars().count();
        if text.trim_start().starts_with("//") && columns > WIDEST_COMMENT && !is_one_word(text) {
            writeln!(
                complaints,
                "src/{path}:{}: a comment of {columns} columns: break it at {WIDEST_COMMENT}",
                line + 1
            )
            .unwrap();
        }
    }
    complaints
}

/// The types of a file that other files can see.
fn types(path: &str, text: &str) -> Vec<String> {
    let code = shipped_code::of(path, text);
    let defined = pattern(r"(?m)^\s*pub(?:\([^)]*\))? (?:struct|enum|trait|type) (\w+)");
    let names = defined.captures_iter(&code);
    names.map(|found| found[1].to_owned()).collect()
}

/// Whether a comment cannot be broken: a row of a table, or a single word such as an address.
fn is_one_word(comment: &str) -> bool {
    let text = comment.trim_start().trim_start_matches(['/', '!']).trim();
    text.starts_with('|') || !text.contains(' ')
}

/// The formats of a report that another file of `report` names, each with its place.
fn formats_used(path: &str, code: &str) -> Vec<(usize, &'static str)> {
    let Some(within) = path
        .strip_prefix("report/")
        .filter(|name| *name != "mod.rs")
    else {
        return Vec::new();
    };
    let others = FORMATS
        .iter()
        .filter(|format| within.split(['/', '.']).next() != Some(**format));
    let used = others.flat_map(|format| {
        let named = pattern(&format!(r"\b(?:super|report)::(?:\{{[^;]*?\b)?{format}\b"));
        let places: Vec<usize> = named.find_iter(code).map(|found| found.start()).collect();
        places.into_iter().map(|place| (place, *format))
    });
    used.collect()
}

/// Where a verb uses another verb, or what verbs share uses one, and what to do instead.
fn verbs_used(path: &str, code: &str) -> Vec<(usize, &'static str)> {
    let (inner, what) = match (path.strip_prefix("cli/verbs/"), path) {
        (Some("mod.rs"), _) => return Vec::new(),
        (Some(inner), _) => (
            inner,
            "a verb uses no other verb: move what both need to `cli/kit`",
        ),
        (None, path) if path.starts_with("cli/kit/") => {
            (path, "`cli/kit` uses no verb: move what it needs into it")
        }
        (None, _) => return Vec::new(),
    };
    let named = pattern(r"\bverbs::|::verbs\b");
    let named = named.find_iter(code).map(|found| found.start());
    let supers = pattern(r"\b(?:super::)+");
    // By as many as this, it leaves its own verb.
    let leaves = supers
        .find_iter(code)
        .filter(|found| found.as_str().matches("super").count() > depth(inner));
    let places = named.chain(leaves.map(|found| found.start()));
    places.map(|place| (place, what)).collect()
}

/// The top-level modules that a file names, each with its place. The binary reaches them as
/// `comeback::`.
fn modules_used(path: &str, code: &str) -> Vec<(usize, String)> {
    let root = if path == "main.rs" {
        "comeback"
    } else {
        "crate"
    };
    let mut used = Vec::new();
    for found in pattern(&format!(r"\b{root}::\s*(\w+|\{{)")).captures_iter(code) {
        let (Some(all), Some(name)) = (found.get(0), found.get(1)) else {
            continue;
        };
        match name.as_str() {
            "{" => used.extend(first_names(code, name.end())),
            single => used.push((all.start(), single.to_owned())),
        }
    }
    // A macro or an item of the crate's root is no module; only what starts small can be one.
    used.retain(|(_, name)| name.starts_with(|c: char| c.is_ascii_lowercase()) && name != "self");
    used
}

/// The first name of each path in a group of imports whose brace was opened before `start`.
fn first_names(code: &str, start: usize) -> Vec<(usize, String)> {
    let mut names = Vec::new();
    let mut depth = 0;
    let mut at_start = true;
    for token in pattern(r"\w+|[{},]").find_iter(&code[start..]) {
        match token.as_str() {
            "{" => depth += 1,
            "}" if depth == 0 => break,
            "}" => depth -= 1,
            "," => at_start |= depth == 0,
            name if at_start => {
                names.push((start + token.start(), name.to_owned()));
                at_start = false;
            }
            _ => {}
        }
    }
    names
}

fn may_use(home: &str, used: &str) -> Result<(), String> {
    let layer = |name: &str| layers().iter().find(|layer| layer.name == name);
    if home == used || home == "lib" || (home == "main" && used == "cli") {
        return Ok(());
    }
    if home == "main" {
        return Err(format!(
            "`main.rs` uses `{used}`: it calls `cli` and nothing else"
        ));
    }
    let unknown =
        |name: &str| format!("`{name}` is in no layer: add it to the table in src/lib.rs");
    let Some(Layer { may_use, .. }) = layer(home) else {
        return Err(unknown(home));
    };
    if layer(used).is_none() {
        return Err(unknown(used));
    }
    if may_use.iter().any(|name| name == used) {
        return Ok(());
    }
    let allowed = match &may_use[..] {
        [] => "nothing of ours".to_owned(),
        names => format!("only {}", names.join(", ")),
    };
    Err(format!(
        "`{home}` may not use `{used}` ({allowed}): pass data in, or move the word that both need to `model`"
    ))
}

/// The layers of the table in `src/lib.rs`, from the top.
fn layers() -> &'static [Layer] {
    static LAYERS: OnceLock<Vec<Layer>> = OnceLock::new();
    LAYERS.get_or_init(|| layers_of(&fs::read_to_string(lib()).unwrap()))
}

fn layers_of(text: &str) -> Vec<Layer> {
    let rows = pattern(r"(?m)^//! \| \[`(\w+)`\] \| .* \| ([^|]+) \|$");
    let mut layers: Vec<Layer> = Vec::new();
    for row in rows.captures_iter(text) {
        let takes_all = &row[2] == "all above";
        let may_use = match takes_all {
            true => layers.iter().map(|layer| layer.name.clone()).collect(),
            false => pattern(r"`(\w+)`")
                .captures_iter(&row[2])
                .map(|name| name[1].to_owned())
                .collect(),
        };
        layers.push(Layer {
            name: row[1].to_owned(),
            may_use,
            takes_all,
        });
    }
    layers
}

fn lib() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")
}

fn check_length(path: &str, lines: usize) -> Result<(), String> {
    if path == "main.rs" && lines > MOST_LINES_OF_MAIN {
        return Err(format!(
            "{lines} lines: `main.rs` has at most {MOST_LINES_OF_MAIN}; move work to `cli`"
        ));
    }
    match LONG.iter().find(|(long, _)| *long == path) {
        Some((_, listed)) if lines < *listed => Err(format!(
            "{lines} lines, and `LONG` says {listed}: lower the number, or remove the entry"
        )),
        Some((_, listed)) if lines == *listed => Ok(()),
        None if lines <= MOST_LINES => Ok(()),
        _ => Err(format!(
            "{lines} lines, and {MOST_LINES} are readable at one sitting: split it by nouns"
        )),
    }
}

/// How many `super` stay within the top-level module.
fn depth(path: &str) -> usize {
    let parents = path.matches('/').count();
    if path.ends_with("/mod.rs") {
        parents - 1
    } else {
        parents
    }
}

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap()
}

fn rust_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
