//! Secrets in every key of a configuration, and every text that leaves the program.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use comeback::config::Config;
use comeback::stack::port::ReservedPort;
use comeback::trace::Trace;

use super::planted::{LIVE, TABLES, UNUSABLE, WITHOUT_TEXT, value, variables};
use crate::support::desk::{Desk, Finished, finish};
use crate::support::turn::{self, Group};

struct Stage {
    desk: Desk,
    ports: [String; 2],
    config: String,
    variables: BTreeSet<String>,
    told: Vec<(String, String)>,
}

impl Stage {
    fn new() -> (Self, [ReservedPort; 2]) {
        let ports = [(); 2].map(|()| ReservedPort::reserve().unwrap());
        let numbers = [0, 1].map(|nth: usize| ports[nth].address().unwrap().port().to_string());
        let desk = Desk::new();
        let folder = desk.path().join(value("S_FOLDER").unwrap());
        fs::create_dir(&folder).unwrap();
        let api = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/secrets/hostile.py");
        fs::copy(api, folder.join("hostile.py")).unwrap();
        let config = LIVE
            .replace("API", &numbers[0])
            .replace("BACKEND", &numbers[1]);
        desk.write("comeback.toml", &config);
        let mut texts = config.clone();
        UNUSABLE.iter().for_each(|(_, text)| texts += text);
        let stage = Stage {
            desk,
            ports: numbers,
            config,
            variables: variables(&texts),
            told: Vec::new(),
        };
        (stage, ports)
    }

    /// The command, with the variables that the configuration names. Any other would be no secret, and the API tells all that
    /// it knows.
    fn command(&self, arguments: &str) -> Command {
        let mut command = self.desk.comeback(arguments);
        let config = fs::read_to_string(self.desk.path().join("comeback.toml")).unwrap();
        let named = variables(&config);
        command.envs(named.iter().map(|name| (name, value(name).unwrap())));
        command
    }

    /// Runs a command, and keeps what it tells.
    fn run(&mut self, arguments: &str) -> Finished {
        let mut command = self.command(arguments);
        if arguments.contains("--quiet") {
            command.env("COMEBACK_LOG", "trace");
        }
        let finished = finish(command);
        let told = format!("{}\n{}", finished.stdout, finished.stderr);
        self.told.push((arguments.to_owned(), told));
        finished
    }

    /// All that was told and written, with where it stands. The configuration, the API's own folder and the journals
    /// are local, and hold what is needed.
    fn outputs(&self) -> Vec<(String, String)> {
        let mut outputs = self.told.clone();
        for path in files(self.desk.path()) {
            let name = path
                .strip_prefix(self.desk.path())
                .unwrap()
                .display()
                .to_string();
            let local = ["comeback.toml", "state/", "Sx-folder"];
            if !local.iter().any(|local| name.starts_with(local)) {
                let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
                outputs.push((format!("the name of {name}"), name.clone()));
                outputs.push((name, text));
            }
        }
        outputs
    }

    fn assert_no_leaks(&self) {
        let leaks = self.leaks();
        assert!(
            leaks.is_empty(),
            "{} leaks:\n{}",
            leaks.len(),
            leaks[..leaks.len().min(40)].join("\n")
        );
    }

