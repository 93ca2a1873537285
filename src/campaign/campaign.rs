//! What a campaign tries.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::ShrinkBudget;
use crate::generator::{self, Space};
use crate::model::{Plan, Regressed, Signature};
use crate::trace::Trace;

/// How many plans show how long one takes: the fixed ones at the beginning, and as many drawn.
const SOME_PLANS: u64 = 40;

/// What is tried, and when the campaign ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Campaign {
    /// Decides the plans.
    pub seed: u64,
    /// What is tried.
    pub plans: PlanSource,
    /// How long new trials may be begun.
    pub at_most: Option<Duration>,
    /// It ends after this many different failures. One that shows too seldom to be shrunk does not
    /// count.
    pub max_failures: usize,
    /// The largest share of inconclusive trials, from 0 to 1, that still counts as a result.
    pub max_inconclusive: f64,
    /// The folder in which the campaign's own folder is made.
    pub out: PathBuf,
    /// The folder in which failing traces are kept.
    pub traces: PathBuf,
    /// What may be spent on shrinking; without it, each failure is kept as it was found.
    pub shrink: Option<ShrinkBudget>,
    /// Saved failures of the stack, which are replayed before anything new is tried.
    pub reuse: Vec<Saved>,
    /// Saved traces that cannot be read: the summary lists them, because they are not replayed.
    pub unreadable: Vec<Regressed>,
    /// The signatures of known failures; a part `*` stands for any ([`Signature::covers`]).
    pub known: BTreeSet<Signature>,
}

/// The plans of a campaign.
#[derive(Debug, Clone, PartialEq)]
pub enum PlanSource {
    /// This many, drawn from the seed.
    Random(u64),
    /// These. The summary lists the expectations of each.
    Scenario(Vec<Plan>),
}

/// A saved failure.
#[derive(Debug, Clone, PartialEq)]
pub struct Saved {
    /// The trace's file.
    pub path: PathBuf,
    /// The trace; its events are not needed.
    pub trace: Trace,
}

impl PlanSource {
    /// The number of plans.
    pub fn count(&self) -> u64 {
        match self {
            PlanSource::Random(count) => *count,
            PlanSource::Scenario(plans) => plans.len() as u64,
        }
    }

    /// How long the steps of a plan take ([`Plan::planned_ms`]): the median of the first ones.
    pub fn planned_ms(&self, space: &Space, seed: u64) -> u64 {
        let some = 0..self.count().min(SOME_PLANS);
        let lengths = some.map(|index| self.plan(space, seed, index).planned_ms());
        let mut lengths = Vec::from_iter(lengths);
        lengths.sort_unstable();
        lengths.get(lengths.len() / 2).copied().unwrap_or(0)
    }

    /// The plan with an index below [`PlanSource::count`].
    pub(super) fn plan(&self, space: &Space, seed: u64, index: u64) -> Plan {
        match self {
            PlanSource::Random(_) => generator::plan(space, seed, index),
            PlanSource::Scenario(plans) => plans[index as usize].clone(),
        }
    }
}
