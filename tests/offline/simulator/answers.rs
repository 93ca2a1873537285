//! Answers that have to fit the request, where no token is echoed: the demo that crosses its replies gives one user what another
//! asked for.

use std::path::Path;

use comeback::app::Variant;
use comeback::campaign::{PlanSource, StackHandle};
use comeback::demo;
use comeback::model::{Summary, Verdict};
use comeback::trace::{Trace, View};
use serde_json::json;

use super::control::{campaign, run};

/// A demo that is asked for one of three names each time, and whose answers are expected to have it.
fn of_names(variant: Variant) -> StackHandle {
    let mut handle = demo::simulated(variant).unwrap();
    for kind in &mut handle.executor.kinds {
        kind.json = Some(json!({"token": "{pick:alice|bob|carol}"}));
        kind.expect.echo = None;
        if kind.job.is_none() {
            kind.expect
                .json
                .insert("/token".to_owned(), json!("{pick}"));
        }
    }
    for kind in &mut handle.info.kinds {
        kind.echo = false;
    }
    handle
}

async fn plans(variant: Variant, plans: usize, folder: &Path) -> Summary {
    let campaign = comeback::campaign::Campaign {
        plans: PlanSource::Random(plans as u64),
        ..campaign(folder)
    };
    run(&campaign, &of_names(variant)).await
}

#[tokio::test]
async fn one_user_s_answer_that_goes_to_another_is_a_crossed_answer() {
    let folder = tempfile::tempdir().unwrap();
    let summary = plans(Variant::CrossedReplies, 50, folder.path()).await;
    assert_eq!(summary.verdict, Verdict::Violated);
    let [failure] = &summary.failures[..] else {
        panic!("{:?}", summary.failures);
    };
    let signature = failure.signature.to_string();
    assert!(
        signature.starts_with("v1/accounting/sync/crossed-answer/"),
        "{signature}"
    );
    let trace = Trace::read(Path::new(&failure.trace)).unwrap();
    let view = View::new(&trace);
    let crossed: Vec<_> = view.requests().iter().filter(|r| r.is_crossed()).collect();
    assert!(!crossed.is_empty());
    for request in crossed {
        let (_, mismatch) = request.mismatch.as_deref().unwrap();
        let asker = mismatch.asked_by.unwrap();
        assert!(view.requests().iter().any(|other| other.id == asker));
        assert_ne!(mismatch.got.as_ref(), Some(&mismatch.expected));
    }
}

#[tokio::test]
async fn an_api_that_answers_everyone_their_own_holds() {
    let folder = tempfile::tempdir().unwrap();
    let summary = plans(Variant::Healthy, 20, folder.path()).await;
    assert_eq!(summary.verdict, Verdict::Holds, "{:?}", summary.failures);
}
