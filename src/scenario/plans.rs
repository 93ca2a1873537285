//! The fixed plans: the three ways in which people restart a backend by hand.

use std::fmt;
use std::str::FromStr;

use crate::model::{
    Action, Anchor, BackendName, Burst, Edge, Fault, FaultKind, Mix, Pace, Plan, RequestKind, Step,
};

/// A way to restart a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// The backend is restarted while nobody uses the API.
    Idle,
    /// The backend is restarted with requests in flight.
    InFlight,
    /// The backend is restarted several times in a row, under load.
    Rapid,
}

/// There is no such scenario.
#[derive(Debug, thiserror::Error)]
#[error("there is no scenario `{0}`; there are idle, in-flight and rapid")]
pub struct UnknownScenario(String);

impl Scenario {
    /// The scenario's plans: one that stops the backend and one that kills it. `outage_ms` is the
    /// length of each outage.
    ///
    /// If requests become jobs, the in-flight fault strikes after their acceptance: before, there
    /// is no job to lose.
    pub fn plans(self, backend: &BackendName, kinds: &[RequestKind], outage_ms: u64) -> Vec<Plan> {
        let grace_ms = outage_ms;
        let faults = [FaultKind::Stop { grace_ms }, FaultKind::Kill];
        let plan = |(kind, index)| {
            let backend = backend.clone();
            let fault = Fault {
                backend,
                kind,
                outage_ms,
            };
            Plan {
                seed: 0,
                index,
                background: None,
                steps: self.steps(kinds, &fault),
            }
        };
        faults.into_iter().zip(0..).map(plan).collect()
    }

    fn steps(self, kinds: &[RequestKind], fault: &Fault) -> Vec<Step> {
        let all = mix(kinds, |_| true);
        let jobs = mix(kinds, |kind| kind.job.is_some());
        let offset_ms = 0;
        let now = Anchor::At { offset_ms };
        let in_flight = |burst: &str, nth| Anchor::InFlight {
            burst: burst.into(),
            nth,
            offset_ms,
        };
        let accepted = Anchor::Accepted {
            burst: "b1".into(),
            nth: 4,
            offset_ms,
        };
        let ready = |fault: &str| Anchor::Ready {
            fault: fault.into(),
            offset_ms,
        };
        let fault_at = |id, anchor| Step::new(id, anchor, Action::Fault(fault.clone()));
        match self {
            Scenario::Idle => vec![fault_at("f1", now), burst("b1", ready("f1"), 6, 1, &all)],
            Scenario::InFlight if jobs.is_empty() => vec![
                burst("b1", now, 6, 6, &all),
                fault_at("f1", in_flight("b1", 4)),
                burst("b2", ready("f1"), 6, 2, &all),
            ],
            Scenario::InFlight if jobs == all => vec![
                burst("b1", now, 6, 6, &all),
                fault_at("f1", accepted),
                burst("b2", ready("f1"), 6, 2, &all),
            ],
            // How many of a mixed burst's requests become jobs is drawn. So a burst of jobs alone
            // is accepted first, and the fault strikes while requests of every kind are in flight.
            Scenario::InFlight => vec![
                burst("b1", now, 4, 4, &jobs),
                burst("b2", accepted, 6, 6, &all),
                fault_at("f1", in_flight("b2", 4)),
                burst("b3", ready("f1"), 6, 2, &all),
            ],
            Scenario::Rapid => {
                let after = |before: &str| Anchor::After {
                    step: before.into(),
                    edge: Edge::End,
                    offset_ms: fault.outage_ms / 3,
                };
                vec![
                    burst("b1", now, 12, 3, &all),
                    fault_at("f1", in_flight("b1", 3)),
                    fault_at("f2", after("f1")),
                    fault_at("f3", after("f2")),
                    fault_at("f4", after("f3")),
                    burst("b2", ready("f4"), 6, 2, &all),
                ]
            }
        }
    }
}

/// The kinds to draw from, with their weights.
fn mix(kinds: &[RequestKind], is_wanted: impl Fn(&RequestKind) -> bool) -> Mix {
    let wanted = kinds
        .iter()
        .filter(|kind| kind.weight > 0 && is_wanted(kind));
    wanted
        .map(|kind| (kind.name.clone(), kind.weight))
        .collect()
}

