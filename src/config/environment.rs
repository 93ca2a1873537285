//! `${VAR}` and `${port:NAME}` in values.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::complaint::Problem;
use super::secrets;
use crate::redact::{Redactor, Secret};

/// The prefix of `${port:NAME}`, which stands for a free port of this machine. Each use of a name
/// gives the same port.
pub const PORT: &str = "port:";

/// The keys that hold patterns for log lines. Traces contain these patterns, and they are matched
/// against redacted lines.
const PATTERNS: [(&str, Option<&str>); 2] = [("log", None), ("generator", Some("log-anchors"))];

/// Replaces `${VAR}` in every string of a document, and remembers the value of each variable. `$${`
/// stands for a literal `${`.
///
/// In a pattern for log lines, `${VAR}` becomes the escaped text that a trace shows instead of the
/// value, `\$\{VAR\}`. So the pattern matches the same lines live and in a saved trace.
///
/// # Errors
/// When a variable is not set, or a `${` is not closed.
pub(super) fn expand(
    document: &mut DeTable<'_>,
    environment: &dyn Fn(&str) -> Option<String>,
    variables: &mut BTreeMap<String, String>,
) -> Result<(), Problem> {
    let mut written = document.clone();
    let mut expansion = Expansion {
        environment,
        variables,
        shown: &str::to_owned,
    };
    expansion.table(document)?;
    let secrets: Vec<Secret> = secrets::of_variables(expansion.variables).collect();
    let redactor = Redactor::new(&secrets);
    let shown = |value: &str| regex::escape(&redactor.clean(value));
    expansion.shown = &shown;
    for place in PATTERNS {
        if let (Some(written), Some(patterns)) = (at(&mut written, place), at(document, place)) {
            expansion.value(written)?;
            patterns.clone_from(written);
        }
    }
    Ok(())
}

/// The value of a key in a section, or the section itself.
fn at<'t, 'd>(
    document: &'t mut DeTable<'d>,
    (section, key): (&str, Option<&str>),
) -> Option<&'t mut Spanned<DeValue<'d>>> {
    let section = document.get_mut(section)?;
    let Some(key) = key else {
        return Some(section);
    };
    match section.get_mut() {
        DeValue::Table(table) => table.get_mut(key),
        _ => None,
    }
}

/// A string without replacements, except that `$${` becomes `${`.
pub(super) fn as_written(text: &str) -> String {
    text.replace("$${", "${")
}

struct Expansion<'a> {
    environment: &'a dyn Fn(&str) -> Option<String>,
    variables: &'a mut BTreeMap<String, String>,
    /// Maps a variable's value to its replacement.
    shown: &'a dyn Fn(&str) -> String,
}

impl Expansion<'_> {
    fn table(&mut self, table: &mut DeTable<'_>) -> Result<(), Problem> {
        let mut values = table.iter_mut().map(|(_, value)| value);
        values.try_for_each(|value| self.value(value))
    }

    fn value(&mut self, value: &mut Spanned<DeValue<'_>>) -> Result<(), Problem> {
        let span = value.span();
        match value.get_mut() {
            DeValue::String(text) if text.contains("${") => {
                *text = self.text(text, span)?.into();
                Ok(())
            }
            DeValue::Array(elements) => elements
                .iter_mut()
                .try_for_each(|element| self.value(element)),
            DeValue::Table(table) => self.table(table),
            _ => Ok(()),
        }
    }

    fn text(&mut self, text: &str, span: Range<usize>) -> Result<String, Problem> {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let before = &rest[..start];
            rest = &rest[start + 2..];
            if let Some(before) = before.strip_suffix('$') {
                expanded.push_str(before);
                expanded.push_str("${");
                continue;
            }
            expanded.push_str(before);
            let Some((name, after)) = rest.split_once('}') else {
                return Err(Problem::in_bytes(span, "a `${` is never closed").remedy(
                    "write `${VAR}` for an environment variable, or `$${` for the two characters",
                ));
            };
            let Some(value) = (self.environment)(name) else {
                return Err(unset(name, span));
            };
            expanded.push_str(&(self.shown)(&value));
            // A port is not a secret, and traces should show it.
            if !name.starts_with(PORT) {
                self.variables.insert(name.to_owned(), value);
            }
            rest = after;
        }
        expanded.push_str(rest);
        Ok(expanded)
    }
}

fn unset(name: &str, span: Range<usize>) -> Problem {
    if name.starts_with(PORT) {
        return Problem::in_bytes(span, format!("there is no free port for `{name}`"))
            .remedy("stop a program that listens on 127.0.0.1");
    }
    let what = format!("the environment variable `{name}` is not set");
    Problem::in_bytes(span, what).remedy(format!(
        "set it, as in `{name}=… comeback run`, or write `$${{` if no variable is meant"
    ))
}
