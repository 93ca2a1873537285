//! Merging the findings of all invariants.

use super::Invariant;
use super::environment::disturbance;
use super::guard::guarded;
use crate::model::{Finding, Judgement, Limits, Signature, Verdict};
use crate::trace::{Trace, View};

/// Judges a trace by some limits: checks every invariant and merges the findings; the worst verdict
/// wins.
///
/// A trial in which the environment or the harness failed is inconclusive, whatever the invariants
/// found: an API must not be accused of what others did. The violation whose evidence begins first
/// is the primary one and gives the signature.
pub fn judge(trace: &Trace, limits: &Limits, invariants: &[Box<dyn Invariant>]) -> Judgement {
    judge_view(&View::new(trace), limits, invariants)
}

/// The same of a view. In the view of a [`Digest`](crate::trace::Digest), invariants must ask for
/// requests and log lines, whose events are missing there.
pub fn judge_view(
    view: &View<'_>,
    limits: &Limits,
    invariants: &[Box<dyn Invariant>],
) -> Judgement {
    let invariants = invariants.iter();
    let mut broken = None;
    let findings: Vec<Finding> = invariants
        .map(|invariant| {
            let checked = checked(invariant.as_ref(), view, limits);
            checked.unwrap_or_else(|bug| {
                let finding = Finding::inconclusive(invariant.name(), bug);
                broken.get_or_insert_with(|| finding.message.clone());
                finding
            })
        })
        .collect();
    let inconclusive = disturbance(view).or(broken);
    let worst = findings.iter().map(|finding| finding.verdict).max();
    let verdict = match inconclusive {
        Some(_) => Verdict::Inconclusive,
        None => worst.unwrap_or(Verdict::Holds),
    };
    let violated = findings.iter().filter(|f| f.verdict == Verdict::Violated);
    let primary = violated.min_by_key(|finding| finding.evidence.first().copied());
    let signature = match verdict {
        Verdict::Violated => primary.map(|finding| signature(view, finding)),
        Verdict::Holds | Verdict::Inconclusive => None,
    };
    Judgement {
        verdict,
        signature,
        findings,
        inconclusive,
    }
}

/// The finding of an invariant. A bug in it must not end a long campaign, nor count as a violation:
/// it makes the trial inconclusive, and the reason names the invariant.
fn checked(invariant: &dyn Invariant, view: &View<'_>, limits: &Limits) -> Result<Finding, String> {
    guarded(|| invariant.check(view, limits)).map_err(|words| {
        format!(
            "the check {} failed: {words}; this is a bug of comeback, please report it with the trace",
            invariant.name(),
        )
    })
}

