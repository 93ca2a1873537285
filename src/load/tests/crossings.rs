//! Tests of crossed responses.

use proptest::prelude::*;
use serde_json::json;

use super::answers::{asked, expecting, kind, mismatches, send};
use super::scripted::{Reply, rig_of};
use crate::load::Caps;
use crate::trace::Mismatch;

#[tokio::test(start_paused = true)]
async fn the_answer_of_another_request_is_told_with_whose_it_is() {
    let profile = |name: &str| {
        expecting(
            kind(name, &format!("/profiles/{name}")),
            "/name",
            json!(name),
        )
    };
    let kinds = [profile("alice"), profile("bob"), profile("carol")];
    // The fourth request gets the response to the second.
    let rig = rig_of(&kinds, Caps::default(), |request, before| {
        let name = if before == 3 { "bob" } else { asked(request) };
        Reply::now(200, &json!({"name": name}).to_string())
    });
    send(&rig, &["alice", "bob", "alice", "carol"]).await;
    let crossed = Mismatch {
        place: "/name".to_owned(),
        expected: "carol".to_owned(),
        got: Some("bob".to_owned()),
        asked_by: Some(1),
    };
    assert_eq!(mismatches(&rig), [(3, crossed)].into());
    let story = rig.story();
    assert_eq!(
        story[story.len() - 2..],
        [
            "0 mismatched 3 `bob` at /name, where `carol` is expected, as of 1",
            r#"0 ended 3 Submit failed 200 - "{\"name\":\"bob\"}" 0 -"#
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_wrong_answer_belongs_to_nobody_who_did_not_ask_for_it() {
    // A value common to all responses identifies no request, and nobody asked for `dave`.
    let state = |name: &str, state: &str| {
        expecting(kind(name, &format!("/{name}")), "/state", json!(state))
    };
    let kinds = [
        state("write", "accepted"),
        state("read", "done"),
        expecting(kind("who", "/{pick:alice|bob}"), "/name", json!("{pick}")),
        expecting(
            kind("other", "/{pick:alice|bob}"),
            "/friend",
            json!("{pick}"),
        ),
    ];
    let rig = rig_of(&kinds, Caps::default(), |_, _| {
        Reply::now(200, r#"{"state":"accepted","name":"dave","friend":"dave"}"#)
    });
    send(&rig, &["write", "read", "who", "other"]).await;
    let wrong: Vec<_> = mismatches(&rig).into_values().collect();
    assert_eq!(wrong.len(), 3);
    assert!(wrong.iter().all(|m| m.asked_by.is_none()), "{wrong:?}");
    assert_eq!(wrong[1].got.as_deref(), Some("dave"));
}

#[tokio::test(start_paused = true)]
async fn what_one_asked_for_and_another_only_has_in_common_with_others_is_not_crossed() {
    let common = expecting(kind("common", "/me"), "/name", json!("carol"));
    let kinds = [
        expecting(kind("own", "/{pick:alice}"), "/name", json!("{pick}")),
        expecting(common, "/id", json!("{n}")),
        expecting(kind("empty", "/{pick:}"), "/name", json!("{pick}")),
    ];
    // Each request gets what the other kind expects; the last one gets a value that nobody asked
    // for.
    let rig = rig_of(&kinds, Caps::default(), |request, before| {
        let name = match (before, asked(request)) {
            (4.., _) => "",
            (_, "me") => "alice",
            _ => "carol",
        };
        Reply::now(200, &json!({"name": name, "id": before}).to_string())
    });
    send(&rig, &["empty", "own", "common", "own", "own"]).await;
    let found = mismatches(&rig);
    assert_eq!(found.len(), 5);
    assert!(found.values().all(|m| m.asked_by.is_none()), "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn a_foreign_token_in_a_text_is_a_crossed_answer_and_a_short_word_is_not() {
    let mut kinds = [kind("token", "/{token}"), kind("word", "/{pick:1|2}")];
    kinds[0].expect.text = Some("hello {token}!".to_owned());
    kinds[1].expect.text = Some("hello {pick}!".to_owned());
    let rig = rig_of(&kinds, Caps::default(), |_, before| {
        let all = "hello t-00000000! hello 1! hello 2!";
        Reply::now(200, if before < 3 { all } else { "hello nobody!" })
    });
    send(&rig, &["token", "word", "token", "word"]).await;
    let asked: Vec<_> = mismatches(&rig)
        .into_iter()
        .map(|(n, m)| (n, m.asked_by))
        .collect();
    assert_eq!(asked, [(2, Some(0)), (3, None)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever responses an API mixes up, each wrong one is reported and no right one is. It
    /// counts as crossed exactly if an earlier request asked for its value.
    #[test]
    fn crossed_are_exactly_the_answers_that_others_asked_for(
        answers in prop::collection::vec(0..6_usize, 1..40),
    ) {
        const NAMES: [&str; 6] = ["alice", "bob", "carol", "dave", "eve", "nobody"];
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let path = "/profiles/{pick:alice|bob|carol|dave|eve}";
            let who = expecting(kind("who", path), "/name", json!("{pick}"));
            let requests = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
            let (seen, script) = (requests.clone(), answers.clone());
            let rig = rig_of(&[who], Caps::default(), move |request, before| {
                seen.lock().unwrap().push(asked(request).to_owned());
                Reply::now(200, &json!({"name": NAMES[script[before]]}).to_string())
            });
            send(&rig, &vec!["who"; answers.len()]).await;
            let requests = requests.lock().unwrap();
            let mut found = mismatches(&rig);
            for (n, (wanted, answer)) in requests.iter().zip(&answers).enumerate() {
                let got = NAMES[*answer];
                let mismatch = found.remove(&(n as u64));
                let expected = (got != wanted).then(|| Mismatch {
                    place: "/name".to_owned(),
                    expected: wanted.clone(),
                    got: Some(got.to_owned()),
                    asked_by: requests[..n].iter().rposition(|name| name == got).map(|n| n as u64),
                });
                assert_eq!(mismatch, expected, "request {n}");
            }
        });
    }
}
