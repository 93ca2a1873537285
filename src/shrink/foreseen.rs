//! Which plans will be executed next, as far as that can be foreseen.
//!
//! Shrinking depends on nothing but the results so far. Replayed with these, and with more that are
//! only supposed, it asks for the plan that it would ask for then. So several stacks can execute at
//! once what one stack would execute in turn, and the outcome is the same.

use std::collections::BTreeMap;

use futures_util::FutureExt;

use super::driver::shrink;
use super::executions::{Execution, Executions, Purpose};
use super::shrunk::Found;
use crate::model::{Plan, StepId};

/// What is believed of a rate that is not known.
const EVEN: f64 = 0.5;

/// No result of a guard's run is surer than this, and none is less likely than the rest.
const SURELY: f64 = 0.97;

/// What came of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownRun {
    /// Whether the plan failed.
    pub execution: Execution,
    /// What [`Executions::outages_ms`] says of it.
    pub outages_ms: BTreeMap<StepId, u64>,
}

/// An execution that will be asked for if those before it end as supposed.
#[derive(Debug, Clone, PartialEq)]
pub struct Foreseen {
    /// The results that are supposed after the known ones.
    pub supposed: Vec<Execution>,
    /// What is executed.
    pub plan: Plan,
    /// What for.
    pub purpose: Purpose,
}

/// The next execution and those that are likeliest to follow, at most so many, after these results
/// of [`shrink`] with the same failure and seed. `fits` is [`Executions::fits`].
pub fn foresee(
    found: &Found,
    seed: u64,
    known: &[KnownRun],
    most: usize,
    fits: &dyn Fn(&Plan) -> bool,
) -> Vec<Foreseen> {
    let mut foreseen = Vec::new();
    let mut open: Vec<(f64, Vec<Execution>)> = vec![(1.0, Vec::new())];
    while foreseen.len() < most
        && let Some((probability, supposed)) = take_likeliest(&mut open)
    {
        let mut replay = ResultReplay {
            results: known
                .iter()
                .map(|run| run.execution)
                .chain(supposed.clone())
                .collect(),
            known,
            next: 0,
            rate: 1.0,
            asked: None,
            fits,
        };
        // Nothing in it waits.
        let _ = shrink(found, seed, &mut replay).now_or_never();
        let Some((plan, purpose)) = replay.asked else {
            continue;
        };
        let fails = match purpose {
            Purpose::Guard => replay.rate.clamp(1.0 - SURELY, SURELY),
            Purpose::Shrink | Purpose::Explain => EVEN,
        };
        let results = [(fails, Execution::Failed), (1.0 - fails, Execution::Passed)];
        open.extend(results.map(|(of, result)| {
            let supposed = supposed.iter().copied().chain([result]).collect();
            (probability * of, supposed)
        }));
        foreseen.push(Foreseen {
            supposed,
            plan,
            purpose,
        });
    }
    foreseen
}

fn take_likeliest(open: &mut Vec<(f64, Vec<Execution>)>) -> Option<(f64, Vec<Execution>)> {
    let each = open.iter().enumerate();
    let (place, _) = each.max_by(|(_, (one, _)), (_, (other, _))| one.total_cmp(other))?;
    Some(open.swap_remove(place))
}

/// Answers with results, and ends the shrinking when it asks for more.
struct ResultReplay<'a> {
    results: Vec<Execution>,
    known: &'a [KnownRun],
    next: usize,
    rate: f64,
    /// What it asked for then.
    asked: Option<(Plan, Purpose)>,
    fits: &'a dyn Fn(&Plan) -> bool,
}

impl Executions for ResultReplay<'_> {
    async fn execute(&mut self, plan: &Plan, purpose: Purpose) -> Option<Execution> {
        let Some(result) = self.results.get(self.next) else {
            self.asked.get_or_insert_with(|| (plan.clone(), purpose));
            return None;
        };
        self.next += 1;
        Some(*result)
    }

    fn outages_ms(&self) -> BTreeMap<StepId, u64> {
        let last = self
            .next
            .checked_sub(1)
            .and_then(|last| self.known.get(last));
        last.map(|run| run.outages_ms.clone()).unwrap_or_default()
    }

    fn fits(&self, plan: &Plan) -> bool {
        (self.fits)(plan)
    }

    fn best(&mut self, _plan: &Plan, rate: f64) {
        self.rate = rate;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Action, Anchor, Fault, FaultKind, Step, StepTimes};

    /// Fails if the second and the fourth fault are there, and remembers what it was asked for.
    #[derive(Default)]
    struct Oracle {
        known: Vec<KnownRun>,
        asked: Vec<(Plan, Purpose)>,
    }

    impl Executions for Oracle {
        async fn execute(&mut self, plan: &Plan, purpose: Purpose) -> Option<Execution> {
            self.asked.push((plan.clone(), purpose));
            let is_there = |id: &str| plan.step(&id.into()).is_some();
            let execution = match is_there("f2") && is_there("f4") {
                true => Execution::Failed,
                false => Execution::Passed,
            };
            self.known.push(KnownRun {
                execution,
                outages_ms: BTreeMap::new(),
            });
            Some(execution)
        }

        fn fits(&self, _plan: &Plan) -> bool {
            true
        }

        fn best(&mut self, _plan: &Plan, _rate: f64) {}
    }

    fn found() -> Found {
        let fault = |nth: u64| Step {
            id: format!("f{nth}").as_str().into(),
            anchor: Anchor::At {
                offset_ms: 100 * nth,
            },
            action: Action::Fault(Fault {
                backend: "db".to_owned(),
                kind: FaultKind::Kill,
                outage_ms: 40,
            }),
        };
        Found {
            plan: Plan {
                seed: 1,
                index: 0,
                background: None,
                steps: (1..=5).map(fault).collect(),
            },
            times: StepTimes::default(),
            log_odds: BTreeMap::new(),
            longest_offset_ms: 1_000,
        }
    }

    #[test]
    fn what_is_foreseen_is_what_is_asked_for_when_it_comes_as_supposed() {
        let (found, mut oracle) = (found(), Oracle::default());
        let shrunk = shrink(&found, 7, &mut oracle).now_or_never();
        assert_eq!(shrunk.map(|shrunk| shrunk.plan.steps.len()), Some(2));
        let mut followed = 0;
        for place in 0..oracle.asked.len() {
            let foreseen = foresee(&found, 7, &oracle.known[..place], 6, &|_| true);
            assert!(foreseen.len() <= 6);
            let (now, then) = foreseen.split_first().expect("it is asked for something");
            assert_eq!(
                (&now.plan, now.purpose),
                (&oracle.asked[place].0, oracle.asked[place].1)
            );
            for later in then {
                let results = oracle.known[place..].iter().map(|run| run.execution);
                let comes_so = results
                    .take(later.supposed.len())
                    .eq(later.supposed.iter().copied());
                let asked = oracle.asked.get(place + later.supposed.len());
                if let (true, Some((plan, purpose))) = (comes_so, asked) {
                    followed += 1;
                    assert_eq!((&later.plan, later.purpose), (plan, *purpose));
                }
            }
        }
        assert!(followed >= oracle.asked.len(), "{followed}");
    }

    #[test]
    fn nothing_is_foreseen_after_the_end() {
        let (found, mut oracle) = (found(), Oracle::default());
        let shrunk = shrink(&found, 7, &mut oracle).now_or_never();
        assert!(shrunk.is_some());
        assert_eq!(foresee(&found, 7, &oracle.known, 4, &|_| true), []);
    }
}
