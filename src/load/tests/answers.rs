//! Tests: what a response must be.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::scripted::{Reply, Rig, plain_kind, rig_of};
use crate::load::{Caps, HttpRequest};
use crate::model::{Expect, RequestKind};
use crate::trace::{EventKind, Mismatch, Origin};

/// A `GET` of a path that expects only a 2xx status.
pub fn kind(name: &str, path: &str) -> RequestKind {
    RequestKind {
        name: name.to_owned(),
        method: "GET".to_owned(),
        path: path.to_owned(),
        json: None,
        expect: Expect::default(),
        ..plain_kind()
    }
}

pub fn expecting(kind: RequestKind, pointer: &str, value: Value) -> RequestKind {
    let mut kind = kind;
    kind.expect.json.insert(pointer.to_owned(), value);
    kind
}

pub async fn send(rig: &Rig, kinds: &[&str]) {
    for kind in kinds {
        let (origin, kind) = (Origin::Probe, (*kind).to_owned());
        rig.client.request(&origin, &kind, Instant::now()).await;
    }
}

pub fn mismatches(rig: &Rig) -> BTreeMap<u64, Mismatch> {
    let history = rig.recorder.history();
    let mismatch = |event: crate::trace::Event| match event.kind {
        EventKind::Mismatched { request, mismatch } => Some((request, mismatch)),
        _ => None,
    };
    history.into_iter().filter_map(mismatch).collect()
}

fn oks(rig: &Rig) -> usize {
    let story = rig.story();
    story.iter().filter(|line| line.contains(" ok ")).count()
}

