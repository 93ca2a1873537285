//! `[[request]]`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::de::{DeTable, DeValue};

use super::complaint::Problem;
use super::key_path::KeyPath;
use super::{environment, text};
use crate::load::{self, LoadError};
use crate::model::{Expect, Job, RequestKind};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RequestTable {
    name: Option<String>,
    #[serde(default = "default_weight")]
    weight: u32,
    after: Option<String>,
    method: Option<String>,
    path: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    json: Option<serde_json::Value>,
    #[serde(default)]
    expect: Expect,
    job: Option<Job>,
    #[serde(skip)]
    pub(super) label: Label,
}

/// The values that name a request kind, before `${VAR}` is replaced in them.
#[derive(Default)]
pub(super) struct Label {
    name: Option<String>,
    path: Option<String>,
}

/// The labels of all request kinds, from a document in which `${VAR}` is not yet replaced.
pub(super) fn labels(document: &DeTable<'_>) -> Vec<Label> {
    let tables = match document.get("request").map(|requests| requests.get_ref()) {
        Some(DeValue::Array(tables)) => tables.iter(),
        _ => [].iter(),
    };
    let label = |table: &toml::Spanned<DeValue<'_>>| {
        let text = |key| {
            let value = table.get_ref().get(key)?;
            value.get_ref().as_str().map(environment::as_written)
        };
        Label {
            name: text("name"),
            path: text("path"),
        }
    };
    tables.map(label).collect()
}

const MAX_WEIGHT: u32 = 1_000_000;

fn default_weight() -> u32 {
    1
}

/// Checks all request kinds: there is at least one, and no two have the same name.
pub(super) fn check_all(tables: Vec<RequestTable>) -> Result<Vec<RequestKind>, Problem> {
    if tables.is_empty() {
        return Err(Problem::of_file("there is no request to send")
            .remedy("add a section `[[request]]` with at least a `path`"));
    }
    let mut names = BTreeSet::new();
    let mut kinds = Vec::with_capacity(tables.len());
    for (position, table) in tables.into_iter().enumerate() {
        let key = KeyPath::of("request").position(position);
        let kind = table.check(&key)?;
        if !names.insert(kind.name.clone()) {
            let what = format!("an earlier request has the name `{}` too", kind.name);
            return Err(Problem::at(key, what).remedy("give each request its own `name`"));
        }
        kinds.push(kind);
    }
    check_sendable(&kinds)?;
    Ok(kinds)
}

impl RequestTable {
    fn check(self, key: &KeyPath) -> Result<RequestKind, Problem> {
        let default = if self.json.is_some() { "POST" } else { "GET" };
        let method = self.method.unwrap_or(default.to_owned()).to_uppercase();
        check_path(key.key("path"), &self.path)?;
        if let Some(regex) = &self.expect.regex {
            text::pattern(key.key("expect").key("regex"), regex.clone())?;
        }
        if let Some(job) = &self.job {
            check_job(&key.key("job"), job)?;
        }
        let Label { name, path } = self.label;
        let unnamed = || format!("{method} {}", path.as_ref().unwrap_or(&self.path));
        Ok(RequestKind {
            name: name.or(self.name).unwrap_or_else(unnamed),
            weight: text::at_most(key.key("weight"), self.weight, MAX_WEIGHT)?,
            after: self.after,
            method,
            path: self.path,
            headers: self.headers,
            json: self.json,
            expect: self.expect,
            job: self.job,
        })
    }
}

/// Checks what only the load stage knows: methods, headers, JSON pointers, placeholders, and the
/// order of requests that follow each other.
fn check_sendable(kinds: &[RequestKind]) -> Result<(), Problem> {
    load::check(kinds).map_err(|error| {
        let LoadError::Kind {
            kind,
            place,
            message,
        } = error
        else {
            return Problem::of_file(error.to_string());
        };
        let position = kinds.iter().position(|known| known.name == kind);
        let key = KeyPath::of("request").position(position.unwrap_or_default());
        // The last part is a header or a JSON pointer, which may contain dots.
        let parts = if place.starts_with("expect.") { 3 } else { 2 };
        let names = place.splitn(parts, '.');
        let key = names.fold(key, |key, name| key.key(name));
        Problem::at(key, message).remedy(match place.as_str() {
            "after" => "give the `name` of a request that is above this one in the file",
            _ => "`comeback help requests` explains every key and placeholder",
        })
    })
}

fn check_path(key: KeyPath, path: &str) -> Result<(), Problem> {
    if path.starts_with('/') {
        return Ok(());
    }
    let what = format!("the path `{path}` does not begin with a slash");
    Err(Problem::at(key, what).remedy("paths are relative to the API's `url`"))
}

fn check_job(key: &KeyPath, job: &Job) -> Result<(), Problem> {
    check_path(key.key("poll"), &job.poll)?;
    if job.done.is_empty() {
        return Err(
            Problem::at(key.key("done"), "no state means that a job is done")
                .remedy("list the states of success, as in `done = [\"COMPLETED\"]`"),
        );
    }
    let is_final = |state: &&String| job.done.contains(state) || job.failed.contains(state);
    if let Some(state) = job.states.iter().find(is_final) {
        let what = format!("`{state}` is a final state");
        return Err(Problem::at(key.key("states"), what)
            .remedy("list only intermediate states, as in `states = [\"QUEUED\", \"RUNNING\"]`"));
    }
    Ok(())
}
