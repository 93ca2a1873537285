//! `[generator]`.

use std::ops::RangeInclusive;

use serde::Deserialize;

use super::complaint::Problem;
use super::key_path::KeyPath;
use super::text::DurationText;
use crate::generator::{BackendSpace, Bounds, Space, SpaceError};
use crate::model::{FaultName, RequestKind};

/// `cut` is not among the defaults: not every driver can do it, and it may also cut off the direct
/// probe.
const DEFAULT_FAULTS: [FaultName; 4] = [
    FaultName::Stop,
    FaultName::Kill,
    FaultName::Rapid,
    FaultName::Pause,
];

/// Defaults come from [`Bounds::default`]. Ranges are written `[min, max]`.
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

/// A range, written `[min, max]`. Deserialized by hand because serde's array of two ignores a third
/// number.
#[derive(Deserialize, Clone)]
#[serde(try_from = "Vec<N>", bound = "N: Deserialize<'de>")]
struct Range<N>(RangeInclusive<N>);

impl<N> TryFrom<Vec<N>> for Range<N> {
    type Error = &'static str;

    fn try_from(numbers: Vec<N>) -> Result<Self, Self::Error> {
        match <[N; 2]>::try_from(numbers) {
            Ok([min, max]) => Ok(Range(min..=max)),
            Err(_) => Err("a range is two numbers, `[min, max]`"),
        }
    }
}

impl GeneratorTable {
    /// The faults of a backend that has no `faults` of its own.
    pub(super) fn faults(&self) -> Result<Vec<FaultName>, Problem> {
        match &self.faults {
            Some(names) => fault_names(&KeyPath::of("generator").key("faults"), names),
            None => Ok(DEFAULT_FAULTS.to_vec()),
        }
    }

    /// Whether it says which faults are drawn.
    pub(super) fn lists_faults(&self) -> bool {
        self.faults.is_some()
    }

    /// The plans that may be drawn.
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
                        .remedy("leave `faults` out for the default ones")
                }
                SpaceError::NoRequestKind => Problem::at(KeyPath::of("request"), what)
                    .remedy("leave `weight` out of a request: the default is 1"),
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

/// Parses the list of fault names at `key`.
pub(super) fn fault_names(key: &KeyPath, names: &[String]) -> Result<Vec<FaultName>, Problem> {
    let check = |(position, name): (usize, &String)| {
        FaultName::named(name).ok_or_else(|| {
            let what = format!("there is no fault `{name}`");
            let known: Vec<&str> = FaultName::all().map(FaultName::name).collect();
            Problem::at(key.position(position), what).did_you_mean(name, &known)
        })
    };
    names.iter().enumerate().map(check).collect()
}

fn range<N>(given: Option<Range<N>>, usual: RangeInclusive<N>) -> RangeInclusive<N> {
    given.map_or(usual, |Range(range)| range)
}
