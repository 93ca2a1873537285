//! What failed, after which faults, in one plain sentence without jargon.

use super::TrialReport;
use crate::model::{
    Fault, Figure, Finding, Signature, Standing, count, duration_ms, faults_in_words,
};

impl TrialReport {
    /// What failed, after which faults: "After 4 quick restarts of `backend`, 8 accepted jobs never
    /// finished". None if nothing did.
    pub(super) fn failed_in_words(&self) -> Option<String> {
        let judgement = self.trace.judgement.as_ref()?;
        let signature = judgement.signature.as_ref()?;
        let what = what(signature, judgement.primary()?);
        let faults = self.blamed_faults();
        if signature.fault == "-" || faults.is_empty() {
            return Some(format!("Without a fault, {what}"));
        }
        Some(format!("After {}, {what}", faults_in_words(&faults)))
    }

    /// The faults that a shrunk plan was found to need. Without such knowledge, the last one before
    /// the failure.
    fn blamed_faults(&self) -> Vec<&Fault> {
        let plan = &self.trace.plan;
        let explanation = self.counterexample().explanation.filter(|e| e.rules > 0);
        if let Some(explanation) = explanation {
            let matters = |standing| matches!(standing, Standing::Needed | Standing::Rarer);
            let steps = explanation.steps.iter();
            let needed: Vec<_> = steps.filter(|step| matters(step.standing)).collect();
            let faults = plan.faults();
            let faults = faults.filter(|(id, _)| needed.iter().any(|step| &step.step == *id));
            let faults: Vec<&Fault> = faults.map(|(_, fault)| fault).collect();
            if !faults.is_empty() {
                return faults;
            }
        }
        let evidence = self.headline().evidence;
        let view = self.view();
        let window = evidence.first().and_then(|seq| view.fault_before(*seq));
        let blamed = window.and_then(|window| window.fault);
        let faults = plan.faults().filter(|(id, _)| Some(*id) == blamed);
        faults.map(|(_, fault)| fault).collect()
    }
}

/// The end of the sentence, by the signature's stable word.
fn what(signature: &Signature, finding: &Finding) -> String {
    let kind = &signature.kind;
    let requests = match kind.as_str() {
        "-" => "requests".to_owned(),
        kind => format!("`{kind}` requests"),
    };
    let counted = |noun: &str| match leading_number(&finding.message) {
        Some(number) => count(number, noun),
        None => noun.to_owned() + "s",
    };
    match signature.reason.as_str() {
        "job-never-terminal" => format!("{} never finished", counted("accepted job")),
        "job-late" => format!("{} finished too late", counted("accepted job")),
        "exchange-unanswered" => format!("{} got no answer", counted("request")),
        "exchange-late" => format!("{} got an answer too late", counted("request")),
        "never-recovered" => match watched_ms(finding) {
            Some(ms) => format!("{requests} did not succeed again in {}", duration_ms(ms)),
            None => format!("{requests} never succeeded again"),
        },
        "not-sustained" => format!("{requests} succeeded again, but not lastingly"),
        "recovered-late" => format!("{requests} succeeded again too late"),
        "double-execution" => "the same job was executed more than once".to_owned(),
        "never-executed" => "a job was reported as done, but never executed".to_owned(),
        "lost-job" => "an accepted job was forgotten".to_owned(),
        "crossed-answer" => "a request got the answer to another one".to_owned(),
        "shared-job-id" => "two requests were given the same job".to_owned(),
        "two-outcomes" => "a request ended twice".to_owned(),
        "job-changed" => "a job that had ended changed its state".to_owned(),
        "slower" => "answers stayed slower than before".to_owned(),
        "log-flood" => "the API flooded its log".to_owned(),
        "busy-at-rest" => "the API stayed busy with nothing to do".to_owned(),
        "connection-refused" => "the API refused connections".to_owned(),
        "connection-broke" => "the API broke connections off instead of answering".to_owned(),
        "garbled" => "the API gave an answer that could not be read".to_owned(),
        "no-message" => "the API failed without saying why".to_owned(),
        "empty-success" => "the API reported success without an answer".to_owned(),
        "failure-outside-window" => format!("{requests} failed outside every outage"),
        "exited" => "the API's process exited".to_owned(),
        "restarted" => "the API was restarted".to_owned(),
        "oom-killed" => "the API ran out of memory and was killed".to_owned(),
        "leaked-descriptors" => "the API kept file descriptors open".to_owned(),
        "leaked-threads" => "the API kept threads".to_owned(),
        "leaked-memory" => "the API kept memory".to_owned(),
        "forbidden-line" => "the log showed a line that must not occur".to_owned(),
        _ => format!("{} was violated: {}", signature.invariant, finding.message),
    }
}

/// For how long a request kind was watched that never succeeded again.
fn watched_ms(finding: &Finding) -> Option<u64> {
    let mut figures = finding.figures.iter();
    let never = figures.find(|figure| {
        let is_concerned = figure.kind == finding.kind;
        figure.name == Figure::FIRST_SUCCESS && figure.at_least && is_concerned
    })?;
    Some(never.value.round() as u64)
}

/// The number that a message begins with, as in "5 of 61 requests". A finding keeps no count apart
/// from its message.
fn leading_number(message: &str) -> Option<u64> {
    message.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_kind_that_never_succeeded_again_is_told_with_how_long_it_was_watched() {
        let signature: Signature = "v1/recovers/job/never-recovered/kill".parse().unwrap();
        let figure = Figure {
            kind: Some("job".to_owned()),
            at_least: true,
            ..Figure::new(Figure::FIRST_SUCCESS, 2_117.4)
        };
        let finding = Finding::violated("recovers", "never-recovered", Some("job"), "", 1, vec![]);
        assert_eq!(
            what(&signature, &finding.clone().with_figures(vec![figure])),
            "`job` requests did not succeed again in 2.12 s"
        );
        assert_eq!(
            what(&signature, &finding),
            "`job` requests never succeeded again"
        );
    }

    #[test]
    fn the_end_of_the_sentence_counts_where_the_finding_does() {
        let words = |name: &str, message: &str| {
            let signature: Signature = name.parse().unwrap();
            let finding = Finding::violated(&signature.invariant, "", None, message, 1, vec![]);
            what(&signature, &finding)
        };
        assert_eq!(
            words(
                "v1/no-hang/job/job-never-terminal/rapid",
                "8 of 61 requests"
            ),
            "8 accepted jobs never finished"
        );
        assert_eq!(
            words("v1/no-hang/job/job-never-terminal/rapid", "a job waits"),
            "accepted jobs never finished"
        );
        assert_eq!(
            words("v1/new/-/odd/kill", "it went wrong"),
            "new was violated: it went wrong"
        );
    }
}
