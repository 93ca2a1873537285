//! A kind of request: what is sent, and what answer counts as success.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The name of a request kind.
pub type KindName = String;

/// A kind of request: a template, and what answer is expected.
///
/// Texts may hold placeholders: `{token}` (unique per request), `{n}` (the request's number),
/// `{pick:a|b|c}` (one of the alternatives, drawn from the plan's seed) and `{pick}` (what was
/// drawn, once more). Where the request follows another one, `{after.token}`, `{after.n}`,
/// `{after.pick}` and `{after./id}` (what that one's answer has at a JSON pointer) are that one's.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestKind {
    /// Its name: `name` in the configuration, or made from method and path.
    pub name: KindName,
    /// How often it is drawn relative to the others.
    pub weight: u32,
    /// The kind that it follows: a request is sent only once one of that kind has succeeded in the
    /// trial, and can refer to it. Before, one of that kind is sent in its place.
    pub after: Option<KindName>,
    /// The HTTP method, in capitals.
    pub method: String,
    /// The path below the API's URL, with placeholders.
    pub path: String,
    /// Headers; their values are secrets and are never written anywhere.
    pub headers: BTreeMap<String, String>,
    /// The JSON body, with placeholders in its strings.
    pub json: Option<serde_json::Value>,
    /// What makes an answer a success.
    pub expect: Expect,
    /// Present if the answer only accepts a job that has to be polled.
    pub job: Option<Job>,
}

/// What makes an answer a success.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// The one status that counts; without it any 2xx does.
    pub status: Option<u16>,
    /// JSON pointers into the answer's body and the value each must have, with placeholders in its
    /// strings.
    pub json: BTreeMap<String, serde_json::Value>,
    /// Headers and the value each must have, with placeholders. A value without parameters is also
    /// met by one that has some, as `text/html; charset=utf-8`.
    pub headers: BTreeMap<String, String>,
    /// A text that the body must contain, with placeholders.
    pub text: Option<String>,
    /// A regular expression that must match somewhere in the body. It has no placeholders.
    pub regex: Option<String>,
    /// A JSON pointer to where the API echoes the request's token. For a job it is looked up in the
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
    /// States on the way to these, in the order in which a job passes through them: faults strike
    /// while a job is in one of them.
    #[serde(default)]
    pub states: Vec<String>,
    /// JSON pointer to the error's text in a poll's answer; without it the whole body is the
    /// message.
    #[serde(default)]
    pub message: Option<String>,
}
