//! The control of a failure: the same plan without its faults. If the stack still fails, it is
//! flaky by itself.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Attempt, Audience, CampaignError, Interrupt, ShrinkingSoFar, StackHandle};
use crate::executor::Executor;
use crate::model::{Action, Anchor, Judgement, Plan, Regressed, Signature, Step, Verdict, Wait};
use crate::trace::{Recorder, Trace, TraceWriter, step_times};

/// The controls of a campaign, one for each failure.
#[derive(Debug, Default)]
pub(super) struct Controls(BTreeMap<Signature, Control>);

/// The result of a plan without its faults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Control {
    verdict: Verdict,
    /// Why the failure does not need faults, if that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    flaky: Option<String>,
}

impl Controls {
    /// The verdict of the control of a signature, if one was run.
    pub fn verdict(&self, signature: &Signature) -> Option<Verdict> {
        self.of(signature).map(|control| control.verdict)
    }

    fn of(&self, failure: &Signature) -> Option<&Control> {
        let mut controls = self.0.iter();
        let found = controls.find(|(name, _)| name.is_same_failure(failure));
        found.map(|(_, control)| control)
    }

    /// The signatures that show even without a fault.
    pub fn flaky(&self) -> impl Iterator<Item = &Signature> {
        let flaky = self.0.iter().filter(|(_, control)| control.flaky.is_some());
        flaky.map(|(signature, _)| signature)
    }

    /// Takes over a control that was run before the campaign was resumed.
    pub fn add(&mut self, signature: Signature, control: Control) {
        self.0.insert(signature, control);
    }

    /// Makes a failed trial inconclusive where the same plan fails in the same way without its
    /// faults. The control of a new signature is run now, on a stack that was reset; without a
    /// reset there is no control. Returns the control if one was run.
    ///
    /// # Errors
    /// When the stack cannot be reset, or a file cannot be written.
    pub async fn weigh(
        &mut self,
        trace: &mut Trace,
        path: &Path,
        handle: &StackHandle,
        interrupt: &Interrupt,
        audience: &dyn Audience,
    ) -> Result<Option<(Signature, Control)>, CampaignError> {
        let found = trace.judgement.as_ref().and_then(|j| j.signature.clone());
        let Some(signature) = found else {
            return Ok(None);
        };
        let mut ran = None;
        if self.of(&signature).is_none() {
            if interrupt.is_requested() || !handle.reset(audience).await? {
                return Ok(None);
            }
            audience.control();
            let name = format!("control-{:04}.jsonl", trace.plan.index);
            let file = path.with_file_name(&name);
            let unseen = Unseen;
            let plan = without_faults(trace);
            let attempt = Attempt {
                path: Some(&file),
                ..Attempt::of(&plan)
            };
            let calm = handle.execute(attempt, interrupt, &unseen).await?;
            let control = Control::of(&calm, &signature, &name);
            let note = json!({"control": {"verdict": control.verdict, "trace": name}});
            TraceWriter::append(path)?.note(&note)?;
            trace.notes.push(note);
            self.0.insert(signature.clone(), control.clone());
            ran = Some((signature.clone(), control));
        }
        let flaky = self
            .of(&signature)
            .and_then(|control| control.flaky.clone());
        if let (Some(judgement), Some(why)) = (&mut trace.judgement, flaky) {
            *judgement = Judgement {
                verdict: Verdict::Inconclusive,
                signature: None,
                inconclusive: Some(why),
                ..judgement.clone()
            };
        }
        Ok(ran)
    }
}

impl Control {
    fn of(calm: &Trace, signature: &Signature, name: &str) -> Self {
        let judgement = calm.judgement.as_ref();
        let findings = judgement.into_iter().flat_map(|j| &j.findings);
        let alike = findings.filter(|finding| {
            let reason = finding.reason.clone().unwrap_or_default();
            let invariant = finding.invariant.clone();
            let found = Signature {
                invariant,
                reason,
                ..signature.clone()
            };
            finding.verdict == Verdict::Violated && found.is_same_failure(signature)
        });
        let verdict = calm.verdict();
        let alike = alike
            .map(|finding| &finding.message)
            .next()
            .filter(|_| verdict == Verdict::Violated);
        let flaky = alike.map(|message| {
            format!(
                "the stack is flaky by itself: {} is violated without any fault too ({name}): {message}",
                signature.invariant
            )
        });
        Control { verdict, flaky }
    }
}

