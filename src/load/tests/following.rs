//! Tests: requests that follow earlier ones.

use std::sync::{Arc, Mutex};

use serde_json::json;

use super::answers::{expecting, kind, mismatches, send};
use super::scripted::{Reply, Rig, job_kind, rig_of};
use crate::load::{Caps, HttpRequest};
use crate::model::RequestKind;
use crate::trace::EventKind;

/// `create` gets an id from the API, `read` reads it, and `deep` follows `read`.
fn kinds() -> Vec<RequestKind> {
    let mut create = kind("create", "/orders/{pick:book|pen}");
    create.expect.status = Some(201);
    let read = expecting(
        kind("read", "/order/{after./id}"),
        "/token",
        json!("{after.token}"),
    );
    let mut read = expecting(read, "/item", json!("{after.pick}"));
    read.after = Some("create".to_owned());
    let mut deep = kind("deep", "/deep/{after.n}");
    deep.after = Some("read".to_owned());
    vec![create, read, deep]
}

/// An API of orders. The script gets each request and the number of earlier ones.
fn shop(script: impl Fn(&HttpRequest, usize) -> Option<Reply> + Send + Sync + 'static) -> Rig {
    let orders = Mutex::new(Vec::new());
    rig_of(&kinds(), Caps::default(), move |request, before| {
        if let Some(reply) = script(request, before) {
            return reply;
        }
        let (place, what) = request.path[1..].split_once('/').unwrap();
        let mut orders = orders.lock().unwrap();
        match place {
            "orders" => {
                let id = format!("a b/{}", orders.len());
                orders.push(json!({"id": id, "item": what, "token": format!("t-{before:08}")}));
                Reply::now(201, &json!({"id": id}).to_string())
            }
            "order" => match orders.iter().find(|order| {
                what == order["id"]
                    .as_str()
                    .unwrap()
                    .replace(' ', "%20")
                    .replace('/', "%2F")
            }) {
                Some(order) => Reply::now(200, &order.to_string()),
                None => Reply::now(404, "no such order"),
            },
            _ => Reply::now(200, "{}"),
        }
    })
}

/// The sent requests: their kinds, and the requests that they followed.
fn sent(rig: &Rig) -> Vec<(String, Option<u64>)> {
    let history = rig.recorder.history();
    let sent = |event: crate::trace::Event| match event.kind {
        EventKind::Sent { kind, after, .. } => Some((kind, after)),
        _ => None,
    };
    history.into_iter().filter_map(sent).collect()
}

fn all_is_well(rig: &Rig) -> bool {
    let story = rig.story();
    let ends = story.iter().filter(|line| line.contains(" ended "));
    mismatches(rig).is_empty()
        && ends.clone().count() == ends.filter(|line| line.contains(" ok ")).count()
}