fn signature(view: &View<'_>, finding: &Finding) -> Signature {
    let part = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let began = finding.evidence.first();
    let fault = began.and_then(|seq| view.fault_kind(view.fault_before(*seq)?));
    Signature {
        invariant: finding.invariant.clone(),
        kind: part(&finding.kind),
        reason: part(&finding.reason),
        fault: fault.map_or("-", |kind| kind.name()).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariant::{is_decided, standard};
    use crate::model::{Act, FaultKind, UnknownReason};
    use crate::trace::script::{Script, limits};
    use crate::trace::{EventKind, Origin, Phase};

    fn judged(trace: &Trace) -> Judgement {
        judge(trace, &limits(), &standard())
    }

    /// A healthy trial with a kill.
    fn healthy() -> Script {
        Script::new(&["sync"])
            .sent_by(Origin::Baseline, 2, 0, "sync")
            .ok(4, 0)
            .fault("f1", FaultKind::Kill, 30, 80)
            .exited(31, "ray", false)
            .bad(40, 1, "sync")
            .good_row(90, 2, "sync")
    }

    /// The same where a request hangs and another breaks.
    fn sick() -> Script {
        healthy()
            .sent(29, 10, "sync")
            .unknown(129, 10, UnknownReason::TimedOut)
            .sent(50, 11, "sync")
            .unknown(51, 11, UnknownReason::Reset)
    }

    #[track_caller]
    fn assert_inconclusive(script: Script, reason: &str) {
        let judgement = judged(&script.finish(400));
        assert_eq!(judgement.inconclusive.as_deref(), Some(reason));
        assert_eq!(judgement.verdict, Verdict::Inconclusive);
        assert_eq!(judgement.signature, None);
        let found = judgement.findings.iter().map(|f| f.verdict).max();
        assert_eq!(found, Some(Verdict::Violated), "the findings are kept");
    }

    #[test]
    fn a_healthy_trial_holds() {
        let judgement = judged(&healthy().finish(400));
        assert_eq!(judgement.verdict, Verdict::Holds, "{judgement:?}");
        assert_eq!(judgement.findings.len(), standard().len());
        assert_eq!(judgement.inconclusive, None);
    }

    #[test]
    fn the_violation_that_began_first_gives_the_signature() {
        let judgement = judged(&sick().finish(400));
        assert_eq!(judgement.verdict, Verdict::Violated);
        let signature = judgement.signature.as_ref().map(ToString::to_string);
        assert_eq!(
            signature.as_deref(),
            Some("v1/no-hang/sync/exchange-unanswered/kill")
        );
        assert_eq!(
            judgement.primary().map(|f| f.invariant.as_str()),
            Some("no-hang")
        );
    }

    #[test]
    fn without_a_fault_before_it_the_signature_says_so() {
        let judgement = judged(
            &healthy()
                .sent(20, 10, "sync")
                .failed(21, 10, 500, "")
                .finish(400),
        );
        let signature = judgement.signature.map(|s| s.to_string());
        // Two invariants begin with the same event: the list's order decides.
        assert_eq!(
            signature.as_deref(),
            Some("v1/bounded-failures/sync/failure-outside-window/-")
        );
    }

    #[test]
    fn one_undecided_finding_makes_the_trial_inconclusive_with_no_reason_of_its_own() {
        let judgement = judged(&healthy().sent(399, 10, "sync").finish(400));
        assert_eq!(judgement.verdict, Verdict::Inconclusive);
        assert_eq!(judgement.inconclusive, None);
    }

    #[test]
    fn what_the_environment_did_is_never_a_violation() {
        let trouble = EventKind::Trouble {
            during: "kill of ray".to_owned(),
            message: "no daemon".to_owned(),
        };
        assert_inconclusive(sick().event(60, trouble), "kill of ray: no daemon");
        let interrupted = sick().event(60, EventKind::Interrupted);
        assert_inconclusive(interrupted, "the run was interrupted");
        assert_inconclusive(
            sick()
                .sent_by(Origin::Baseline, 3, 12, "sync")
                .failed(8, 12, 500, "cold"),
            "the stack was not healthy to begin with: request 12 (sync) of the baseline: failed (500): cold",
        );
        assert_inconclusive(
            sick().unhealed("f2", FaultKind::Pause, 200),
            "the backend ray was not seen ready again after its pause",
        );
    }

    /// An invariant with a defect.
    struct Buggy;

    impl Invariant for Buggy {
        fn name(&self) -> &'static str {
            "buggy"
        }
        fn check(&self, view: &View<'_>, _limits: &Limits) -> Finding {
            panic!("{} requests are too many", view.requests().len())
        }
        fn is_decided(&self, _view: &View<'_>, _limits: &Limits, _primary: &Finding) -> bool {
            panic!("nobody knows")
        }
    }

    /// An invariant that finds something, and cannot tell whether that is all.
    struct Unsure;

    impl Invariant for Unsure {
        fn name(&self) -> &'static str {
            "unsure"
        }
        fn check(&self, _view: &View<'_>, _limits: &Limits) -> Finding {
            Finding::inconclusive("unsure", String::new())
        }
        fn is_decided(&self, _view: &View<'_>, _limits: &Limits, _primary: &Finding) -> bool {
            panic!("nobody knows")
        }
    }

    #[test]
    fn a_bug_in_one_invariant_keeps_a_trial_from_ending_early_and_ends_nothing_else() {
        let trace = sick().finish(400);
        assert!(is_decided(&trace, &limits(), &standard()));
        let bugs: [Box<dyn Invariant>; 2] = [Box::new(Buggy), Box::new(Unsure)];
        for bug in bugs {
            let mut invariants = standard();
            invariants.insert(0, bug);
            assert!(!is_decided(&trace, &limits(), &invariants));
        }
    }

    #[test]
    fn a_bug_in_one_invariant_makes_the_trial_inconclusive_by_name() {
        let mut invariants = standard();
        invariants.insert(0, Box::new(Buggy));
        let judgement = judge(&sick().finish(400), &limits(), &invariants);
        assert_eq!(judgement.verdict, Verdict::Inconclusive);
        assert_eq!(judgement.signature, None);
        let reason = judgement.inconclusive.unwrap();
        assert!(
            reason.starts_with("the check buggy failed: 8 requests are too many"),
            "{reason}"
        );
        assert_eq!(
            judgement.findings.len(),
            invariants.len(),
            "the others go on"
        );
    }

    #[test]
    fn a_backend_may_exit_once_for_each_act() {
        let crashed = "the backend ray exited, and no fault had made it";
        assert_inconclusive(sick().exited(60, "ray", false), crashed);
        assert_inconclusive(sick().exited(200, "ray", false), crashed);
        // The second kill found nobody; that does not account for a crash after ready.
        let twice = sick().act(32, "f1", Act::Kill).exited(95, "ray", false);
        assert_inconclusive(twice, crashed);
        let oom = "the backend ray was killed for want of memory";
        assert_inconclusive(sick().exited(31, "ray", true), oom);

        let rapid = healthy()
            .act(50, "f1", Act::Kill)
            .exited(52, "ray", false)
            .finish(400);
        assert_eq!(judged(&rapid).verdict, Verdict::Holds);
        let setup = healthy().exited(0, "ray", false).finish(400);
        assert_eq!(judged(&setup).verdict, Verdict::Holds);
    }

    #[test]
    fn a_trace_that_was_cut_is_inconclusive() {
        let judgement = judged(&sick().phase(90, Phase::Recovery).cut());
        assert_eq!(judgement.verdict, Verdict::Inconclusive);
        let reason = "the trial was cut off in its phase recovery";
        assert_eq!(judgement.inconclusive.as_deref(), Some(reason));
    }
}
