//! How often plans failed that are made of one by simpler shapes and smaller numbers.

use std::ops::ControlFlow;

use super::guard::RateTest;
use super::rates::Rates;
use super::runs::{Runs, RunsOf};
use crate::model::Plan;

/// What is known of how often they fail.
#[derive(Debug)]
pub struct RunRecord {
    runs: RunsOf<Plan>,
    rates: Rates,
    /// How often the first of the plans may fail: where it always does, this is what was believed
    /// when that was surest, for the others only became simpler, and so fail no more often.
    first: Rates,
    known_runs: u32,
}

impl RunRecord {
    /// Before any of them was run; this is believed of the first one's rate, by so many of the
    /// guard's runs.
    pub fn new(rates: Rates, known_runs: u32) -> Self {
        RunRecord {
            runs: RunsOf::default(),
            first: rates.clone(),
            rates,
            known_runs,
        }
    }

    /// How often the present plan may fail.
    pub fn rates(&self) -> &Rates {
        &self.rates
    }

    /// So many runs of the guard the first plan's rate was known by beforehand.
    pub fn known_runs(&self) -> u32 {
        self.known_runs
    }

    /// How often a plan was seen to fail.
    pub fn runs_of(&self, plan: &Plan) -> Runs {
        self.runs.of(plan)
    }

    /// Counts a run.
    pub fn count(&mut self, plan: &Plan, failed: bool) {
        self.runs.count(plan, failed);
    }

    /// From now on this is believed of the present plan's rate.
    pub fn believe(&mut self, rates: Rates) {
        // What shows now and then seems frequent whenever chance will have it.
        if rates.is_always() && self.first.is_always() && rates.mean() > self.first.mean() {
            self.first = rates.clone();
        }
        self.rates = rates;
    }

    /// Whether a plan fails about as often as the first one, or else which of the two has to be run
    /// to know.
    pub fn look<'a>(&self, plan: &'a Plan, first: &'a Plan) -> ControlFlow<bool, &'a Plan> {
        let (original, seen) = (self.runs_of(first), self.runs_of(plan));
        let rates = self.first.given(original);
        if let Some(often) = RateTest::of_numbers(&rates, seen).is_often() {
            return ControlFlow::Break(often);
        }
        // While the plan keeps failing, the first one's rate does not matter; later both are known
        // about equally well.
        let is_known = rates.is_surely_always() || self.known_runs + original.all() >= seen.all();
        ControlFlow::Continue(if seen.passed == 0 || is_known {
            plan
        } else {
            first
        })
    }
}