    /// Everything in the outputs that should not be there.
    fn leaks(&self) -> Vec<String> {
        let mut secrets: BTreeMap<String, String> = BTreeMap::new();
        for name in &self.variables {
            if name != "S_SHORT" {
                secrets.insert(name.clone(), value(name).unwrap());
            }
        }
        for literal in ["literal-in-header", "literal-token", "literal-in-env"] {
            secrets.insert(literal.to_owned(), literal.to_owned());
        }
        let spelled: Vec<(String, String)> = secrets
            .iter()
            .flat_map(|(name, value)| spellings(value).into_iter().map(|s| (name.clone(), s)))
            .collect();
        let mut leaks = Vec::new();
        for (place, text) in self.outputs() {
            for (name, spelling) in &spelled {
                if let Some(at) = text.find(spelling.as_str()) {
                    let end = text.ceil_char_boundary((at + 100).min(text.len()));
                    let start = text.floor_char_boundary(at.saturating_sub(100));
                    leaks.push(format!(
                        "{place}: {name} as {spelling}: …{}…",
                        &text[start..end]
                    ));
                }
            }
            let hostile = |c: char| {
                (c.is_control() && c != '\n' && c != '\t') || ('\u{202a}'..='\u{202e}').contains(&c)
            };
            if let Some(at) = text.find(hostile) {
                let start = text.floor_char_boundary(at.saturating_sub(100));
                leaks.push(format!(
                    "{place}: a character of command: {:?}",
                    &text[start..at + 1]
                ));
            }
        }
        leaks
    }
}

/// What must not be found of a value: the value, its lines, and what encoders make of them, written here once more by other
/// means than those that look for them.
fn spellings(value: &str) -> BTreeSet<String> {
    let mut spellings = BTreeSet::new();
    let lines = value.lines().map(str::trim).filter(|line| line.len() >= 4);
    for text in lines.chain([value]) {
        let json = serde_json::to_string(text).unwrap();
        let json = json[1..json.len() - 1].to_owned();
        let percent = |upper: bool, kept: &str| -> String {
            text.bytes()
                .map(|byte| match char::from(byte) {
                    c if c.is_ascii_alphanumeric() || kept.contains(c) => c.to_string(),
                    _ if upper => format!("%{byte:02X}"),
                    _ => format!("%{byte:02x}"),
                })
                .collect()
        };
        spellings.extend([
            text.to_owned(),
            serde_json::to_string(&json)
                .unwrap()
                .trim_matches('"')
                .to_owned(),
            json,
            format!("{text:?}").trim_matches('"').to_owned(),
            percent(true, "-_.~"),
            percent(true, "-_.~/"),
            percent(false, ""),
            percent(true, "-_.~ ").replace(' ', "+"),
            text.replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', "&quot;"),
        ]);
        for before in ["", "x", "xy"] {
            // The characters at both ends depend on what stands beside the secret.
            let code = STANDARD_NO_PAD.encode(format!("{before}{text}"));
            let core = &code[before.len() * 2..code.len() - 2];
            spellings.insert(core.to_owned());
            spellings.insert(core.replace('+', "-").replace('/', "_"));
        }
    }
    spellings
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => vec![path],
        })
        .collect()
}

#[test]
fn no_secret_and_no_command_to_a_terminal_leaves_the_program() {
    let _turn = turn::with(Group::Cli);
    let (mut stage, _ports) = Stage::new();
    let doctor = stage.run("doctor");
    assert!(
        doctor
            .stderr
            .contains("not redacted, because shorter than 4 characters: ${S_SHORT}"),
        "{}",
        doctor.stderr
    );
    let run = stage.run("run --plans 1 --seed 1 --shrink-runs 1");
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    let kept = files(&stage.desk.path().join("traces"));
    let kept = kept
        .iter()
        .find(|path| path.extension().is_some_and(|e| e == "jsonl"))
        .expect("a failing trace is kept");
    let name = kept
        .strip_prefix(stage.desk.path())
        .unwrap()
        .display()
        .to_string();

    let trace = Trace::read(kept).unwrap();
    assert_eq!(trace.header.stack.name, "sec ${S_NAME}");
    let kinds: Vec<&str> = trace
        .header
        .stack
        .kinds
        .iter()
        .map(|kind| kind.name.as_str())
        .collect();
    assert_eq!(kinds, ["POST /x/${S_PATH}?q=${S_QUERY}", "kind ${S_KIND}"]);
    let judgement = trace.judgement.as_ref().unwrap();
    // A forbidden line where a request met the outage, else a line that is missing: patterns with secrets in both cases.
    let signature = judgement.signature.as_ref().unwrap();
    assert_eq!(signature.invariant, "log-expectations", "{judgement:?}");
    // What was judged live is judged the same from the file, in which the pattern's secret is not.
    let check = stage.run(&format!("check {name}"));
    assert_eq!(check.code, 1, "{}", check.stdout);

    for verb in [
        "run --plans 1 --seed 2 --no-shrink --traces more --quiet --format json",
        "send --count 4",
        "send --count 4 --format json",
        "watch --for 2s --probe-every 0.2",
        "watch --for 1s --probe-every 0.2 --format json",
        "fault restart store",
        "heal",
    ] {
        stage.run(verb);
    }
    for verb in [
        "check TRACE --format json",
        "report TRACE --html page.html --junit unit.xml --hgrm p.hgrm --prometheus m.prom",
        "report TRACE --format json",
        "replay TRACE",
        "regress",
    ] {
        stage.run(&verb.replace("TRACE", &name));
    }
    stage.assert_no_leaks();
}