#[tokio::test(start_paused = true)]
async fn what_was_written_is_read_back() {
    let rig = shop(|_, _| None);
    send(
        &rig,
        &["create", "read", "create", "deep", "read", "read", "deep"],
    )
    .await;
    assert!(all_is_well(&rig), "{:?}", rig.story());
    let sent = sent(&rig);
    let kinds: Vec<_> = sent.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(
        kinds,
        ["create", "read", "create", "deep", "read", "read", "deep"]
    );
    for (kind, after) in &sent {
        let followed = after.map(|number| sent[number as usize].0.as_str());
        let expected = match kind.as_str() {
            "read" => Some("create"),
            "deep" => Some("read"),
            _ => None,
        };
        assert_eq!(followed, expected, "{sent:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_can_follow_nothing_yet_is_preceded_by_what_it_needs() {
    // The first two attempts to create something fail.
    let rig = shop(|_, before| (before < 2).then(|| Reply::now(503, "not yet")));
    send(&rig, &["read", "deep", "deep", "deep", "deep"]).await;
    let sent = sent(&rig);
    let told: Vec<_> = sent
        .iter()
        .map(|(kind, after)| (kind.as_str(), *after))
        .collect();
    let expected = [
        ("create", None),
        ("create", None),
        ("create", None),
        ("read", Some(2)),
        ("deep", Some(3)),
    ];
    assert_eq!(told, expected);
}

#[tokio::test(start_paused = true)]
async fn which_one_is_followed_depends_on_the_seed_and_every_one_may_be() {
    let followed = async || {
        let rig = shop(|_, _| None);
        send(&rig, &["create"; 4]).await;
        send(&rig, &["read"; 40]).await;
        assert!(all_is_well(&rig));
        sent(&rig)
            .into_iter()
            .filter_map(|(_, after)| after)
            .collect::<Vec<_>>()
    };
    let first = followed().await;
    assert_eq!(first, followed().await);
    for number in 0..4 {
        assert!(first.contains(&number), "{first:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_outage_took_is_not_found_and_what_another_wrote_is_crossed() {
    let rig = shop(|request, _| {
        let lost = request.path.starts_with("/order/a%20b%2F0");
        lost.then(|| Reply::now(200, r#"{"token":"t-00000001","item":"book"}"#))
    });
    send(&rig, &["create", "create"]).await;
    send(&rig, &["read"; 20]).await;
    let sent = sent(&rig);
    let found = mismatches(&rig);
    // Every read of the second order but the first finds an earlier request that asked for its
    // token.
    let asked_before = |read: u64| sent[..read as usize].contains(&("read".to_owned(), Some(1)));
    assert!(found.len() > 3, "{found:?}");
    for (read, mismatch) in &found {
        assert_eq!(sent[*read as usize].1, Some(0));
        assert_eq!(
            mismatch.asked_by.is_some(),
            asked_before(*read),
            "{found:?}"
        );
    }
    let rig = shop(|request, _| {
        request
            .path
            .starts_with("/order/")
            .then(|| Reply::now(404, "gone"))
    });
    send(&rig, &["create", "read"]).await;
    let end = r#"0 ended 1 Submit failed 404 - "gone" 0 -"#;
    assert_eq!(rig.story().last().unwrap(), end);
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_what_others_need_of_it_is_not_what_is_expected() {
    let rig = shop(|_, before| (before == 0).then(|| Reply::now(201, r#"{"id":null}"#)));
    send(&rig, &["create", "read"]).await;
    let found = &mismatches(&rig)[&0];
    assert_eq!(
        found.to_string(),
        "`null` at /id, where `a string or number` is expected"
    );
    assert_eq!(sent(&rig)[1], ("create".to_owned(), None));
}

#[tokio::test(start_paused = true)]
async fn a_job_is_followed_once_it_is_done() {
    let mut read = kind("read", "/read/{after./id}");
    read.after = Some("job".to_owned());
    let polls = Arc::new(Mutex::new(vec!["D", "F"]));
    let rig = rig_of(&[job_kind(), read], Caps::default(), move |request, _| {
        let state = || polls.lock().unwrap().pop().unwrap();
        match request.path.as_str() {
            "/request" => Reply::now(202, r#"{"id":7}"#),
            "/response/7" => Reply::now(200, &json!({"state": state()}).to_string()),
            path => {
                assert_eq!(path, "/read/7");
                Reply::now(200, "")
            }
        }
    });
    send(&rig, &["job", "read", "read"]).await;
    let told = [("job", None), ("job", None), ("read", Some(1))];
    assert_eq!(
        sent(&rig),
        told.map(|(kind, after)| (kind.to_owned(), after))
    );
}

#[test]
fn only_what_is_there_can_be_followed_and_referred_to() {
    type Spoil = fn(&mut Vec<RequestKind>);
    let spoilers: [(&str, Spoil, &str); 5] = [
        ("`read`, after: ", |kinds| drop(kinds.remove(0)), "`create`"),
        ("`read`, after: ", |kinds| kinds.swap(0, 1), "`create`"),
        (
            "`read`, path: ",
            |kinds| kinds[1].after = None,
            "`{after./id}`",
        ),
        (
            "`create`, path: ",
            |kinds| kinds[0].path = "/{after.token}".to_owned(),
            "`{after.token}`",
        ),
        (
            "`read`, expect.json./item: ",
            |kinds| kinds[0].path = "/orders".to_owned(),
            "`{after.pick}`",
        ),
    ];
    crate::load::check(&kinds()).unwrap();
    for (place, spoil, named) in spoilers {
        let mut kinds = kinds();
        spoil(&mut kinds);
        let error = crate::load::check(&kinds).unwrap_err().to_string();
        assert!(error.contains(place) && error.contains(named), "{error}");
    }
}
