//! JUnit XML, as continuous integration shows it.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::{CampaignReport, Report, TrialReport, Unreadable, wording};
use crate::model::{Failure, Fate, FirstCalls, Regressed, Summary, Tested, Verdict};

/// The report as JUnit XML. A campaign has a test case for each invariant without a failure, and
/// one for each failure, named by its signature. A trace has a test case for each finding.
/// `invariants` are the names of the checked invariants.
///
/// # Errors
/// When the XML writer fails.
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
    let mut add = |case| add(&mut suite, &summary.stack, case);
    for invariant in invariants {
        let known = summary.known.iter().filter(|known| !known.listed);
        let known = known.map(|known| &known.signature.invariant);
        let mut violated = summary.failures.iter().map(|f| &f.invariant).chain(known);
        if !violated.any(|violated| violated == invariant) {
            add(TestCase::new(*invariant, TestCaseStatus::success()));
        }
    }
    for failure in &summary.failures {
        add(failed(failure, summary.plans_executed));
    }
    for known in &summary.known {
        let name = format!("known: {}", known.signature);
        let message = wording::known(known);
        let status = match known.listed {
            true => skipped(&message),
            false => said(NonSuccessKind::Failure, &message),
        };
        add(TestCase::new(name, status));
    }
    let otherwise = |trace: &&Regressed| trace.fate == Fate::FailsOtherwise;
    for trace in summary.reused.iter().filter(otherwise) {
        let status = said(NonSuccessKind::Failure, &trace.because);
        add(TestCase::new(format!("replay of {}", trace.trace), status));
    }
    for rehearsal in &summary.scenario {
        for expected in &rehearsal.expectations {
            let name = format!("plan {}: {}", rehearsal.plan.index, expected.what);
            let status = match expected.met {
                Some(true) => TestCaseStatus::success(),
                Some(false) => said(NonSuccessKind::Failure, &expected.because),
                None => skipped(&expected.because),
            };
            add(TestCase::new(name, status));
        }
    }
    add(conclusive(summary));
    if !summary.first_calls.is_unknown() {
        let FirstCalls { restarts, failed } = summary.first_calls;
        let properties = [("idle-restarts", restarts), ("first-call-failed", failed)];
        suite.add_properties(properties.map(|(name, n)| Property::new(name, n.to_string())));
    }
    suite.add_properties(tested(&summary.tested));
    suite
}

/// What the verdict is based on.
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

/// A failure, named by its signature, with the next commands.
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
    let status = match (summary.verdict, summary.inconclusive, &summary.untested) {
        (Verdict::Inconclusive, 0, Some(untested)) => {
            let message = format!("nothing was tested: {untested}");
            said(NonSuccessKind::Error, &message)
        }
        (Verdict::Inconclusive, count, _) => {
            let plans = summary.plans_executed;
            let message = format!("{count} of {plans} trials were inconclusive");
            let mut status = said(NonSuccessKind::Error, &message);
            status.set_description(summary.inconclusive_reasons.join("\n"));
            status
        }
        _ => TestCaseStatus::success(),
    };
    TestCase::new("trials are conclusive", status)
}

fn of_trial(trial: &TrialReport) -> TestSuite {
    let mut suite = TestSuite::new(&trial.file);
    suite.set_time(Duration::from_micros(trial.until_us));
    let mut add = |name: &str, status| {
        let stack = &trial.trace.header.stack.name;
        add(&mut suite, stack, TestCase::new(name, status));
    };
    let judgement = trial.trace.judgement.as_ref();
    let error = match judgement {
        None => Some("the trace has no verdict"),
        Some(judgement) => judgement.inconclusive.as_deref(),
    };
    if let Some(error) = error {
        add("verdict", said(NonSuccessKind::Error, error));
    }
    for finding in judgement.iter().flat_map(|judgement| &judgement.findings) {
        let status = match finding.verdict {
            Verdict::Holds if finding.not_judged => skipped(&finding.message),
            Verdict::Holds => TestCaseStatus::success(),
            Verdict::Violated => said(NonSuccessKind::Failure, &finding.message),
            Verdict::Inconclusive => skipped(&finding.message),
        };
        add(&finding.invariant, status);
    }
    suite
}

/// A trace that cannot be read is an error, since its verdict is unknown.
fn of_unreadable(unreadable: &Unreadable) -> TestSuite {
    let mut suite = TestSuite::new(&unreadable.trace);
    let status = said(NonSuccessKind::Error, &unreadable.to_string());
    let case = TestCase::new("the trace can be read", status);
    add(&mut suite, "trace", case);
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
