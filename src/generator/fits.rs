//! Whether a plan from elsewhere may be executed on this stack.

use super::Space;
use super::faults::RESTARTS;
use super::link_faults::{AFTER_BYTES, BYTE_GAP_MS, IDLE_MS, LATENCY_MS, RATE_KIB_S};
use crate::model::{
    Action, BACKGROUND, Burst, Fault, Misfit, Mix, NumberKind, Pace, Plan, Step, StepId,
};

impl Space {
    /// Checks that a plan does only what this space could have drawn, so that a foreign trace can
    /// do no more to a stack than its configuration allows. Nothing is clamped: a plan that is not
    /// executed as written proves nothing.
    ///
    /// Lower bounds are not checked, because a shrunk plan lies below them.
    ///
    /// # Errors
    /// Names the first step that does not fit, and why.
    pub fn fits(&self, plan: &Plan) -> Result<(), Misfit> {
        plan.check()?;
        if let Some(background) = &plan.background {
            let load = StepId::from(BACKGROUND);
            let most = *self.bounds.background_rate_per_s.end();
            self.mix_fits(&load, &background.mix)?;
            rate_fits(&load, background.rate_per_s, most)?;
        }
        let most = self.bounds.steps.end();
        if let Some(step) = plan.steps.get(*most as usize) {
            let count = plan.steps.len();
            let what = format!("the plan has {count} steps, and at most {most} are allowed");
            return Err(Misfit::cap(&step.id, what));
        }
        plan.steps.iter().try_for_each(|step| self.step_fits(step))
    }

    /// The longest offset of a step. If the steps between it and its anchor were removed, that is
    /// as long as a plan may last.
    pub fn longest_offset_ms(&self) -> u64 {
        self.bounds.max_offset_ms.max(self.bounds.max_plan_ms)
    }

    fn step_fits(&self, step: &Step) -> Result<(), Misfit> {
        let Step { id, action, .. } = step;
        for kind in NumberKind::ALL {
            let Some((most, unit)) = self.most(kind) else {
                continue;
            };
            if let Some(number) = step.number(kind).filter(|number| *number > most) {
                let what = format!("{number} {unit}, and at most {most} are allowed");
                return Err(Misfit::cap(id, what));
            }
        }
        match action {
            Action::Burst(burst) => self.burst_fits(id, burst),
            Action::Fault(fault) => self.fault_fits(id, fault),
            Action::Wait(_) => Ok(()),
        }
    }

    /// The upper bound of a number, and its unit; none if nothing bounds it.
    fn most(&self, kind: NumberKind) -> Option<(u64, &'static str)> {
        let bounds = &self.bounds;
        Some(match kind {
            NumberKind::Nth => return None,
            NumberKind::Requests => ((*bounds.requests.end()).into(), "requests"),
            NumberKind::Concurrency => ((*bounds.concurrency.end()).into(), "requests at once"),
            NumberKind::Restarts => ((*RESTARTS.end()).into(), "restarts"),
            NumberKind::Outage => (*bounds.outage_ms.end(), "ms of outage"),
            NumberKind::Gap => (bounds.max_gap_ms, "ms between restarts"),
            NumberKind::Grace => (bounds.max_grace_ms, "ms of grace"),
            NumberKind::Latency => (*LATENCY_MS.end(), "ms of latency"),
            NumberKind::Rate => (*RATE_KIB_S.end(), "KiB per second"),
            NumberKind::ByteGap => (*BYTE_GAP_MS.end(), "ms between bytes"),
            NumberKind::Bytes => (*AFTER_BYTES.end(), "bytes"),
            NumberKind::Idle => (*IDLE_MS.end(), "ms of idle time"),
            NumberKind::Think => (bounds.max_think_ms, "ms between requests"),
            NumberKind::Wait => (bounds.max_wait_ms, "ms of wait"),
            NumberKind::Offset => (self.longest_offset_ms(), "ms of offset"),
        })
    }

    fn burst_fits(&self, id: &StepId, burst: &Burst) -> Result<(), Misfit> {
        self.mix_fits(id, &burst.mix)?;
        if burst.count == 0 || burst.concurrency == 0 {
            let what = "it has no requests or no senders".to_owned();
            return Err(Misfit::cap(id, what));
        }
        match burst.pace {
            Pace::Closed { .. } => Ok(()),
            Pace::Open { rate_per_s } => rate_fits(id, rate_per_s, *self.bounds.rate_per_s.end()),
        }
    }

    fn fault_fits(&self, id: &StepId, fault: &Fault) -> Result<(), Misfit> {
        let Some(backend) = self.backends.iter().find(|b| b.name == fault.backend) else {
            return Err(Misfit::Backend {
                step: id.clone(),
                backend: fault.backend.clone(),
                known: list(self.backends.iter().map(|backend| backend.name.as_str())),
            });
        };
        let name = fault.kind.name();
        let allowed = backend.faults.iter().map(|fault| fault.name());
        if allowed.clone().any(|allowed| allowed == name) {
            return Ok(());
        }
        Err(Misfit::FaultKind {
            step: id.clone(),
            backend: fault.backend.clone(),
            fault: name,
            allowed: list(allowed),
        })
    }

