//! Which plans may be drawn.

use super::Bounds;
use super::jobs::JobKinds;
use crate::model::{BackendName, FaultName, Limits, Mix, RequestKind};

/// Which plans may be drawn for a stack. There always is one: [`Space::new`] refuses an empty
/// space.
#[derive(Debug, Clone, PartialEq)]
pub struct Space {
    pub(super) backends: Vec<BackendSpace>,
    pub(super) kinds: Mix,
    pub(super) jobs: JobKinds,
    pub(super) log_anchors: Vec<String>,
    pub(super) bounds: Bounds,
    /// The limits that the stack is judged by: bugs show when an outage is longer than these.
    pub(super) limits: Limits,
}

/// A backend and its allowed faults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendSpace {
    /// Its name.
    pub name: BackendName,
    /// The kinds of fault that are allowed.
    pub faults: Vec<FaultName>,
}

/// Why there is no such space.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpaceError {
    /// There is no backend.
    #[error("there is no backend to fault")]
    NoBackend,
    /// A backend allows no fault.
    #[error("the backend `{0}` allows no kind of fault")]
    NoFault(BackendName),
    /// There is no request to send.
    #[error("there is no request kind with a weight above 0")]
    NoRequestKind,
    /// Nothing can be drawn from a bound.
    #[error("{what}")]
    Bound {
        /// The bound as the configuration's `[generator]` spells it.
        bound: &'static str,
        /// What is wrong with it.
        what: String,
    },
    /// A log anchor is not a regular expression.
    #[error("`{pattern}` is not a regular expression: {reason}")]
    LogAnchor {
        /// Its position in the list, from 0.
        position: usize,
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Space {
    /// The space of plans that fault these backends, send these request kinds by weight, and anchor
    /// steps to API log lines matching these patterns.
    ///
    /// # Errors
    /// When no plan could be drawn: see [`SpaceError`].
    pub fn new(
        backends: Vec<BackendSpace>,
        kinds: Mix,
        log_anchors: Vec<String>,
        bounds: Bounds,
    ) -> Result<Self, SpaceError> {
        if backends.is_empty() {
            return Err(SpaceError::NoBackend);
        }
        if let Some(backend) = backends.iter().find(|backend| backend.faults.is_empty()) {
            return Err(SpaceError::NoFault(backend.name.clone()));
        }
        if kinds.values().all(|weight| *weight == 0) {
            return Err(SpaceError::NoRequestKind);
        }
        if let Some((bound, what)) = bounds.flaw() {
            return Err(SpaceError::Bound { bound, what });
        }
        for (position, pattern) in log_anchors.iter().enumerate() {
            if let Err(error) = regex::Regex::new(pattern) {
                return Err(SpaceError::LogAnchor {
                    position,
                    pattern: pattern.clone(),
                    reason: last_line(&error.to_string()),
                });
            }
        }
        Ok(Space {
            backends,
            kinds,
            jobs: JobKinds::default(),
            log_anchors,
            bounds,
            limits: Limits::default(),
        })
    }

    /// The same space for a stack with these limits. Some outages are drawn a little longer than
    /// they are: a call without a timeout shows only if a freeze lasts longer than an answer may
    /// take.
    #[must_use]
    pub fn at_scale_of(self, limits: &Limits) -> Self {
        let limits = limits.clone();
        Space { limits, ..self }
    }

    /// The same space with the jobs of these request kinds. Steps may then be anchored to a job
    /// being accepted, or seen in one of its [states](crate::model::Job::states).
    ///
    /// The states come from the configuration and not from a baseline: a plan is a function of its
    /// seed, but whether a poll sees a short state is chance.
    #[must_use]
    pub fn with_jobs_of(self, kinds: &[RequestKind]) -> Self {
        let jobs = JobKinds::of(kinds);
        Space { jobs, ..self }
    }

    /// The backends and their allowed faults.
    pub fn backends(&self) -> &[BackendSpace] {
        &self.backends
    }

    /// The numbers that its plans may have.
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// Whether a backend has faults of a link.
    pub(super) fn has_links(&self) -> bool {
        let mut faults = self.backends.iter().flat_map(|backend| &backend.faults);
        faults.any(|fault| fault.needs_link())
    }

    /// The request kinds with a weight above 0.
    pub(super) fn all_kinds(&self) -> Mix {
        let mut kinds = self.kinds.clone();
        kinds.retain(|_, weight| *weight > 0);
        kinds
    }
}

/// The `regex` crate first draws the pattern; its last line says what is wrong.
fn last_line(message: &str) -> String {
    let line = message.lines().last().unwrap_or_default();
    line.trim_start_matches("error: ").to_owned()
}
