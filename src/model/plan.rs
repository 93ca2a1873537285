//! A plan: what is done in a trial, as pure data.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Anchor, Background, Burst, Fault, StepId, count};

/// What is done in a trial: a seed and ordered steps. Any list of steps is a valid plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// The campaign's seed. With `index` it also decides the values drawn for requests.
    pub seed: u64,
    /// The plan's number in its campaign, from 0.
    pub index: u64,
    /// Steady load behind the steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub background: Option<Background>,
    /// The steps. Their order decides where anchors coincide, and among the faults of one backend,
    /// which run one after the other.
    pub steps: Vec<Step>,
}

/// The origin of requests sent before the plan.
pub const BASELINE: &str = "baseline";
/// The origin of requests of the steady load behind the plan.
pub const BACKGROUND: &str = "background";
/// The origin of requests that look for sustained success.
pub const PROBE: &str = "probe";
/// The origin of requests sent after the recovery.
pub const AFTER: &str = "after";

/// No step may have these names: requests are grouped by the step that sent them, or by one of
/// these.
const RESERVED_IDS: [&str; 4] = [BASELINE, BACKGROUND, PROBE, AFTER];

/// One step: something done when its anchor fires.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Its name.
    pub id: StepId,
    /// When it starts.
    pub anchor: Anchor,
    /// What it does.
    #[serde(flatten)]
    pub action: Action,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Sends requests.
    Burst(Burst),
    /// Injects a fault into a backend.
    Fault(Fault),
    /// Does nothing for a time, for other steps to be anchored to.
    Wait(Wait),
}

/// A step that does nothing for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Wait {
    /// How long, in milliseconds.
    pub wait_ms: u64,
}

/// Why a plan does not fit a stack.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// Two steps have the same name.
    #[error("two steps are called {0}")]
    DoubleId(StepId),
    /// The name is reserved for requests that belong to no step.
    #[error("no step may be called {0}")]
    ReservedId(StepId),
    /// A fault names a backend that the stack does not have.
    #[error(
        "step {step} faults the backend `{backend}`, which this stack does not have; it has {known}"
    )]
    Backend {
        /// The step.
        step: StepId,
        /// The name it uses.
        backend: String,
        /// The names there are.
        known: String,
    },
    /// A fault is of a kind that the configuration or the backend's driver does not allow.
    #[error(
        "step {step} is a `{fault}` fault, which is not allowed for the backend `{backend}`; allowed: {allowed}"
    )]
    FaultKind {
        /// The step.
        step: StepId,
        /// The backend.
        backend: String,
        /// The fault kind's name.
        fault: &'static str,
        /// The kinds allowed.
        allowed: String,
    },
    /// A burst names a request kind that the configuration does not have.
    #[error(
        "{load} sends requests of the kind `{kind}`, which the configuration does not have; it has {known}"
    )]
    RequestKind {
        /// The step's name, or `background`.
        load: String,
        /// The name it uses.
        kind: String,
        /// The names there are.
        known: String,
    },
    /// A number lies outside what the configuration's caps allow.
    #[error("step {step}: {what}")]
    Cap {
        /// The step.
        step: StepId,
        /// What is too much.
        what: String,
    },
}

impl Misfit {
    pub(crate) fn cap(step: &StepId, what: String) -> Self {
        let step = step.clone();
        Misfit::Cap { step, what }
    }
}

impl Step {
    /// A step by its parts.
    pub fn new(id: &str, anchor: Anchor, action: Action) -> Self {
        let id = id.into();
        Step { id, anchor, action }
    }
}

impl Plan {
    /// Looks a step up by name.
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps.iter().find(|step| &step.id == id)
    }

    /// Checks that the steps' names are unique and not reserved.
    ///
    /// # Errors
    /// Names the first step that is wrong.
    pub fn check_ids(&self) -> Result<(), Misfit> {
        let mut seen = BTreeSet::new();
        for Step { id, .. } in &self.steps {
            if RESERVED_IDS.contains(&id.0.as_str()) {
                return Err(Misfit::ReservedId(id.clone()));
            }
            if !seen.insert(id) {
                return Err(Misfit::DoubleId(id.clone()));
            }
        }
        Ok(())
    }

    /// The faults of the plan with their steps' names, in order.
    pub fn faults(&self) -> impl Iterator<Item = (&StepId, &Fault)> {
        self.steps.iter().filter_map(|step| match &step.action {
            Action::Fault(fault) => Some((&step.id, fault)),
            _ => None,
        })
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Burst(burst) => burst.fmt(f),
            Action::Fault(fault) => fault.fmt(f),
            Action::Wait(Wait { wait_ms }) => write!(f, "wait {wait_ms} ms"),
        }
    }
}

impl fmt::Display for Plan {
    /// One line per step: its name, when it starts, what it does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = count(self.steps.len(), "step");
        write!(f, "plan {} of seed {}: {steps}", self.index, self.seed)?;
        if let Some(background) = &self.background {
            write!(f, "\n  behind it all: {background}")?;
        }
        let anchors: Vec<String> = self.steps.iter().map(|s| s.anchor.to_string()).collect();
        let width = anchors.iter().map(|a| a.chars().count()).max().unwrap_or(0);
        for (step, anchor) in self.steps.iter().zip(&anchors) {
            write!(f, "\n  {:<4} {anchor:<width$}  {}", step.id, step.action)?;
        }
        Ok(())
    }
}
