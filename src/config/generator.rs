//! `[generator]`.

use std::ops::RangeInclusive;

use serde::Deserialize;

use super::complaint::Problem;
use super::key_path::KeyPath;
use super::text::DurationText;
use crate::generator::{BackendSpace, Bounds, Space, SpaceError};
use crate::model::{FaultName, RequestKind};

/// `cut` has to be asked for: not every driver can do it, and it may take the direct probe's way to
/// the backend along.
const DEFAULT_FAULTS: [FaultName; 4] = [
    FaultName::Stop,
    FaultName::Kill,
    FaultName::Rapid,
    FaultName::Pause,
];

/// What is not given keeps its default ([`Bounds::default`]). Ranges are written `[least, most]`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct GeneratorTable {
    faults: Option<Vec<String>>,
    #[serde(default)]
    log_anchors: Vec<String>,
    steps: Option<Range<u32>>,
    requests: Option<Range<u32>>,
    concurrency: Option<Range<u32>>,
    rate: Option<Range<f64>>,
    max_think: Option<DurationText>,
    min_outage: Option<DurationText>,
    max_outage: Option<DurationText>,
    max_gap: Option<DurationText>,
    max_grace: Option<DurationText>,
    max_wait: Option<DurationText>,
    max_offset: Option<DurationText>,
    max_plan: Option<DurationText>,
    event_anchors: Option<f64>,
    background: Option<f64>,
    background_rate: Option<Range<f64>>,
}

/// A range, written `[least, most]`. serde's own reading of an array of two would pass over a third
/// number.
#[derive(Deserialize, Clone)]
#[serde(try_from = "Vec<N>", bound = "N: Deserialize<'de>")]
struct Range<N>(RangeInclusive<N>);

impl<N> TryFrom<Vec<N>> for Range<N> {
    type Error = &'static str;

    fn try_from(numbers: Vec<N>) -> Result<Self, Self::Error> {
        match <[N; 2]>::try_from(numbers) {
            Ok([least, most]) => Ok(Range(least..=most)),
            Err(_) => Err("a range is two numbers, `[least, most]`"),
        }
    }
}

impl GeneratorTable {
    /// The kinds of fault that a backend allows if it does not say otherwise.
    pub(super) fn faults(&self) -> Result<Vec<FaultName>, Problem> {
        match &self.faults {
            Some(names) => fault_names(&KeyPath::of("generator").key("faults"), names),
            None => Ok(DEFAULT_FAULTS.to_vec()),
        }
    }

    /// What plans may be drawn.
    pub(super) fn space(
        self,
        backends: Vec<BackendSpace>,
        kinds: &[RequestKind],
    ) -> Result<Space, Problem> {
        let generator = KeyPath::of("generator");
        let weights = kinds.iter().map(|kind| (kind.name.clone(), kind.weight));
        let bounds = self.bounds();
        let space = Space::new(backends, weights.collect(), self.log_anchors, bounds);
        let space = space.map_err(|error| {
            let what = error.to_string();
            match &error {
                SpaceError::NoBackend => Problem::of_file(what),
                SpaceError::NoFault(name) => {
                    Problem::at(KeyPath::of("backend").key(name).key("faults"), what)
                        .remedy("leave `faults` out to allow the usual ones")
                }
                SpaceError::NoRequestKind => Problem::at(KeyPath::of("request"), what)
                    .remedy("leave `weight` out of one of them: it is 1 then"),
                SpaceError::Bound { bound, .. } => Problem::at(generator.key(bound), what),
                SpaceError::LogAnchor { position, .. } => {
                    Problem::at(generator.key("log-anchors").position(*position), what)
                }
            }
        });
        Ok(space?.with_jobs_of(kinds))
    }

    fn bounds(&self) -> Bounds {
        let usual = Bounds::default();
        let time = |given: Option<DurationText>, usual| given.map_or(usual, DurationText::ms);
        let (shortest, longest) = usual.outage_ms.into_inner();
        Bounds {
            steps: range(self.steps.clone(), usual.steps),
            requests: range(self.requests.clone(), usual.requests),
            concurrency: range(self.concurrency.clone(), usual.concurrency),
            rate_per_s: range(self.rate.clone(), usual.rate_per_s),
            max_think_ms: time(self.max_think, usual.max_think_ms),
            outage_ms: time(self.min_outage, shortest)..=time(self.max_outage, longest),
            max_gap_ms: time(self.max_gap, usual.max_gap_ms),
            max_grace_ms: time(self.max_grace, usual.max_grace_ms),
            max_wait_ms: time(self.max_wait, usual.max_wait_ms),
            max_offset_ms: time(self.max_offset, usual.max_offset_ms),
            max_plan_ms: time(self.max_plan, usual.max_plan_ms),
            event_anchors: self.event_anchors.unwrap_or(usual.event_anchors),
            background: self.background.unwrap_or(usual.background),
            background_rate_per_s: range(self.background_rate.clone(), usual.background_rate_per_s),
        }
    }
}

/// The kinds of fault that a list at `key` names.
pub(super) fn fault_names(key: &KeyPath, names: &[String]) -> Result<Vec<FaultName>, Problem> {
    let check = |(position, name): (usize, &String)| {
        FaultName::named(name).ok_or_else(|| {
            let what = format!("no kind of fault is called `{name}`");
            Problem::at(key.position(position), what)
                .did_you_mean(name, &FaultName::ALL.map(FaultName::name))
        })
    };
    names.iter().enumerate().map(check).collect()
}

fn range<N>(given: Option<Range<N>>, usual: RangeInclusive<N>) -> RangeInclusive<N> {
    given.map_or(usual, |Range(range)| range)
}