    fn mix_fits(&self, load: &StepId, mix: &Mix) -> Result<(), Misfit> {
        if mix.values().all(|weight| *weight == 0) {
            let what = "it sends no kind of request".to_owned();
            return Err(Misfit::cap(load, what));
        }
        match mix.keys().find(|kind| !self.kinds.contains_key(*kind)) {
            None => Ok(()),
            Some(unknown) => Err(Misfit::RequestKind {
                load: load.0.clone(),
                kind: unknown.clone(),
                known: list(self.kinds.keys().map(String::as_str)),
            }),
        }
    }
}

fn rate_fits(id: &StepId, rate_per_s: f64, most: f64) -> Result<(), Misfit> {
    // NaN fails both comparisons, and so is refused.
    if rate_per_s > 0.0 && rate_per_s <= most {
        return Ok(());
    }
    let what = format!("{rate_per_s} requests per second; above 0 and at most {most} are allowed");
    Err(Misfit::cap(id, what))
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::{BackendSpace, Bounds};
    use crate::model::{Anchor, Background, FaultKind, FaultName, Wait};

    fn space() -> Space {
        let backend = BackendSpace {
            name: "db".to_owned(),
            faults: vec![FaultName::Kill, FaultName::Rapid],
        };
        let kinds = Mix::from([("read".to_owned(), 1)]);
        Space::new(vec![backend], kinds, vec![], Bounds::default()).unwrap()
    }

    fn misfit(action: Action) -> String {
        let step = Step {
            id: StepId("x1".to_owned()),
            anchor: Anchor::At { offset_ms: 0 },
            action,
        };
        refusal(Plan {
            seed: 0,
            index: 0,
            background: None,
            steps: vec![step],
        })
    }

    fn refusal(plan: Plan) -> String {
        match space().fits(&plan) {
            Ok(()) => "it fits".to_owned(),
            Err(misfit) => misfit.to_string(),
        }
    }

    fn fault(backend: &str, kind: FaultKind, outage_ms: u64) -> Action {
        let backend = backend.to_owned();
        Action::Fault(Fault {
            backend,
            kind,
            outage_ms,
        })
    }

    fn burst(count: u32, pace: Pace, kind: &str) -> Action {
        Action::Burst(Burst {
            count,
            concurrency: 1,
            pace,
            mix: Mix::from([(kind.to_owned(), 1)]),
        })
    }

    #[test]
    fn a_fault_that_the_configuration_does_not_allow_is_named() {
        let rapid = |restarts, gap_ms| FaultKind::Rapid { restarts, gap_ms };
        insta::assert_snapshot!([
            misfit(fault("db", FaultKind::Kill, 45_000)),
            misfit(fault("cache", FaultKind::Kill, 1)),
            misfit(fault("db", FaultKind::Pause, 1)),
            misfit(fault("db", FaultKind::Kill, 45_001)),
            misfit(fault("db", rapid(9, 0), 1)),
            misfit(fault("db", rapid(2, 10_001), 1)),
        ].join("\n"), @"
        it fits
        step x1 faults the backend `cache`, which this stack does not have; it has `db`
        step x1 is a `pause` fault, which is not allowed for the backend `db`; allowed: `kill`, `rapid`
        step x1: 45001 ms of outage, and at most 45000 are allowed
        step x1: 9 restarts, and at most 8 are allowed
        step x1: 10001 ms between restarts, and at most 10000 are allowed
        ");
    }

    #[test]
    fn load_that_the_configuration_does_not_allow_is_named() {
        let closed = |think_ms| Pace::Closed { think_ms };
        let open = |rate_per_s| Pace::Open { rate_per_s };
        insta::assert_snapshot!([
            misfit(burst(40, closed(0), "read")),
            misfit(burst(41, closed(0), "read")),
            misfit(burst(0, closed(0), "read")),
            misfit(burst(1, closed(1_001), "read")),
            misfit(burst(1, open(8.5), "read")),
            misfit(burst(1, open(f64::NAN), "read")),
            misfit(burst(1, closed(0), "write")),
            misfit(Action::Wait(Wait { wait_ms: 3_600_000 })),
        ].join("\n"), @"
        it fits
        step x1: 41 requests, and at most 40 are allowed
        step x1: it has no requests or no senders
        step x1: 1001 ms between requests, and at most 1000 are allowed
        step x1: 8.5 requests per second; above 0 and at most 8 are allowed
        step x1: NaN requests per second; above 0 and at most 8 are allowed
        x1 sends requests of the kind `write`, which the configuration does not have; it has `read`
        step x1: 3600000 ms of wait, and at most 20000 are allowed
        ");
    }

    #[test]
    fn the_plan_as_a_whole_has_to_fit() {
        let step = |number: usize| Step {
            id: StepId(format!("f{number}")),
            anchor: Anchor::At { offset_ms: 0 },
            action: fault("db", FaultKind::Kill, 1),
        };
        let plan = |background, steps| Plan {
            seed: 0,
            index: 0,
            background,
            steps,
        };
        let background = Background {
            rate_per_s: 1_000.0,
            mix: Mix::from([("read".to_owned(), 1)]),
        };
        insta::assert_snapshot!([
            refusal(plan(None, vec![])),
            refusal(plan(None, vec![step(1), step(1)])),
            refusal(plan(None, (1..=9).map(step).collect())),
            refusal(plan(Some(background), vec![])),
        ].join("\n"), @"
        it fits
        two steps are called f1
        step f9: the plan has 9 steps, and at most 8 are allowed
        step background: 1000 requests per second; above 0 and at most 2 are allowed
        ");
    }
}
