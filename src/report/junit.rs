//! JUnit XML, as continuous integration shows it.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::{CampaignReport, Report, TrialReport, Unreadable, wording};
use crate::model::{Failure, Fate, Finding, FirstCalls, Summary, Tested, Verdict};

/// The report as JUnit XML. Of a campaign, each invariant is a test case, and each failure one
/// under its signature; of a trace, each finding is one. `invariants` are the names of those that
/// were checked.
///
/// # Errors
/// When the XML writer refuses.
pub fn junit(report: &Report, invariants: &[&str]) -> Result<String, SerializeError> {
    let mut junit = quick_junit::Report::new("comeback");
    if let Some(campaign) = &report.campaign {
        junit.add_test_suite(of_campaign(campaign, invariants));
    } else {
        junit.add_test_suites(report.trials.iter().map(of_trial));
    }
    junit.add_test_suites(report.unreadable.iter().map(of_unreadable));
    junit.to_string()
}

fn of_campaign(campaign: &CampaignReport, invariants: &[&str]) -> TestSuite {
    let summary = &campaign.summary;
    let mut suite = TestSuite::new(&summary.stack);
    suite.set_time(Duration::from_millis(summary.elapsed_ms));
    for invariant in invariants {
        let known = summary.known.iter().filter(|known| !known.listed);
        let known = known.map(|known| &known.signature.invariant);
        let found = summary.failures.iter().map(|failure| &failure.invariant);
        let violated = found.chain(known).any(|violated| violated == invariant);
        if !violated {
            let case = TestCase::new(*invariant, TestCaseStatus::success());
            add(&mut suite, &summary.stack, case);
        }
    }
    for failure in &summary.failures {
        add(
            &mut suite,
            &summary.stack,
            failed(failure, summary.plans_executed),
        );
    }
    for known in &summary.known {
        let name = format!("known: {}", known.signature);
        let message = wording::known(known);
        let status = match known.listed {
            true => skipped(&message),
            false => said(NonSuccessKind::Failure, &message),
        };
        add(&mut suite, &summary.stack, TestCase::new(name, status));
    }
    for told in &summary.reused {
        if told.fate == Fate::FailsOtherwise {
            let status = said(NonSuccessKind::Failure, &told.because);
            let name = format!("replay of {}", told.trace);
            add(&mut suite, &summary.stack, TestCase::new(name, status));
        }
    }
    for rehearsal in &summary.scenario {
        for expected in &rehearsal.expectations {
            let name = format!("plan {}: {}", rehearsal.plan.index, expected.what);
            let status = match expected.met {
                Some(true) => TestCaseStatus::success(),
                Some(false) => said(NonSuccessKind::Failure, &expected.because),
                None => skipped(&expected.because),
            };
            add(&mut suite, &summary.stack, TestCase::new(name, status));
        }
    }
    add(&mut suite, &summary.stack, conclusive(summary));
    if !summary.first_calls.is_unknown() {
        let FirstCalls { restarts, failed } = summary.first_calls;
        let properties = [("idle-restarts", restarts), ("first-call-failed", failed)];
        suite.add_properties(properties.map(|(name, n)| Property::new(name, n.to_string())));
    }
    suite.add_properties(tested(&summary.tested));
    suite
}

/// What the verdict rests on.
fn tested(tested: &Tested) -> Vec<Property> {
    if tested.is_unknown() {
        return Vec::new();
    }
    let sums = [
        ("outages", tested.faults_done()),
        ("outages-met-by-requests", tested.outages_met()),
        ("requests-in-outages", tested.requests_in_outages),
        ("steps", tested.steps),
        ("steps-skipped", tested.steps_skipped()),
    ];
    let sums = sums.map(|(name, n)| (name.to_owned(), n)).into_iter();
    let longest = tested.faults.iter();
    let longest = longest.map(|(kind, f)| (format!("longest-outage-ms-{kind}"), f.longest_ms));
    let judged = tested.judged.iter();
    let judged = judged.map(|(invariant, n)| (format!("trials-judged-{invariant}"), *n));
    let all = sums.chain(longest).chain(judged);
    all.map(|(name, n)| Property::new(name, n.to_string()))
        .collect()
}

/// A failure under its signature, with all that is needed to go on from it.
fn failed(failure: &Failure, plans: u64) -> TestCase {
    let mut status = said(NonSuccessKind::Failure, &failure.message);
    status.set_type(&failure.invariant);
    status.set_description(format!(
        "{}\nseen: in {} of {plans} trials\nevidence: {}\nplan: {}\ncomeback replay {trace}\ncomeback check {trace}",
        failure.message,
        failure.seen,
        wording::events(&failure.evidence),
        wording::size(failure),
        trace = failure.trace,
    ));
    TestCase::new(failure.signature.to_string(), status)
}

/// Too many inconclusive trials are an error: of the harness or the environment, not of the API.
fn conclusive(summary: &Summary) -> TestCase {
    let reasons = summary.inconclusive_reasons.join("\n");
    let status = match (summary.verdict, summary.inconclusive) {
        (Verdict::Inconclusive, 0) if summary.untested.is_some() => {
            let untested = summary.untested.as_deref().unwrap_or_default();
            said(
                NonSuccessKind::Error,
                &format!("nothing was tested: {untested}"),
            )
        }
        (Verdict::Inconclusive, count) => {
            let message = format!(
                "{count} of {} trials were inconclusive",
                summary.plans_executed
            );
            let mut status = said(NonSuccessKind::Error, &message);
            status.set_description(reasons);
            status
        }
        _ => TestCaseStatus::success(),
    };
    TestCase::new("trials are conclusive", status)
}

fn of_trial(trial: &TrialReport) -> TestSuite {
    let mut suite = TestSuite::new(&trial.file);
    suite.set_time(Duration::from_micros(trial.until_us));
    let stack = &trial.trace.header.stack.name;
    let Some(judgement) = &trial.trace.judgement else {
        let status = said(NonSuccessKind::Error, "the trace has no verdict");
        add(&mut suite, stack, TestCase::new("verdict", status));
        return suite;
    };
    if let Some(reason) = &judgement.inconclusive {
        let status = said(NonSuccessKind::Error, reason);
        add(&mut suite, stack, TestCase::new("verdict", status));
    }
    for Finding {
        invariant,
        verdict,
        message,
        ..
    } in &judgement.findings
    {
        let status = match verdict {
            Verdict::Holds => TestCaseStatus::success(),
            Verdict::Violated => said(NonSuccessKind::Failure, message),
            Verdict::Inconclusive => skipped(message),
        };
        add(&mut suite, stack, TestCase::new(invariant, status));
    }
    suite
}

/// A trace that cannot be read is an error: nobody knows what it holds.
fn of_unreadable(unreadable: &Unreadable) -> TestSuite {
    let mut suite = TestSuite::new(&unreadable.trace);
    let status = said(NonSuccessKind::Error, &unreadable.to_string());
    add(
        &mut suite,
        "trace",
        TestCase::new("the trace can be read", status),
    );
    suite
}

fn add(suite: &mut TestSuite, stack: &str, mut case: TestCase) {
    case.set_classname(format!("comeback.{}", stack.replace([' ', ','], "_")));
    suite.add_test_case(case);
}

fn said(kind: NonSuccessKind, message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(message);
    status
}

fn skipped(message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(message);
    status
}
