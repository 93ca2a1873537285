//! The smallest plan without each of its steps.

use std::collections::BTreeSet;

use super::Driver;
use crate::model::{BACKGROUND, Plan, Standing, StepId, StepTimes};
use crate::shrink::executions::{Executions, Purpose};
use crate::shrink::passes::{no_later, without};
use crate::shrink::rates::Rates;
use crate::shrink::shrunk::Need;

/// A step is called needed when it is this sure.
const SURE: f64 = 0.97;

/// Passes without a step at least, however sure one pass makes: without it the plan may fail more
/// seldom rather than never.
const LEAST_PASSES: u32 = 2;

/// After this many passes that leave it open, it is undecided.
const MOST_PASSES: u32 = 20;

impl<E: Executions> Driver<'_, E> {
    /// Tries the smallest plan without each of its steps. What fails without one, and as often, is
    /// smaller still; then all steps of that plan are tried.
    pub(super) async fn needs(&mut self) -> Option<()> {
        while self.is_smaller_without_a_step().await? {}
        Some(())
    }

    async fn is_smaller_without_a_step(&mut self) -> Option<bool> {
        self.needs.clear();
        for (part, _) in self.best.parts() {
            if self.rarer.contains(&part) {
                self.say(&part, Standing::Rarer, 0, 0.0);
                continue;
            }
            let smaller = self.without_part(&part);
            let rates = self.rates();
            let mut passed = 0;
            while passed < MOST_PASSES {
                if self.execute(&smaller, Purpose::Explain).await? {
                    if self.is_as_good(&smaller).await? {
                        return Some(true);
                    }
                    self.rarer.insert(part.clone());
                    self.say(&part, Standing::Rarer, passed, 0.0);
                    break;
                }
                passed += 1;
                let sure = needed(&rates, passed);
                let is_enough = passed >= LEAST_PASSES && sure >= SURE;
                let standing = match is_enough {
                    true => Standing::Needed,
                    false => Standing::Undecided,
                };
                self.say(&part, standing, passed, sure);
                if is_enough {
                    break;
                }
            }
        }
        Some(false)
    }

    /// Takes a simpler plan that has failed if it fails about as often as the best one. Whether it
    /// does.
    pub(super) async fn is_as_good(&mut self, simpler: &Plan) -> Option<bool> {
        let hints = self.hints.len();
        self.accepted = vec![(self.best.clone(), hints), (simpler.clone(), hints)];
        let is_often = self.is_often(1).await?;
        if is_often {
            self.take(simpler.clone());
        }
        Some(is_often)
    }

    fn say(&mut self, part: &StepId, standing: Standing, passed: u32, sure: f64) {
        let need = Need {
            standing,
            passed,
            sure,
        };
        self.needs.insert(part.clone(), need);
    }

    fn without_part(&self, part: &StepId) -> Plan {
        if part.0 == BACKGROUND {
            return Plan {
                background: None,
                ..self.best.clone()
            };
        }
        // When steps of the first plan were done says nothing of this one any more.
        let gone = BTreeSet::from([part.clone()]);
        let smaller = without(&self.best, &gone, &StepTimes::default());
        no_later(smaller, self.longest_offset_ms)
    }
}

/// How sure it is that a step is needed without which the plan passed this many times, with even
/// odds beforehand.
fn needed(rates: &Rates, passed: u32) -> f64 {
    1.0 / (1.0 + rates.hides(passed))
}
