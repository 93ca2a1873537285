//! What is wrong in a configuration, where, and what to do.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;
use toml::de::DeTable;

use super::key_path::KeyPath;
use super::secrets;
use crate::model::suggestion;
use crate::redact::{Redactor, Secret};

/// What is wrong in a configuration, where, and how to fix it. Printed like a compiler error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The file.
    pub path: PathBuf,
    /// The path of the offending key, such as `backend.ray.ready`; empty for the whole file.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// How to fix it.
    pub remedy: Option<String>,
    /// The offending line, unless the whole file is meant.
    pub excerpt: Option<Excerpt>,
}

/// A line of the file, with a range of characters to underline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The line number, from 1.
    pub line: usize,
    /// The first underlined character, from 1.
    pub column: usize,
    /// How many characters are underlined.
    pub width: usize,
    /// The line itself.
    pub text: String,
}

/// A complaint whose line has not been looked up yet.
#[derive(Debug)]
pub(super) struct Problem {
    place: Place,
    what: String,
    remedy: Option<String>,
}

#[derive(Debug)]
enum Place {
    File,
    Key(KeyPath),
    Bytes(Range<usize>),
}

/// How alike a known key must be to be suggested for a misspelt one, from 0 to 1.
const ALIKE_AS_KEYS: f64 = 0.75;

impl Problem {
    /// A problem with the value of a key.
    pub(super) fn at(key: KeyPath, what: impl Into<String>) -> Self {
        Problem::new(Place::Key(key), what)
    }

    /// A problem with a byte range of the text.
    pub(super) fn in_bytes(bytes: Range<usize>, what: impl Into<String>) -> Self {
        Problem::new(Place::Bytes(bytes), what)
    }

    /// A problem with the file as a whole.
    pub(super) fn of_file(what: impl Into<String>) -> Self {
        Problem::new(Place::File, what)
    }

    /// Adds how to fix it.
    pub(super) fn remedy(self, remedy: impl Into<String>) -> Self {
        let remedy = Some(remedy.into());
        Problem { remedy, ..self }
    }

    /// Suggests the known name that is most similar to the given one, or lists all of them.
    pub(super) fn did_you_mean(self, given: &str, known: &[&str]) -> Self {
        match suggestion(given, known.iter().copied(), ALIKE_AS_KEYS) {
            Some(best) => self.remedy(format!("did you mean `{best}`?")),
            None => {
                let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
                self.remedy(format!("there are {}", known.join(", ")))
            }
        }
    }

    /// Looks up the line. Values from the environment are replaced by the names of their variables.
    pub(super) fn locate(
        self,
        source: &str,
        path: &Path,
        variables: &BTreeMap<String, String>,
    ) -> Complaint {
        // The text may be invalid TOML. The readable part still gives the key and the secrets.
        let (document, errors) = DeTable::parse_recoverable(source);
        let document = document.get_ref();
        let secrets = secrets::of(document, variables);
        let redactor = Redactor::new(&secrets);
        let conceal = |text: String| redactor.clean(&text).into_owned();
        let (key, bytes) = match self.place {
            Place::File => (KeyPath::default(), None),
            Place::Key(key) => {
                let bytes = key.span(document);
                (key, bytes)
            }
            Place::Bytes(bytes) => (KeyPath::at(document, bytes.start), Some(bytes)),
        };
        Complaint {
            path: path.to_owned(),
            key: key.to_string(),
            what: conceal(self.what),
            remedy: self.remedy.map(conceal),
            excerpt: bytes.map(|bytes| {
                let excerpt = Excerpt::new(source, bytes);
                match errors.is_empty() {
                    true => excerpt.without(secrets),
                    false => excerpt.without_values().without(secrets),
                }
            }),
        }
    }

    fn new(place: Place, what: impl Into<String>) -> Self {
        Problem {
            place,
            what: what.into(),
            remedy: None,
        }
    }
}

