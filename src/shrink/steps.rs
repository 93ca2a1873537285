//! A plan's steps, as places of a set.

use std::collections::BTreeSet;

use super::passes::{no_later, without};
use super::places::{MOST_PLACES, Places, bits};
use super::shrunk::Found;
use crate::model::{Plan, StepId, StepTimes};

/// The steps of a failing plan that may be left out.
pub struct RemovableSteps {
    /// The plan that was found, without what was never executed.
    pub plan: Plan,
    times: StepTimes,
    /// The steps by place; behind them is the background load, if there is any.
    ids: Vec<StepId>,
    /// Those of [`Belief::new`](super::belief::Belief::new), for each place.
    pub log_odds: Vec<f64>,
    longest_offset_ms: u64,
}

impl RemovableSteps {
    /// Those of the plan that was found.
    pub fn of(found: &Found) -> Self {
        let (plan, times) = (&found.plan, &found.times);
        let skipped = |id: &StepId| !times.starts_ms.is_empty() && times.start_ms(id).is_none();
        let ids = plan.steps.iter().map(|step| step.id.clone());
        let (gone, ids): (Vec<StepId>, Vec<StepId>) = ids.partition(skipped);
        let (gone, ids) = (BTreeSet::from_iter(gone), ids.into_iter());
        let ids = Vec::from_iter(ids.take(MOST_PLACES - 1));
        let log_odds = ids.iter().map(|id| found.log_odds.get(id).copied());
        let mut log_odds: Vec<f64> = log_odds.map(Option::unwrap_or_default).collect();
        log_odds.extend(plan.background.as_ref().map(|_| 0.0));
        RemovableSteps {
            plan: no_later(without(plan, &gone, times), found.longest_offset_ms),
            times: times.clone(),
            ids,
            log_odds,
            longest_offset_ms: found.longest_offset_ms,
        }
    }

    /// The plan with these of its steps.
    pub fn plan_of(&self, kept: Places) -> Plan {
        let is_kept = |place: usize| kept >> place & 1 == 1;
        let ids = self.ids.iter().enumerate();
        let gone = ids.filter(|(place, _)| !is_kept(*place));
        let gone = gone.map(|(_, id)| id.clone()).collect();
        let background = self.plan.background.clone();
        let kept = Plan {
            background: background.filter(|_| is_kept(self.ids.len())),
            ..without(&self.plan, &gone, &self.times)
        };
        no_later(kept, self.longest_offset_ms)
    }

    /// The names of these; the background load has none.
    pub fn ids_of(&self, places: Places) -> impl Iterator<Item = &StepId> {
        bits(places).filter_map(|place| self.ids.get(place as usize))
    }
}