fn burst(id: &str, anchor: Anchor, count: u32, concurrency: u32, mix: &Mix) -> Step {
    let burst = Burst {
        count,
        concurrency,
        pace: Pace::Closed { think_ms: 0 },
        mix: mix.clone(),
    };
    Step::new(id, anchor, Action::Burst(burst))
}

impl FromStr for Scenario {
    type Err = UnknownScenario;

    fn from_str(text: &str) -> Result<Self, UnknownScenario> {
        match text {
            "idle" => Ok(Scenario::Idle),
            "in-flight" => Ok(Scenario::InFlight),
            "rapid" => Ok(Scenario::Rapid),
            _ => Err(UnknownScenario(text.to_owned())),
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scenario::Idle => "idle",
            Scenario::InFlight => "in-flight",
            Scenario::Rapid => "rapid",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::{Expect, Job};

    fn kind(name: &str, job: Option<Job>) -> RequestKind {
        RequestKind {
            name: name.to_owned(),
            weight: 1,
            after: None,
            method: "POST".to_owned(),
            path: "/request".to_owned(),
            headers: BTreeMap::new(),
            json: None,
            expect: Expect::default(),
            job,
        }
    }

    fn job(name: &str) -> RequestKind {
        let text = |text: &str| text.to_owned();
        let job = Job {
            id: text("/id"),
            poll: text("/response/{id}"),
            state: text("/status"),
            done: vec![text("COMPLETED")],
            failed: Vec::new(),
            states: Vec::new(),
            message: None,
        };
        kind(name, Some(job))
    }

    #[test]
    fn in_flight_means_accepted_where_requests_become_jobs() {
        let (warm, cold, sync) = (job("warm"), job("cold"), kind("sync", None));
        let unused = RequestKind {
            weight: 0,
            ..sync.clone()
        };
        let cases = [
            vec![sync.clone()],
            vec![warm.clone(), cold, unused],
            vec![warm, sync],
        ];
        let text = cases.map(|kinds| {
            let plans = Scenario::InFlight.plans(&"ray".to_owned(), &kinds, 3_000);
            plans[1].to_string()
        });
        insta::assert_snapshot!(text.join("\n"), @"
        plan 1 of seed 0: 3 steps
          b1   at 0 ms                             burst of 6 requests, 6 at a time (sync)
          f1   when request 4 of b1 is in flight   kill ray, start it after 3000 ms
          b2   when the backend is ready after f1  burst of 6 requests, 2 at a time (sync)
        plan 1 of seed 0: 3 steps
          b1   at 0 ms                             burst of 6 requests, 6 at a time (cold ×1, warm ×1)
          f1   when job 4 of b1 is accepted        kill ray, start it after 3000 ms
          b2   when the backend is ready after f1  burst of 6 requests, 2 at a time (cold ×1, warm ×1)
        plan 1 of seed 0: 4 steps
          b1   at 0 ms                             burst of 4 requests, 4 at a time (warm)
          b2   when job 4 of b1 is accepted        burst of 6 requests, 6 at a time (sync ×1, warm ×1)
          f1   when request 4 of b2 is in flight   kill ray, start it after 3000 ms
          b3   when the backend is ready after f1  burst of 6 requests, 2 at a time (sync ×1, warm ×1)
        ");
    }

    #[test]
    fn every_plan_restarts_the_backend_and_asks_again_when_it_is_ready() {
        for scenario in [Scenario::Idle, Scenario::InFlight, Scenario::Rapid] {
            let plans = scenario.plans(&"ray".to_owned(), &[job("job")], 3_000);
            assert_eq!(plans.len(), 2, "one stops and one kills");
            for plan in plans {
                assert_eq!(plan.check_ids(), Ok(()));
                let last_fault = plan.faults().last().map(|(id, _)| id.clone()).unwrap();
                let last = &plan.steps.last().unwrap().anchor;
                assert_eq!(
                    last,
                    &Anchor::Ready {
                        fault: last_fault,
                        offset_ms: 0
                    }
                );
            }
            assert_eq!(scenario.to_string().parse::<Scenario>().unwrap(), scenario);
        }
    }
}
