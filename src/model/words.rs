//! A plan in words that people use.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::{Action, Fault, FaultKind, Plan, Step, StepId};

/// The name of the background load where steps are named: no step may be called so.
pub const BACKGROUND: &str = "background";

impl Plan {
    /// What the plan is made of, in words: "4 quick restarts of `backend` (f1) and 2 job requests
    /// (b6)".
    pub fn in_words(&self) -> String {
        let parts = self.parts().into_iter();
        listed(&parts.map(|(_, words)| words).collect::<Vec<_>>())
    }

    /// Which outages, in milliseconds, were really other ones than planned, one sentence for each.
    pub fn other_outages(&self, measured_ms: &BTreeMap<StepId, u64>) -> Vec<String> {
        let faults = self.faults().filter_map(|(id, fault)| {
            let measured_ms = *measured_ms.get(id)?;
            is_other_outage(fault.outage_ms, measured_ms).then(|| {
                format!(
                    "{id} kept `{}` away for {} (planned {}).",
                    fault.backend,
                    duration(measured_ms),
                    duration(fault.outage_ms)
                )
            })
        });
        faults.collect()
    }

    /// The steps and the background load, which is called [`BACKGROUND`], each in words.
    pub fn parts(&self) -> Vec<(StepId, String)> {
        let steps = self.steps.iter().map(|step| (step.id.clone(), words(step)));
        let load = self.background.iter().map(|load| {
            let rate = format!(
                "a steady load of {:.0} requests per second",
                load.rate_per_s
            );
            (StepId(BACKGROUND.to_owned()), rate)
        });
        steps.chain(load).collect()
    }
}

/// A number and its noun.
pub fn count<N: Display + PartialEq + From<u8>>(number: N, noun: &str) -> String {
    let plural = if number == N::from(1) { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

fn words(step: &Step) -> String {
    let what = match &step.action {
        Action::Burst(burst) => {
            let kind = match burst.mix.len() {
                1 => burst.mix.keys().map(|kind| format!("{kind} ")).collect(),
                _ => String::new(),
            };
            count(burst.count, &format!("{kind}request"))
        }
        Action::Fault(fault) => fault_words(fault),
        Action::Wait(wait) => format!("a wait of {} ms", wait.wait_ms),
    };
    format!("{what} ({})", step.id)
}

fn fault_words(fault: &Fault) -> String {
    let backend = &fault.backend;
    match fault.kind {
        FaultKind::Stop { .. } => format!("a stop of `{backend}`"),
        FaultKind::Kill => format!("a kill of `{backend}`"),
        FaultKind::Rapid { restarts, .. } => format!("{restarts} quick restarts of `{backend}`"),
        FaultKind::Pause => format!("a pause of `{backend}`"),
        FaultKind::Cut => format!("a cut of `{backend}` from the network"),
    }
}

/// "a, b and c".
pub fn listed(words: &[String]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Whether a measured outage is another one than what was planned: a fifth longer, and by more than
/// the act itself takes.
pub fn is_other_outage(planned_ms: u64, measured_ms: u64) -> bool {
    measured_ms > planned_ms + planned_ms / 5 && measured_ms > planned_ms + 10
}

/// A length of time for people: `9 ms`, `4.8 s`, `2 min 5 s`.
pub fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{:.1} s", ms as f64 / 1_000.0),
        _ => format!("{} min {} s", ms / 60_000, ms / 1_000 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Anchor;

    #[test]
    fn an_outage_that_was_longer_than_planned_is_told_with_both() {
        let fault = |id: &str, outage_ms| Step {
            id: StepId(id.to_owned()),
            anchor: Anchor::At { offset_ms: 0 },
            action: Action::Fault(Fault {
                backend: "db".to_owned(),
                kind: FaultKind::Kill,
                outage_ms,
            }),
        };
        let plan = Plan {
            seed: 1,
            index: 0,
            background: None,
            steps: vec![fault("f1", 1), fault("f2", 900)],
        };
        let measured = [("f1", 4_800), ("f2", 1_000)].map(|(id, ms)| (StepId(id.to_owned()), ms));
        assert_eq!(
            plan.other_outages(&measured.into()),
            ["f1 kept `db` away for 4.8 s (planned 1 ms)."]
        );
        assert_eq!(
            plan.in_words(),
            "a kill of `db` (f1) and a kill of `db` (f2)"
        );
        assert_eq!(duration(125_000), "2 min 5 s");
    }
}
