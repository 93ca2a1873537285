//! A kind of request: what is sent, and which answer counts as success.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The name of a request kind.
pub type KindName = String;

/// A kind of request: a template, and the expected answer.
///
/// Texts may contain placeholders: `{token}` (unique per request), `{n}` (the request's number),
/// `{pick:a|b|c}` (one of the alternatives, drawn from the plan's seed) and `{pick}` (the same
/// alternative again). If the request follows another one, `{after.token}`, `{after.n}` and
/// `{after.pick}` are the values of that one, and `{after./id}` is what its answer has at the JSON
/// pointer `/id`.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestKind {
    /// Its name: `name` in the configuration, or made from method and path.
    pub name: KindName,
    /// How often it is drawn relative to the others.
    pub weight: u32,
    /// The kind that it follows and can refer to. Until a request of that kind has succeeded in the
    /// trial, one of that kind is sent instead.
    pub after: Option<KindName>,
    /// The HTTP method, in capitals.
    pub method: String,
    /// The path below the API's URL, with placeholders.
    pub path: String,
    /// Headers. Their values are secrets, and never written anywhere.
    pub headers: BTreeMap<String, String>,
    /// The JSON body, with placeholders in its strings.
    pub json: Option<serde_json::Value>,
    /// What makes an answer a success.
    pub expect: Expect,
    /// Set if the answer only accepts a job, which must be polled.
    pub job: Option<Job>,
}

/// What makes an answer a success.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// The required status; if unset, any 2xx.
    pub status: Option<u16>,
    /// JSON pointers into the body, each with its required value. Strings may have placeholders.
    pub json: BTreeMap<String, serde_json::Value>,
    /// Headers, each with its required value, which may have placeholders. A value without
    /// parameters also matches one with parameters, such as `text/html; charset=utf-8`.
    pub headers: BTreeMap<String, String>,
    /// A text that the body must contain. It may have placeholders.
    pub text: Option<String>,
    /// A regular expression that must match somewhere in the body. It has no placeholders.
    pub regex: Option<String>,
    /// A JSON pointer to where the API echoes the request's token. For a job, it points into the
    /// poll that shows success.
    pub echo: Option<String>,
}

/// How an accepted job is followed to its end.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// JSON pointer to the job's id in the accepting answer.
    pub id: String,
    /// The path to poll, with `{id}` in it.
    pub poll: String,
    /// JSON pointer to the job's state in a poll's answer.
    pub state: String,
    /// States that mean success.
    pub done: Vec<String>,
    /// States that mean failure.
    pub failed: Vec<String>,
    /// The states before these, in order. Faults are timed to strike while a job is in one of them.
    #[serde(default)]
    pub states: Vec<String>,
    /// JSON pointer to the error message in a poll's answer; if unset, the whole body is the
    /// message.
    #[serde(default)]
    pub message: Option<String>,
}