/// The plan of a trial with a wait instead of each fault, at the same time and for as long as the
/// fault took. Steps anchored to an effect of a fault start when they did in the trial; steps that
/// were skipped are left out.
fn without_faults(trace: &Trace) -> Plan {
    let times = step_times(trace);
    let steps = trace.plan.steps.iter().filter_map(|step| {
        let start_ms = times.start_ms(&step.id)?;
        let recorded = Anchor::At {
            offset_ms: start_ms,
        };
        let (anchor, action) = match &step.action {
            Action::Fault(_) => {
                let end_ms = times.end_ms(&step.id);
                let wait_ms = end_ms.map_or(0, |end_ms| end_ms - start_ms);
                (recorded, Action::Wait(Wait { wait_ms }))
            }
            other => {
                let anchor = match &step.anchor {
                    Anchor::Ready { .. } | Anchor::Log { .. } | Anchor::State { .. } => recorded,
                    kept => kept.clone(),
                };
                (anchor, other.clone())
            }
        };
        Some(Step {
            id: step.id.clone(),
            anchor,
            action,
        })
    });
    Plan {
        steps: steps.collect(),
        ..trace.plan.clone()
    }
}

/// Shows nothing: for executions that do not count as trials of a campaign.
#[derive(Debug, Clone, Copy)]
pub struct Unseen;

impl Audience for Unseen {
    fn trial_begins(&self, _plan: &Plan, _executor: &Executor, _recorder: &Recorder) {}
    fn trial_ended(&self, _plan: &Plan, _judgement: &Judgement) {}
    fn reused(&self, _regressed: &Regressed) {}
    fn shrinking(&self, _so_far: &ShrinkingSoFar) {}
    fn busy(&self, _what: &str) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Edge, FaultKind, StepId};
    use crate::trace::EventKind;
    use crate::trace::script::Script;

    fn id(name: &str) -> StepId {
        StepId(name.to_owned())
    }

    fn ran(script: Script, step: &str, from_ms: u64, to_ms: u64) -> Script {
        let (started, ended) = (id(step), id(step));
        script
            .event(from_ms, EventKind::StepStarted { step: started })
            .event(to_ms, EventKind::StepEnded { step: ended })
    }

    #[test]
    fn a_fault_becomes_a_wait_and_what_hung_on_it_keeps_its_time() {
        // The plan begins at 10 ms.
        let script = Script::new(&["sync"]).fault("f1", FaultKind::Kill, 30, 80);
        let script = ran(script, "f1", 30, 75);
        let script = ran(ran(script, "w1", 85, 90), "w2", 90, 95);
        let script = ran(ran(script, "w3", 91, 99), "w4", 92, 97);
        let mut trace = ran(script, "w5", 93, 98).finish(200);
        let wait = |name: &str, anchor| Step {
            id: id(name),
            anchor,
            action: Action::Wait(Wait { wait_ms: 5 }),
        };
        let after = Anchor::After {
            step: id("w1"),
            edge: Edge::End,
            offset_ms: 0,
        };
        let accepted = Anchor::Accepted {
            burst: id("b1"),
            nth: 1,
            offset_ms: 0,
        };
        trace.plan.steps.extend([
            wait(
                "w1",
                Anchor::Ready {
                    fault: id("f1"),
                    offset_ms: 5,
                },
            ),
            wait("w2", after.clone()),
            wait(
                "w3",
                Anchor::Log {
                    pattern: "lost".to_owned(),
                    offset_ms: 0,
                },
            ),
            // A job may come to a state because of the fault, but it is accepted without one, too.
            wait(
                "w4",
                Anchor::State {
                    burst: id("b1"),
                    nth: 1,
                    state: "RETRYING".to_owned(),
                    offset_ms: 0,
                },
            ),
            wait("w5", accepted.clone()),
            wait("skipped", after.clone()),
        ]);
        let at = |offset_ms| Anchor::At { offset_ms };
        let plan = without_faults(&trace);
        assert_eq!(plan.faults().count(), 0);
        let steps = plan
            .steps
            .iter()
            .map(|s| (s.id.0.as_str(), s.anchor.clone()));
        assert_eq!(
            steps.collect::<Vec<_>>(),
            [
                ("f1", at(20)),
                ("w1", at(75)),
                ("w2", after),
                ("w3", at(81)),
                ("w4", at(82)),
                ("w5", accepted)
            ]
        );
        assert_eq!(
            plan.steps[0].action,
            Action::Wait(Wait { wait_ms: 45 }),
            "as long as the fault took"
        );
    }
}