static UNKNOWN: LazyLock<Regex> = LazyLock::new(|| constant("^unknown (field|variant) `([^`]*)`"));
static MISSING: LazyLock<Regex> = LazyLock::new(|| constant("^missing field `([^`]*)`"));
static QUOTED: LazyLock<Regex> = LazyLock::new(|| constant("`([^`]*)`"));
static ABOVE_ZERO: LazyLock<Regex> = LazyLock::new(|| constant(r"expected a nonzero (u\d+|usize)"));
static WHOLE: LazyLock<Regex> = LazyLock::new(|| constant(r"expected (u\d+|usize)"));
static VALUE: LazyLock<Regex> = LazyLock::new(|| constant(r#"(["'])([^"']*)["']"#));

/// What serde says of `[request]` and of `{…}` where a list is expected.
const TABLE_FOR_LIST: &str = "invalid type: map, expected a sequence";

const LIST_REMEDY: &str = "a section that may come several times has two brackets, as `[[request]]`; a value is a list `[…]`";

fn constant(pattern: &str) -> Regex {
    Regex::new(pattern).expect("every pattern here is a constant, and a test uses each")
}

fn missing_remedy(key: &str) -> &'static str {
    match key {
        "api" => "add a section `[api]` with the API's `url`",
        "url" => "add `url = \"http://…\"`",
        "ready" => "add `ready = { tcp = \"127.0.0.1:…\" }`, or ask by `http`, `exec` or `log`",
        _ => "`comeback help configuration` shows every key with an example",
    }
}

/// Replaces the names of Rust's number types.
fn without_jargon(message: &str) -> String {
    let plain = ABOVE_ZERO.replace(message, "expected a whole number above 0");
    let plain = WHOLE.replace(&plain, "expected a whole number");
    plain.replace("expected f64", "expected a number")
}

impl From<toml::de::Error> for Problem {
    /// serde's messages have a fixed form, so the names in them can be extracted.
    fn from(error: toml::de::Error) -> Self {
        let message = error.message();
        let bytes = error.span().unwrap_or_default();
        if let Some(found) = UNKNOWN.captures(message) {
            let noun = if &found[1] == "field" { "key" } else { "value" };
            let known: Vec<&str> = QUOTED
                .captures_iter(message)
                .skip(1)
                .map(|name| name.extract::<1>().1[0])
                .collect();
            return Problem::in_bytes(bytes, format!("unknown {noun} `{}`", &found[2]))
                .did_you_mean(&found[2], &known);
        }
        match MISSING.captures(message) {
            Some(found) => Problem::in_bytes(bytes, format!("the key `{}` is missing", &found[1]))
                .remedy(missing_remedy(&found[1])),
            None if message == TABLE_FOR_LIST => {
                Problem::in_bytes(bytes, "a table, where a list is expected").remedy(LIST_REMEDY)
            }
            None => Problem::in_bytes(bytes, without_jargon(message)),
        }
    }
}

impl Excerpt {
    fn new(source: &str, bytes: Range<usize>) -> Self {
        let start = source.floor_char_boundary(bytes.start);
        let line_start = source[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let text = source[line_start..].lines().next().unwrap_or_default();
        let column = source[line_start..start].chars().count();
        let culprit = source[start..source.floor_char_boundary(bytes.end.max(start))]
            .lines()
            .next();
        Excerpt {
            line: source[..line_start].matches('\n').count() + 1,
            column: column + 1,
            width: culprit.map_or(0, |text| text.chars().count()).max(1),
            text: text.to_owned(),
        }
    }

    /// Replaces each secret by as many stars, so that every character keeps its column.
    fn without(mut self, mut secrets: Vec<Secret>) -> Self {
        for secret in &mut secrets {
            secret.label = "*".repeat(secret.value.chars().count());
        }
        self.text = Redactor::new(&secrets).clean(&self.text).into_owned();
        self
    }

    /// Replaces quoted values in lines with headers or environments. Behind a syntax error the
    /// secrets are not known.
    fn without_values(mut self) -> Self {
        if ["headers", "env"].iter().any(|key| self.text.contains(key)) {
            let stars = |quoted: &regex::Captures<'_>| {
                let stars = "*".repeat(quoted[2].chars().count());
                format!("{0}{stars}{0}", &quoted[1])
            };
            self.text = VALUE.replace_all(&self.text, stars).into_owned();
        }
        self
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(Excerpt { line, column, .. }) = &self.excerpt {
            write!(f, ":{line}:{column}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.what)?;
        if let Some(excerpt) = &self.excerpt {
            let Excerpt {
                line,
                column,
                width,
                text,
            } = excerpt;
            let gutter = line.to_string().len();
            write!(f, "\n{:gutter$} |\n{line} | {text}\n{:gutter$} | ", "", "")?;
            write!(f, "{:indent$}{:^<width$}", "", "", indent = column - 1)?;
        }
        match &self.remedy {
            Some(remedy) => write!(f, "\n  = help: {remedy}"),
            None => Ok(()),
        }
    }
}