/// The last segment of a request's path.
pub fn asked(request: &HttpRequest) -> &str {
    request.path.rsplit('/').next().unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_answer_has_to_be_all_that_is_expected() {
    type Expects = fn(&mut Expect);
    let json = r#"{"a":[1,{"b":null}],"s":"x"}"#;
    let metrics = "# HELP redis_up\nredis_up 0\n";
    let cases: [(&str, u16, &str, Expects, Option<&str>); 19] = [
        ("any 2xx", 204, "", |_| {}, None),
        ("a redirect", 302, "", |_| {}, Some("")),
        ("its status", 201, "", |e| e.status = Some(201), None),
        ("another", 200, "", |e| e.status = Some(201), Some("")),
        ("values", 200, json, |e| at(e, "/a/0", json!(1)), None),
        (
            "a tree",
            200,
            json,
            |e| at(e, "/a/1", json!({"b": null})),
            None,
        ),
        (
            "another value",
            200,
            json,
            |e| at(e, "/a/0", json!(2)),
            Some("`1` at /a/0, where `2` is expected"),
        ),
        (
            "no value",
            200,
            json,
            |e| at(e, "/t", json!("x")),
            Some("nothing at /t, where `x` is expected"),
        ),
        (
            "a text is no number",
            200,
            r#"{"a":"1"}"#,
            |e| at(e, "/a", json!(1)),
            Some("`1` at /a, where `1` is expected"),
        ),
        (
            "no JSON",
            200,
            "fine",
            |e| at(e, "", json!({})),
            Some("nothing at the top, where `{}` is expected"),
        ),
        ("a text", 200, metrics, |e| text(e, "redis_up 0\n"), None),
        (
            "not this text",
            200,
            metrics,
            |e| text(e, "redis_up 1"),
            Some("`# HELP redis_up\\nredis_up 0`, which does not contain `redis_up 1`"),
        ),
        (
            "a pattern",
            200,
            metrics,
            |e| regex(e, "(?m)^redis_up [01]$"),
            None,
        ),
        (
            "not this pattern",
            200,
            metrics,
            |e| regex(e, "^redis_up"),
            Some("`# HELP redis_up\\nredis_up 0`, which `^redis_up` does not match"),
        ),
        (
            "nobody there",
            200,
            "",
            |e| text(e, "x"),
            Some("an empty body where `x` is expected"),
        ),
        ("a header", 200, "", |e| header(e, "X-Mood", "fine"), None),
        (
            "with what it adds",
            200,
            "",
            |e| header(e, "x-mood", "fine; and=dandy"),
            None,
        ),
        (
            "another header",
            200,
            "",
            |e| header(e, "x-mood", "fin"),
            Some("`fine; and=dandy` at header x-mood, where `fin` is expected"),
        ),
        (
            "no such header",
            200,
            "",
            |e| header(e, "x-none", "x"),
            Some("nothing at header x-none, where `x` is expected"),
        ),
    ];
    for (name, status, body, expects, wrong) in cases {
        let mut plain = kind("plain", "/");
        expects(&mut plain.expect);
        let rig = rig_of(&[plain], Caps::default(), move |_, _| {
            Reply::now(status, body)
        });
        send(&rig, &["plain"]).await;
        assert_eq!(oks(&rig) == 1, wrong.is_none(), "{name}");
        let found = mismatches(&rig).remove(&0).map(|m| m.to_string());
        let wrong = wrong.filter(|words| !words.is_empty());
        assert_eq!(found.as_deref(), wrong, "{name}");
    }
}

fn at(expect: &mut Expect, pointer: &str, value: Value) {
    expect.json.insert(pointer.to_owned(), value);
}

fn text(expect: &mut Expect, text: &str) {
    expect.text = Some(text.to_owned());
}

fn regex(expect: &mut Expect, regex: &str) {
    expect.regex = Some(regex.to_owned());
}

fn header(expect: &mut Expect, name: &str, value: &str) {
    expect.headers.insert(name.to_owned(), value.to_owned());
}

#[tokio::test(start_paused = true)]
async fn of_a_body_that_was_cut_only_what_is_sure_is_used() {
    for (expects, sure) in [
        (
            Expect {
                text: Some("fi".to_owned()),
                ..Expect::default()
            },
            true,
        ),
        (
            Expect {
                text: Some("fire".to_owned()),
                ..Expect::default()
            },
            false,
        ),
        (
            Expect {
                regex: Some("^fi$".to_owned()),
                ..Expect::default()
            },
            false,
        ),
        (
            Expect {
                json: [(String::new(), json!(1))].into(),
                ..Expect::default()
            },
            false,
        ),
        (
            Expect {
                status: Some(404),
                text: Some("fire".to_owned()),
                ..Expect::default()
            },
            true,
        ),
    ] {
        let mut plain = kind("plain", "/");
        plain.expect = expects;
        let rig = rig_of(&[plain], Caps::default(), |_, _| {
            Reply::Cut(200, "fi".to_owned())
        });
        send(&rig, &["plain"]).await;
        let story = rig.story();
        let trouble = story
            .iter()
            .any(|line| line.ends_with("raise `[api] max-body`"));
        assert_eq!(trouble, !sure, "{story:?}");
        assert!(mismatches(&rig).is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_drawn_is_expected_back_whatever_its_type() {
    let mut kinds = vec![
        expecting(kind("word", "/{pick:alice|bob}"), "/it", json!("{pick}")),
        expecting(kind("number", "/{pick:7|8}"), "/it", json!("{pick}")),
        expecting(
            kind("second", "/{pick:7|8}/{pick:x|y}"),
            "/it",
            json!("{pick.2}"),
        ),
        expecting(
            kind("tree", "/{token}"),
            "/all",
            json!({"it": "{token}", "n": ["{n}"]}),
        ),
    ];
    kinds[0].expect.text = Some("\"{pick}\"".to_owned());
    let rig = rig_of(&kinds, Caps::default(), |request, before| {
        let it = asked(request);
        let it: Value = serde_json::from_str(it).unwrap_or(json!(it));
        Reply::now(
            200,
            &json!({"it": it, "all": {"it": it, "n": [before.to_string()]}}).to_string(),
        )
    });
    let sent = ["word", "number", "second", "tree"].repeat(8);
    send(&rig, &sent).await;
    assert_eq!(mismatches(&rig), BTreeMap::new());
    assert_eq!(oks(&rig), sent.len());
}

#[tokio::test(start_paused = true)]
async fn what_is_quoted_is_no_longer_than_other_texts_from_answers() {
    let plain = expecting(kind("plain", "/"), "/a", json!("é".repeat(1_000)));
    let rig = rig_of(&[plain], Caps::default(), |_, _| {
        Reply::now(200, &json!({"a": "ü".repeat(1_000)}).to_string())
    });
    send(&rig, &["plain"]).await;
    let found = &mismatches(&rig)[&0];
    assert_eq!(found.expected, "é".repeat(256));
    assert_eq!(found.got.as_deref(), Some(&*"ü".repeat(256)));
}
