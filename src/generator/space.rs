//! What plans may be drawn.

use super::Bounds;
use super::jobs::JobKinds;
use crate::model::{BackendName, FaultName, Limits, Mix, RequestKind};

/// What plans may be drawn for a stack. It is never empty: a space that could give no plan is
/// refused when it is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Space {
    pub(super) backends: Vec<BackendSpace>,
    pub(super) kinds: Mix,
    pub(super) jobs: JobKinds,
    pub(super) log_anchors: Vec<String>,
    pub(super) bounds: Bounds,
    pub(super) scale: Scale,
}

/// The times behind which bugs sit for sure: the limits that the stack is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scale {
    /// How long an answer may take.
    pub answer_ms: u64,
    /// How long a recovery may take.
    pub recovery_ms: u64,
}

/// A backend and what may be done to it.
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
    /// There is nothing that could fail.
    #[error("there is no backend to fault")]
    NoBackend,
    /// A backend allows nothing.
    #[error("the backend `{0}` allows no kind of fault")]
    NoFault(BackendName),
    /// There is nothing to send.
    #[error("there is no request kind with a weight above 0")]
    NoRequestKind,
    /// A bound is out of place.
    #[error("{what}")]
    Bound {
        /// The bound as the configuration's `[generator]` spells it.
        bound: &'static str,
        /// What is wrong with it.
        what: String,
    },
    /// A log anchor is no regular expression.
    #[error("`{pattern}` is no regular expression: {reason}")]
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
    /// A space of plans that fault these backends, send these request kinds by weight, and anchor
    /// steps to API log lines that match one of these patterns.
    ///
    /// # Errors
    /// When no plan could be drawn: nothing to fault, nothing to send, or a bound that is out of
    /// place.
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
            scale: Scale::of(&Limits::default()),
        })
    }

    /// The same space for a stack with these limits: a part of the outages is drawn just beyond
    /// them, for a call without a deadline shows only where a freeze lasts longer than an answer
    /// may take.
    #[must_use]
    pub fn at_scale_of(self, limits: &Limits) -> Self {
        let scale = Scale::of(limits);
        Space { scale, ..self }
    }

    /// The same space where some of its request kinds become jobs: steps are anchored to a job
    /// being accepted, or seen in one of the states that its kind names
    /// ([`Job::states`](crate::model::Job)).
    ///
    /// The states are those of the configuration and not those that a baseline happened to show: a
    /// plan is a function of its seed, and whether a poll meets a short state is a matter of
    /// chance.
    #[must_use]
    pub fn with_jobs_of(self, kinds: &[RequestKind]) -> Self {
        let jobs = JobKinds::of(kinds);
        Space { jobs, ..self }
    }

    /// The backends, and what may be done to each.
    pub fn backends(&self) -> &[BackendSpace] {
        &self.backends
    }

    /// The numbers that its plans may hold.
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }
}

impl Scale {
    fn of(limits: &Limits) -> Self {
        Scale {
            answer_ms: limits.answer_ms,
            recovery_ms: limits.recovery_ms,
        }
    }
}

/// The `regex` crate draws a picture of the pattern and says what is wrong in the last line.
fn last_line(message: &str) -> String {
    let line = message.lines().last().unwrap_or_default();
    line.trim_start_matches("error: ").to_owned()
}