#[test]
fn no_error_shows_a_secret() {
    let _turn = turn::with(Group::Cli);
    let (mut stage, _ports) = Stage::new();
    for (place, instead) in UNUSABLE {
        let (config, place) = (
            stage.config.clone(),
            place.replace("BACKEND", &stage.ports[1]),
        );
        let broken = config.replacen(&place, instead, 1);
        assert_ne!(broken, config, "{place}");
        let broken = broken.replace("settle =", "ready-within = \"1s\"\nsettle =");
        stage.desk.write("comeback.toml", &broken);
        for verb in ["doctor", "run --plans 1 --seed 1 --no-shrink"] {
            let finished = stage.run(verb);
            assert_ne!(
                finished.code, 0,
                "{instead}: {}{}",
                finished.stdout, finished.stderr
            );
        }
    }
    stage.assert_no_leaks();
}

/// So that a new key is not forgotten here.
#[test]
fn every_key_with_a_text_holds_a_secret_in_these_tests() {
    let _turn = turn::with(Group::Cli);
    let mut planted = BTreeSet::new();
    plant(
        "",
        &LIVE.parse::<toml::Table>().unwrap().into(),
        &mut planted,
    );
    for (place, instead) in UNUSABLE {
        if let Ok(table) = LIVE.replacen(place, instead, 1).parse::<toml::Table>() {
            plant("", &table.into(), &mut planted);
        }
    }
    let mut forgotten = Vec::new();
    for (table, place, instead) in TABLES {
        let probe = LIVE.replace("API", "26400").replace("BACKEND", "26401");
        let probe = probe.replacen(place, instead, 1);
        let error = Config::parse(&probe, Path::new("comeback.toml"), &value)
            .unwrap_err()
            .to_string();
        let (_, known) = error
            .split_once("there are ")
            .unwrap_or_else(|| panic!("{table}: {error}"));
        for key in known.split('`').skip(1).step_by(2) {
            let key = format!("{table}.{key}").trim_start_matches('.').to_owned();
            let is_planted = planted.iter().any(|path: &String| path.starts_with(&key));
            let is_number = ["limits.", "generator.", "trial."]
                .iter()
                .any(|t| key.starts_with(t))
                && !key.ends_with("log-anchors");
            if !is_planted && !is_number && !WITHOUT_TEXT.contains(&key.as_str()) {
                forgotten.push(key);
            }
        }
    }
    assert_eq!(forgotten, [""; 0]);
}

/// The paths of keys whose text names a variable.
fn plant(path: &str, value: &toml::Value, planted: &mut BTreeSet<String>) {
    match value {
        toml::Value::String(text) if text.contains("${S_") => {
            planted.insert(path.to_owned());
        }
        toml::Value::Array(values) => values.iter().for_each(|value| plant(path, value, planted)),
        toml::Value::Table(table) => {
            for (key, value) in table {
                plant(
                    format!("{path}.{key}").trim_start_matches('.'),
                    value,
                    planted,
                );
            }
        }
        _ => {}
    }
}
