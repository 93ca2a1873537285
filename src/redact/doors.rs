//! The secrets of this process, and the functions that texts pass before they are output.
//!
//! The secrets are global, because any error, panic or library message may contain one, and none of
//! them has access to the configuration.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::{PoisonError, RwLock};

use serde::Serialize;
use serde_json::Value;

use super::visible::visible_json;
use super::{Redactor, Secret, visible};
use crate::whole_file::WholeFile;

static KNOWN: RwLock<Known> = RwLock::new(Known {
    secrets: Vec::new(),
    redactors: None,
});

struct Known {
    secrets: Vec<Secret>,
    redactors: Option<Redactors>,
}

/// Redactors for all secrets, and for the distinctive ones.
struct Redactors {
    all: Redactor,
    distinctive: Redactor,
}

/// Adds secrets that must not be output from now on. Returns the new ones that cannot be redacted
/// because they are [too short](super::SHORTEST).
pub fn know(secrets: &[Secret]) -> Vec<Secret> {
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    let new = secrets
        .iter()
        .filter(|secret| !known.secrets.contains(secret));
    let new: Vec<Secret> = new.cloned().collect();
    known.secrets.extend(new.iter().cloned());
    let all = &known.secrets;
    known.redactors = (!all.is_empty()).then(|| Redactors {
        all: Redactor::new(all),
        distinctive: Redactor::new(all.iter().filter(|secret| secret.is_distinctive())),
    });
    let short = new.into_iter().filter(Secret::is_short);
    short.collect()
}

/// Removes all secrets from a text that comeback did not write itself, such as an error.
pub fn foreign(text: &str) -> String {
    with(|redactors| redactors.all.clean(text).into_owned()).unwrap_or_else(|| text.to_owned())
}

/// Removes distinctive secrets from a text that comeback wrote itself.
pub fn own(text: &str) -> Cow<'_, str> {
    with(|redactors| redactors.distinctive.clean(text)).unwrap_or(Cow::Borrowed(text))
}

/// Serializes a value as JSON on one line, without distinctive secrets and terminal control
/// characters.
///
/// # Errors
/// As [`serde_json::to_string`].
pub fn to_json(value: &impl Serialize) -> serde_json::Result<String> {
    let document = match clean(value)? {
        Some(clean) => serde_json::to_string(&clean),
        None => serde_json::to_string(value),
    };
    document.map(visible_json)
}

/// As [`to_json`], but indented.
///
/// # Errors
/// As [`serde_json::to_string_pretty`].
pub fn to_json_pretty(value: &impl Serialize) -> serde_json::Result<String> {
    let document = match clean(value)? {
        Some(clean) => serde_json::to_string_pretty(&clean),
        None => serde_json::to_string_pretty(value),
    };
    document.map(visible_json)
}

/// The value without distinctive secrets; `None` if there are no secrets at all.
fn clean(value: &impl Serialize) -> serde_json::Result<Option<Value>> {
    if with(|_| ()).is_none() {
        return Ok(None);
    }
    let mut value = serde_json::to_value(value)?;
    clean_texts(&mut value);
    Ok(Some(value))
}

fn clean_texts(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Cow::Owned(clean) = own(text) {
                *text = clean;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(clean_texts),
        Value::Object(fields) => fields.values_mut().for_each(clean_texts),
        _ => {}
    }
}

fn with<T>(ask: impl FnOnce(&Redactors) -> T) -> Option<T> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    known.redactors.as_ref().map(ask)
}

/// Writes texts without distinctive secrets and terminal control characters. Write each text in one
/// call: a secret in two pieces is not found.
pub struct Clean<W>(pub W);

impl<W: Write> Write for Clean<W> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let clean = String::from_utf8_lossy(text);
        self.0.write_all(visible(&own(&clean)).as_bytes())?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Creates or replaces a file, through [`Clean`]. If that fails, what was there before is still
/// there, and no part of the new file is.
///
/// # Errors
/// When the file cannot be written.
pub fn write_file(
    path: &Path,
    content: impl FnOnce(&mut Clean<BufWriter<File>>) -> io::Result<()>,
) -> io::Result<()> {
    // What is no file, such as a pipe, or lies in a folder in which none can be made, is written in
    // place.
    let is_file = !path.exists() || path.is_file();
    match is_file.then(|| WholeFile::begin(path)) {
        Some(Ok(whole)) => {
            fill(whole.file()?, content)?;
            whole.finish()
        }
        _ => fill(File::create(path)?, content),
    }
}

/// As [`write_file`], with an indented JSON document.
///
/// # Errors
/// When the file cannot be written.
pub fn write_json(path: &Path, document: &impl Serialize) -> io::Result<()> {
    let text = to_json_pretty(document)?;
    write_file(path, |out| writeln!(out, "{text}"))
}

fn fill(
    file: File,
    content: impl FnOnce(&mut Clean<BufWriter<File>>) -> io::Result<()>,
) -> io::Result<()> {
    let mut out = Clean(BufWriter::new(file));
    content(&mut out)?;
    out.flush()
}
