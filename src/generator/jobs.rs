//! Which requests become jobs, and in which states a job can be seen before it ends.

use std::collections::BTreeMap;

use crate::model::{Burst, KindName, Mix, RequestKind};

/// Fewer jobs are seen in a state than are accepted, since a poll may miss it. An anchor waits for
/// one in this many at most.
const SEEN: u32 = 4;

/// The request kinds that become jobs, and their states as the configuration names them.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct JobKinds(BTreeMap<KindName, Vec<String>>);

impl JobKinds {
    pub(super) fn of(kinds: &[RequestKind]) -> Self {
        let jobs = kinds.iter().filter_map(|kind| {
            let job = kind.job.as_ref()?;
            Some((kind.name.clone(), job.states.clone()))
        });
        JobKinds(jobs.collect())
    }

    /// The part of a mix that becomes jobs.
    pub(super) fn mix(&self, kinds: &Mix) -> Mix {
        let mut jobs = kinds.clone();
        jobs.retain(|kind, weight| *weight > 0 && self.0.contains_key(kind));
        jobs
    }

    /// The states in which a job of a mix can be seen, in the order of the configuration.
    pub(super) fn states(&self, kinds: &Mix) -> Vec<String> {
        let mut states = Vec::new();
        for kind in self.mix(kinds).keys() {
            for state in self.0.get(kind).into_iter().flatten() {
                if !states.contains(state) {
                    states.push(state.clone());
                }
            }
        }
        states
    }

    /// How many jobs of a burst an anchor may count on: all requests, if the burst sends only jobs.
    /// Otherwise the kinds are drawn one by one, so only half of the expected number is safe.
    pub(super) fn likely(&self, burst: &Burst) -> u32 {
        let weight = |mix: &Mix| mix.values().copied().map(u64::from).sum::<u64>();
        let (jobs, all) = (weight(&self.mix(&burst.mix)), weight(&burst.mix));
        match jobs {
            0 => 0,
            _ if jobs == all => burst.count,
            // At most the count, which is a `u32`.
            _ => (u64::from(burst.count) * jobs / all / 2) as u32,
        }
    }

    /// How many of them an anchor may expect to see in one state.
    pub(super) fn likely_seen(&self, burst: &Burst) -> u32 {
        self.likely(burst).div_ceil(SEEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Pace;

    fn jobs() -> JobKinds {
        let states = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        JobKinds(BTreeMap::from([
            ("cold".to_owned(), states(&["DEPLOYING", "RUNNING"])),
            ("warm".to_owned(), states(&["RUNNING"])),
        ]))
    }

    fn burst(count: u32, mix: &[(&str, u32)]) -> Burst {
        let mix = mix
            .iter()
            .map(|(kind, weight)| ((*kind).to_owned(), *weight));
        Burst {
            count,
            concurrency: 1,
            pace: Pace::Closed { think_ms: 0 },
            mix: mix.collect(),
        }
    }

    #[test]
    fn all_jobs_of_a_burst_of_jobs_are_sure_and_half_of_what_a_mixed_one_may_have() {
        let likely = |count, mix: &[(&str, u32)]| jobs().likely(&burst(count, mix));
        assert_eq!(likely(7, &[("cold", 1), ("warm", 3), ("sync", 0)]), 7);
        assert_eq!(likely(12, &[("cold", 2), ("sync", 1)]), 4);
        assert_eq!(likely(2, &[("cold", 2), ("sync", 1)]), 0);
        assert_eq!(likely(9, &[("cold", 0), ("sync", 1)]), 0);
    }

    #[test]
    fn the_states_are_those_of_the_mix_each_once() {
        let states = |mix: &[(&str, u32)]| jobs().states(&burst(1, mix).mix);
        assert_eq!(
            states(&[("cold", 1), ("warm", 1)]),
            ["DEPLOYING", "RUNNING"]
        );
        assert_eq!(states(&[("warm", 1), ("cold", 0)]), ["RUNNING"]);
        assert!(states(&[("sync", 1)]).is_empty());
    }
}
