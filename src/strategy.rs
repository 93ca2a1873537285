//! Random plans for `proptest!` that shrink as comeback shrinks.
//!
//! [`plans`] draws the same plans as [`generator::plans`]. But proptest would shrink the numbers
//! that a plan was drawn from, while this value tree shrinks the plan itself by comeback's
//! [passes](crate::shrink::smaller_plans): steps are removed, and the steps anchored to them keep
//! their time; faults and loads become simpler; numbers become smaller. The result is a plan that
//! no pass makes simpler, in the order of [`Plan::size`](crate::model::Plan::size).
//!
//! Each plan is tried only once. For a failure that does not always occur, use
//! [`shrink`](crate::shrink::shrink), which repeats plans.

use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::generator::{self, Space};
use crate::model::Plan;
use crate::shrink::smaller_plans;

/// All plans of a space, drawn as by [`generator::plans`] and shrunk by comeback's own passes.
pub fn plans(space: &Space) -> Plans {
    Plans {
        space: space.clone(),
    }
}

/// The strategy that [`plans`] returns.
#[derive(Debug, Clone)]
pub struct Plans {
    space: Space,
}

impl Strategy for Plans {
    type Tree = PlanTree;
    type Value = Plan;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let plan = generator::plans(&self.space).new_tree(runner)?.current();
        Ok(PlanTree {
            space: self.space.clone(),
            failed: plan.clone(),
            current: plan,
            untried: None,
        })
    }
}

/// A plan and the simpler plans to try.
pub struct PlanTree {
    space: Space,
    /// The simplest plan that failed so far.
    failed: Plan,
    /// The plan being tried.
    current: Plan,
    /// The simpler plans that were not tried yet; none before the first is needed.
    untried: Option<Box<dyn Iterator<Item = Plan>>>,
}

impl PlanTree {
    /// Moves on to the next plan that fits, or back to the plan that failed if there is none.
    fn advance(&mut self) -> bool {
        let untried = self
            .untried
            .get_or_insert_with(|| Box::new(smaller_plans(&self.failed)));
        let space = &self.space;
        let next = untried.find(|plan| space.fits(plan).is_ok());
        let found = next.is_some();
        self.current = next.unwrap_or_else(|| self.failed.clone());
        found
    }
}

impl ValueTree for PlanTree {
    type Value = Plan;

    fn current(&self) -> Plan {
        self.current.clone()
    }

    /// The current plan failed: tries a simpler one.
    fn simplify(&mut self) -> bool {
        self.failed = self.current.clone();
        self.untried = None;
        self.advance()
    }

    /// The current plan passed: tries another plan that is simpler than the last failing one.
    fn complicate(&mut self) -> bool {
        self.advance()
    }
}

#[cfg(test)]
mod tests {
    use proptest::test_runner::{Config, TestCaseError, TestError};

    use super::*;
    use crate::generator::{BackendSpace, Bounds};
    use crate::model::{Action, FaultKind, FaultName, Mix, Step};

    fn space() -> Space {
        let backend = BackendSpace {
            name: "db".to_owned(),
            faults: FaultName::OF_SERVICES.to_vec(),
        };
        let kinds = Mix::from([("read".to_owned(), 1), ("job".to_owned(), 1)]);
        Space::new(vec![backend], kinds, Vec::new(), Bounds::default()).unwrap()
    }

    /// What is left of the first plan of which this holds.
    fn minimum(seed: u64, fails: impl Fn(&Plan) -> bool) -> Plan {
        let mut seeds = [0; 32];
        seeds[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = proptest::test_runner::TestRng::from_seed(Default::default(), &seeds);
        let config = Config {
            failure_persistence: None,
            cases: 2_000,
            ..Config::default()
        };
        let found =
            TestRunner::new_with_rng(config, rng).run(&plans(&space()), |plan| {
                match fails(&plan) {
                    true => Err(TestCaseError::fail("it fails")),
                    false => Ok(()),
                }
            });
        match found {
            Err(TestError::Fail(_, plan)) => plan,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_plan_shrinks_to_what_makes_it_fail() {
        for seed in 0..20 {
            let plan = minimum(seed, |plan| {
                plan.faults().any(|(_, fault)| fault.outage_ms >= 300)
            });
            assert_eq!(plan.steps.len(), 1, "{plan}");
            let (_, fault) = plan.faults().next().unwrap();
            assert_eq!(
                (fault.outage_ms, fault.kind),
                (300, FaultKind::Kill),
                "{plan}"
            );
            assert_eq!(plan.steps[0].anchor.offset_ms(), 0, "{plan}");
        }
    }

    #[test]
    fn two_steps_that_need_each_other_are_kept() {
        for seed in 0..20 {
            let plan = minimum(seed, |plan| {
                let faults = plan.faults().count();
                let large =
                    |step: &Step| matches!(&step.action, Action::Burst(burst) if burst.count >= 5);
                faults >= 2 && plan.steps.iter().any(large)
            });
            assert_eq!((plan.steps.len(), plan.size().requests), (3, 5), "{plan}");
            assert!(space().fits(&plan).is_ok(), "{plan}");
        }
    }
}
