//! When the steps of a trial started and ended, and how long its outages were.

use std::collections::BTreeMap;

use super::{EventKind, Phase, Trace, View};
use crate::model::{Act, FaultKind, StepId, StepTimes};

/// When the steps of a trial started and ended.
pub fn step_times(trace: &Trace) -> StepTimes {
    let mut times = StepTimes::default();
    let mut began_us = 0;
    for event in &trace.events {
        let at_ms = (event.at_us - began_us) / 1_000;
        match &event.kind {
            EventKind::Phase { phase: Phase::Plan } => began_us = event.at_us,
            EventKind::StepStarted { step } => {
                times.starts_ms.insert(step.clone(), at_ms);
            }
            EventKind::StepEnded { step } => {
                times.ends_ms.insert(step.clone(), at_ms);
            }
            _ => {}
        }
    }
    times
}

/// The measured outage of each fault in milliseconds: from the end of the act until the backend is
/// seen ready again, including its start-up. For a `rapid`, the longest time from a kill to the
/// next start. A fault whose backend never became ready has none.
pub fn outages_ms(trace: &Trace) -> BTreeMap<StepId, u64> {
    let view = View::new(trace);
    let outages = view.faults().filter_map(|window| {
        let step = window.fault?;
        let mut acts = trace.events.iter().filter_map(|event| match &event.kind {
            EventKind::FaultActed { step: of, act, .. } if of == step => Some((*act, event.at_us)),
            _ => None,
        });
        let us = match view.fault_kind(window)? {
            FaultKind::Rapid { .. } => {
                let (mut killed_us, mut longest_us) = (None, None);
                for (act, at_us) in acts {
                    match act {
                        Act::Kill => killed_us = Some(at_us),
                        _ => longest_us = longest_us.max(killed_us.take().map(|from| at_us - from)),
                    }
                }
                longest_us?
            }
            _ => {
                let (_, from_us) = acts.next()?;
                window.ready?.moment.at_us.saturating_sub(from_us)
            }
        };
        Some((step.clone(), us / 1_000))
    });
    outages.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::script::Script;

    fn acted(script: Script, at_ms: u64, act: Act) -> Script {
        let acted = EventKind::FaultActed {
            step: StepId("f1".to_owned()),
            backend: "ray".to_owned(),
            act,
            took_us: 1_000,
        };
        script.event(at_ms, acted)
    }

    fn measured(trace: &Trace) -> Option<u64> {
        outages_ms(trace).remove(&StepId("f1".to_owned()))
    }

    #[test]
    fn an_outage_is_measured_from_the_act_to_ready_and_between_two_restarts_from_kill_to_start() {
        let kill = Script::new(&[]).fault("f1", FaultKind::Kill, 30, 80);
        assert_eq!(measured(&acted(kill, 35, Act::Kill).finish(100)), Some(45));
        let never = Script::new(&[]).unhealed("f1", FaultKind::Kill, 30);
        assert_eq!(measured(&acted(never, 35, Act::Kill).finish(100)), None);
        let rapid = FaultKind::Rapid {
            restarts: 2,
            gap_ms: 0,
        };
        let acts = [
            (35, Act::Kill),
            (39, Act::Start),
            (52, Act::Kill),
            (67, Act::Start),
        ];
        let script = Script::new(&[]).fault("f1", rapid, 30, 80);
        let script = acts
            .into_iter()
            .fold(script, |script, (at_ms, act)| acted(script, at_ms, act));
        assert_eq!(measured(&script.finish(100)), Some(15));
    }
}
