//! Plans in words.

use std::collections::BTreeMap;

use super::{
    Action, BACKGROUND, Direction, Fault, FaultKind, LinkFault, LinkFaultName, Plan, Step,
};
use super::{StepId, count, duration_ms, listed};

impl Plan {
    /// The plan's parts in words: "4 quick restarts of `backend` (f1) and 2 job requests (b6)".
    pub fn in_words(&self) -> String {
        let parts = self.parts().into_iter();
        listed(&parts.map(|(_, words)| words).collect::<Vec<_>>())
    }

    /// One sentence for each outage that was much longer than planned.
    pub fn other_outages(&self, measured_ms: &BTreeMap<StepId, u64>) -> Vec<String> {
        let faults = self.faults().filter_map(|(id, fault)| {
            let measured_ms = *measured_ms.get(id)?;
            is_other_outage(fault.outage_ms, measured_ms).then(|| {
                let (measured, planned) = (duration_ms(measured_ms), duration_ms(fault.outage_ms));
                let backend = &fault.backend;
                format!("{id} kept `{backend}` away for {measured} (planned {planned}).")
            })
        });
        faults.collect()
    }

    /// The steps and the background load, each in words. The load is called [`BACKGROUND`].
    pub fn parts(&self) -> Vec<(StepId, String)> {
        let steps = self.steps.iter().map(|step| (step.id.clone(), words(step)));
        let load = self.background.iter().map(|load| {
            let rate_per_s = load.rate_per_s;
            let words = format!("a steady load of {rate_per_s:.0} requests per second");
            (BACKGROUND.into(), words)
        });
        steps.chain(load).collect()
    }
}

/// Faults in words, equal kinds on one backend counted together: "3 kills of `db` and a pause of
/// `cache`".
pub fn faults_in_words(faults: &[&Fault]) -> String {
    let mut groups: Vec<(&Fault, usize)> = Vec::new();
    for fault in faults {
        let is_same = |other: &Fault| {
            let kinds = [other, fault].map(|fault| fault.kind.name());
            other.backend == fault.backend && kinds[0] == kinds[1]
        };
        match groups.iter_mut().find(|(other, _)| is_same(other)) {
            Some((_, times)) => *times += 1,
            None => groups.push((fault, 1)),
        }
    }
    let words = groups.into_iter().map(|(fault, times)| match times {
        1 => fault_words(fault),
        _ => {
            let backend = &fault.backend;
            let what = match fault.kind {
                FaultKind::Link(link) => {
                    let what = LinkFaultName::of(&link).plural();
                    return format!("{times} {what} `{backend}`");
                }
                FaultKind::Stop { .. } => "stops",
                FaultKind::Kill => "kills",
                FaultKind::Rapid { .. } => "series of quick restarts",
                FaultKind::Pause => "pauses",
                FaultKind::Cut => "network cuts",
            };
            format!("{times} {what} of `{backend}`")
        }
    });
    listed(&words.collect::<Vec<_>>())
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
        Action::Wait(wait) => format!("a wait of {}", duration_ms(wait.wait_ms)),
    };
    format!("{what} ({})", step.id)
}

fn link_words(fault: &LinkFault, backend: &str) -> String {
    match *fault {
        LinkFault::Reset => format!("a reset of the connections to `{backend}`"),
        LinkFault::Refuse => format!("a refusal of new connections to `{backend}`"),
        LinkFault::AcceptClose => format!("closing each new connection to `{backend}` at once"),
        LinkFault::HalfOpen => format!("silence on the open connections to `{backend}`"),
        LinkFault::BlackHole => format!("total silence on the way to `{backend}`"),
        LinkFault::OneWay { silent } => match silent {
            Direction::ToBackend => format!("requests to `{backend}` held back"),
            Direction::FromBackend => format!("replies of `{backend}` held back"),
        },
        LinkFault::IdleClose { idle_ms } => {
            let idle = duration_ms(idle_ms);
            format!("forgetting connections to `{backend}` that are idle for {idle}")
        }
        LinkFault::Truncate { .. } => format!("replies of `{backend}` cut off in the middle"),
        LinkFault::Slow {
            latency_ms,
            rate_kib_s,
        } => {
            let delay = duration_ms(latency_ms);
            let rate = rate_kib_s.map(|rate| format!(" and {rate} KiB/s"));
            let rate = rate.unwrap_or_default();
            format!("a slow network to `{backend}` ({delay} each way{rate})")
        }
        LinkFault::Trickle { .. } => format!("replies of `{backend}` byte by byte"),
    }
}

fn fault_words(fault: &Fault) -> String {
    let backend = &fault.backend;
    match fault.kind {
        FaultKind::Stop { .. } => format!("a stop of `{backend}`"),
        FaultKind::Kill => format!("a kill of `{backend}`"),
        FaultKind::Rapid { restarts, .. } => format!("{restarts} quick restarts of `{backend}`"),
        FaultKind::Pause => format!("a pause of `{backend}`"),
        FaultKind::Cut => format!("a cut of `{backend}` from the network"),
        FaultKind::Link(link) => link_words(&link, backend),
    }
}

/// Whether a measured outage differs from the planned one: it is a fifth longer, and by more than
/// the 10 ms that an act may take.
pub fn is_other_outage(planned_ms: u64, measured_ms: u64) -> bool {
    measured_ms > planned_ms + planned_ms / 5 && measured_ms > planned_ms + 10
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
        let faults: Vec<&Fault> = plan.faults().map(|(_, fault)| fault).collect();
        assert_eq!(faults_in_words(&faults), "2 kills of `db`");
    }
}
