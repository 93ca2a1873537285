//! The fixed plans: the three ways in which people restart a backend by hand.

use std::fmt;
use std::str::FromStr;

use crate::model::{
    Action, Anchor, BackendName, Burst, Edge, Fault, FaultKind, Mix, Pace, Plan, RequestKind, Step,
    StepId,
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
    /// The scenario's plans: one that stops the backend and one that kills it. `outage_ms` is how
    /// long it is kept away.
    ///
    /// Where requests become jobs, in flight means accepted: until then there is no job to be lost.
    pub fn plans(self, backend: &BackendName, kinds: &[RequestKind], outage_ms: u64) -> Vec<Plan> {
        let faults = [
            FaultKind::Stop {
                grace_ms: outage_ms,
            },
            FaultKind::Kill,
        ];
        let numbered = faults.into_iter().zip(0..);
        numbered
            .map(|(fault, index)| Plan {
                seed: 0,
                index,
                background: None,
                steps: self.steps(backend, kinds, fault, outage_ms),
            })
            .collect()
    }

    fn steps(
        self,
        backend: &BackendName,
        kinds: &[RequestKind],
        kind: FaultKind,
        outage_ms: u64,
    ) -> Vec<Step> {
        let mix = mix(kinds, |_| true);
        let jobs = self::mix(kinds, |kind| kind.job.is_some());
        let fault = |id: &str, anchor, kind| {
            let backend = backend.clone();
            step(
                id,
                anchor,
                Action::Fault(Fault {
                    backend,
                    kind,
                    outage_ms,
                }),
            )
        };
        let burst_of = |mix: &Mix, id: &str, anchor, count, concurrency| {
            let pace = Pace::Closed { think_ms: 0 };
            step(
                id,
                anchor,
                Action::Burst(Burst {
                    count,
                    concurrency,
                    pace,
                    mix: mix.clone(),
                }),
            )
        };
        let burst =
            |id: &str, anchor, count, concurrency| burst_of(&mix, id, anchor, count, concurrency);
        let now = Anchor::At { offset_ms: 0 };
        let in_flight = |burst: &str, nth| Anchor::InFlight {
            burst: id(burst),
            nth,
            offset_ms: 0,
        };
        let accepted = Anchor::Accepted {
            burst: id("b1"),
            nth: 4,
            offset_ms: 0,
        };
        let ready = |fault: &str| Anchor::Ready {
            fault: id(fault),
            offset_ms: 0,
        };
        match self {
            Scenario::Idle => vec![fault("f1", now, kind), burst("b1", ready("f1"), 6, 1)],
            Scenario::InFlight if jobs.is_empty() => vec![
                burst("b1", now, 6, 6),
                fault("f1", in_flight("b1", 4), kind),
                burst("b2", ready("f1"), 6, 2),
            ],
            Scenario::InFlight if jobs == mix => vec![
                burst("b1", now, 6, 6),
                fault("f1", accepted, kind),
                burst("b2", ready("f1"), 6, 2),
            ],
            // How many of some mixed requests are jobs is drawn. So jobs alone are accepted first,
            // and the fault strikes when requests of every kind are in flight, too.
            Scenario::InFlight => vec![
                burst_of(&jobs, "b1", now, 4, 4),
                burst("b2", accepted, 6, 6),
                fault("f1", in_flight("b2", 4), kind),
                burst("b3", ready("f1"), 6, 2),
            ],
            Scenario::Rapid => {
                let mut steps = vec![
                    burst("b1", now, 12, 3),
                    fault("f1", in_flight("b1", 3), kind),
                ];
                for (before, name) in [("f1", "f2"), ("f2", "f3"), ("f3", "f4")] {
                    let edge = Edge::End;
                    let anchor = Anchor::After {
                        step: id(before),
                        edge,
                        offset_ms: outage_ms / 3,
                    };
                    steps.push(fault(name, anchor, kind));
                }
                steps.push(burst("b2", ready("f4"), 6, 2));
                steps
            }
        }
    }
}

/// How often each of some kinds is drawn.
fn mix(kinds: &[RequestKind], wanted: impl Fn(&RequestKind) -> bool) -> Mix {
    let wanted = kinds.iter().filter(|kind| kind.weight > 0 && wanted(kind));
    wanted
        .map(|kind| (kind.name.clone(), kind.weight))
        .collect()
}

fn step(name: &str, anchor: Anchor, action: Action) -> Step {
    Step {
        id: id(name),
        anchor,
        action,
    }
}

fn id(name: &str) -> StepId {
    StepId(name.to_owned())
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
