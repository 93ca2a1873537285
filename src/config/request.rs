//! `[[request]]`.

use std::collections::{BTreeMap, BTreeSet};

use hyper::header::{HeaderName, HeaderValue};
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

/// The texts that name a request kind, as they are written.
#[derive(Default)]
pub(super) struct Label {
    name: Option<String>,
    path: Option<String>,
}

/// What names each request kind of a document in which `${VAR}` is not yet replaced.
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

/// The largest weight of a request kind.
const MOST_WEIGHT: u32 = 1_000_000;

fn default_weight() -> u32 {
    1
}

/// All kinds of request; at least one, and their names differ.
pub(super) fn check_all(tables: Vec<RequestTable>) -> Result<Vec<RequestKind>, Problem> {
    if tables.is_empty() {
        return Err(Problem::of_file("there is no request to send")
            .remedy("add a section `[[request]]` with a `path` at least"));
    }
    let mut names = BTreeSet::new();
    let mut kinds = Vec::with_capacity(tables.len());
    for (position, table) in tables.into_iter().enumerate() {
        let key = KeyPath::of("request").position(position);
        let kind = table.check(&key)?;
        if !names.insert(kind.name.clone()) {
            return Err(Problem::at(
                key,
                format!("an earlier request is called `{}` too", kind.name),
            )
            .remedy("give each of them a `name` of its own"));
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
        if hyper::Method::from_bytes(method.as_bytes()).is_err() {
            return Err(Problem::at(
                key.key("method"),
                format!("`{method}` is no HTTP method"),
            ));
        }
        check_path(key.key("path"), &self.path)?;
        for (name, value) in &self.headers {
            check_header(key.key("headers").key(name), name, value)?;
        }
        check_expect(&key.key("expect"), &self.expect)?;
        if let Some(job) = &self.job {
            check_job(&key.key("job"), job)?;
        }
        Ok(RequestKind {
            name: self.label.name.or(self.name).unwrap_or_else(|| {
                format!(
                    "{method} {}",
                    self.label.path.as_ref().unwrap_or(&self.path)
                )
            }),
            weight: text::at_most(key.key("weight"), self.weight, MOST_WEIGHT)?,
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

/// What only the load can tell: whether every placeholder stands for something, and every request
/// can follow the one that it is to.
fn check_sendable(kinds: &[RequestKind]) -> Result<(), Problem> {
    match load::check(kinds) {
        Ok(()) => Ok(()),
        Err(LoadError::Kind {
            kind,
            place,
            message,
        }) => {
            let position = kinds.iter().position(|known| known.name == kind);
            let key = KeyPath::of("request").position(position.unwrap_or_default());
            // A header or a JSON pointer may have dots in it.
            let parts = if place.starts_with("expect.") { 3 } else { 2 };
            let names = place.splitn(parts, '.');
            let key = names.fold(key, |key, name| key.key(name));
            let remedy = match place.as_str() {
                "after" => "name a request that is written before this one, by its `name`",
                _ => "`comeback help requests` lists what can stand in braces",
            };
            Err(Problem::at(key, message).remedy(remedy))
        }
        Err(other) => Err(Problem::of_file(other.to_string())),
    }
}

fn check_path(key: KeyPath, path: &str) -> Result<(), Problem> {
    if path.starts_with('/') {
        return Ok(());
    }
    Err(Problem::at(
        key,
        format!("the path `{path}` does not begin with a slash"),
    )
    .remedy("paths count from the API's `url`"))
}

/// The message shows no value: it may be a secret.
pub(super) fn check_header(key: KeyPath, name: &str, value: &str) -> Result<(), Problem> {
    if HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Err(Problem::at(
            key,
            format!("`{name}` is no name for a header"),
        ));
    }
    if HeaderValue::from_str(value).is_err() {
        return Err(
            Problem::at(key, "its value holds characters that no header may have")
                .remedy("often it is a line break at the end of an environment variable"),
        );
    }
    Ok(())
}

fn check_expect(key: &KeyPath, expect: &Expect) -> Result<(), Problem> {
    for pointer in expect.json.keys() {
        text::pointer(key.key("json").key(pointer), pointer)?;
    }
    for (name, value) in &expect.headers {
        check_header(key.key("headers").key(name), name, value)?;
    }
    if let Some(regex) = &expect.regex {
        text::pattern(key.key("regex"), regex.clone())?;
    }
    match &expect.echo {
        Some(echo) => text::pointer(key.key("echo"), echo),
        None => Ok(()),
    }
}

fn check_job(key: &KeyPath, job: &Job) -> Result<(), Problem> {
    text::pointer(key.key("id"), &job.id)?;
    text::pointer(key.key("state"), &job.state)?;
    if let Some(message) = &job.message {
        text::pointer(key.key("message"), message)?;
    }
    check_path(key.key("poll"), &job.poll)?;
    if !job.poll.contains("{id}") {
        let what = format!("`{}` has no place for the job's id", job.poll);
        return Err(Problem::at(key.key("poll"), what)
            .remedy("write `{id}` where it belongs, as in `/response/{id}`"));
    }
    if job.done.is_empty() {
        return Err(
            Problem::at(key.key("done"), "no state means that a job is done")
                .remedy("list the states of success, as in `done = [\"COMPLETED\"]`"),
        );
    }
    let ends = |state: &&String| job.done.contains(state) || job.failed.contains(state);
    if let Some(state) = job.states.iter().find(ends) {
        let what = format!("a job that is `{state}` has ended");
        return Err(Problem::at(key.key("states"), what)
            .remedy("list only states on the way, as in `states = [\"QUEUED\", \"RUNNING\"]`"));
    }
    Ok(())
}
