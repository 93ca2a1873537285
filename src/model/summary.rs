//! What is said of many trials: the content of `summary.json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Figure, Judgement, Known, Plan, Regressed, Reproduced, Signature, Tested, Verdict};

/// What is said of a whole campaign.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Violated if any trial is, but for those whose failure a list puts up with; else inconclusive
    /// if more than the allowed share of the trials are; else holds.
    pub verdict: Verdict,
    /// The campaign's seed.
    pub seed: u64,
    /// The stack's name, and its variant if it has one.
    pub stack: String,
    /// How many plans were executed, each once.
    pub plans_executed: u64,
    /// Wall-clock time from the first trial's beginning to the last one's end, in milliseconds.
    pub elapsed_ms: u64,
    /// How many trials were inconclusive.
    pub inconclusive: u64,
    /// Why the first twenty of them were, in the order of the trials.
    pub inconclusive_reasons: Vec<String>,
    /// The traces of trials that failed while this machine may have been why. They are
    /// inconclusive.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubted: Vec<String>,
    /// How many traces of trials that held were removed, for the run's traces took too much room.
    #[serde(default)]
    pub traces_removed: u64,
    /// One entry per failure that was not known before, in the order of discovery.
    pub failures: Vec<Failure>,
    /// The failures that were known before, and were seen again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<Known>,
    /// What has become of the saved failures that were replayed before anything new was tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reused: Vec<Regressed>,
    /// The ways of failing that the stack shows without any fault, too. They are no failures, but
    /// trials in which they were seen are inconclusive.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flaky: Vec<Signature>,
    /// Where the campaign's traces are.
    pub run: String,
    /// Whether somebody ended the campaign early.
    pub interrupted: bool,
    /// Why the campaign could not go on, where the environment or the harness ended it early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken_off: Option<String>,
    /// The plans of a scenario, where one was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scenario: Vec<Rehearsal>,
    /// Latency over all trials, per stage and outcome.
    pub latency: Vec<LatencyRow>,
    /// What became of the first request after each idle restart, over all trials.
    #[serde(default, skip_serializing_if = "FirstCalls::is_unknown")]
    pub first_calls: FirstCalls,
    /// What the verdict rests on: faults, requests in outages, skipped steps, judged invariants.
    #[serde(default, skip_serializing_if = "Tested::is_unknown")]
    pub tested: Tested,
    /// Why nothing was tested at all, and which key to change. Then the campaign is inconclusive,
    /// if it is not violated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untested: Option<String>,
    /// How long recovery took, per request kind, over all trials with a fault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recovery: Vec<RecoveryRow>,
}

impl Summary {
    /// Why nothing was tested at all; none where something was, and where no trial could be
    /// decided: then their reasons say more.
    pub fn nothing_tested(&self, needs_requests: bool) -> Option<String> {
        match self.inconclusive < self.plans_executed {
            true => self.tested.nothing(needs_requests),
            false => None,
        }
    }
}

/// What became of the first request after each restart of a backend during which nobody used the
/// API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct FirstCalls {
    /// How many such restarts there were.
    pub restarts: u64,
    /// After how many of them the first request failed, though the API recovered.
    pub failed: u64,
}

impl FirstCalls {
    /// What a trial's figures say.
    pub fn of(judgement: &Judgement) -> Self {
        let figures = judgement
            .findings
            .iter()
            .flat_map(|finding| &finding.figures);
        figures.fold(FirstCalls::default(), |sum, figure| sum.plus(figure))
    }

    /// Adds what a figure says, if it is about first calls.
    #[must_use]
    pub fn plus(self, figure: &Figure) -> Self {
        let FirstCalls { restarts, failed } = self;
        let more = figure.value as u64;
        match figure.name.as_str() {
            Figure::IDLE_RESTARTS => FirstCalls {
                restarts: restarts + more,
                failed,
            },
            Figure::FIRST_CALL_FAILED => FirstCalls {
                restarts,
                failed: failed + more,
            },
            _ => self,
        }
    }

    /// Whether there was no such restart.
    pub fn is_unknown(&self) -> bool {
        self.restarts == 0
    }
}

/// One way of failing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// The violated invariant.
    pub invariant: String,
    /// Its name: that of the saved plan.
    pub signature: Signature,
    /// The other names under which it was seen in the campaign.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Signature>,
    /// In how many trials of the campaign it was seen.
    #[serde(default = "once")]
    pub seen: u64,
    /// What happened, in one sentence.
    pub message: String,
    /// The events of the trace that prove it.
    pub evidence: Vec<u64>,
    /// The saved trace.
    pub trace: String,
    /// Its plan; none in a summary of before it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// How many steps its plan has; in a shrunk one, background load counts as one.
    pub steps: usize,
    /// How many steps the plan had that showed it first.
    pub steps_before_shrink: usize,
    /// How many executions looked for a smaller plan.
    pub shrink_runs: u64,
    /// How many more looked how often a plan fails.
    #[serde(default)]
    pub guard_runs: u64,
    /// How often the saved plan failed in how many executions that measured it.
    pub reproduced: Reproduced,
    /// What the failure needs, in one paragraph; none where it was not shrunk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<String>,
    /// Whether it showed in so few executions that the campaign went on looking for others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_seldom: bool,
    /// What the plan gave once without its faults, where that was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_faults: Option<Verdict>,
}

impl Failure {
    /// It was seen in another trial, under this name.
    pub fn see(&mut self, name: Signature) {
        self.seen += 1;
        if name != self.signature && !self.also.contains(&name) {
            self.also.push(name);
        }
    }
}

/// What was found was seen, in a summary of before it was counted how often.
fn once() -> u64 {
    1
}

/// What was expected of the API in a trial of a scenario, and whether it came true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Expectation {
    /// What was expected, in words.
    pub what: String,
    /// Whether it came true; none where the trial cannot tell.
    pub met: Option<bool>,
    /// What it is known by.
    pub because: String,
}

/// One plan of a scenario, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rehearsal {
    /// The plan.
    pub plan: Plan,
    /// The trial's verdict.
    pub verdict: Verdict,
    /// What was expected, one by one.
    pub expectations: Vec<Expectation>,
}

/// Latency of one outcome in one stage of the trials, from the intended send, in microseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LatencyRow {
    /// `baseline`, `outage`, `recovery` or `after`.
    pub stage: String,
    /// `ok`, `failed` or `unknown`.
    pub outcome: String,
    /// How many requests.
    pub count: u64,
    /// The median.
    pub p50_us: u64,
    /// The 90th percentile.
    pub p90_us: u64,
    /// The 99th percentile.
    pub p99_us: u64,
    /// The greatest.
    pub max_us: u64,
}

/// How long one request kind took to succeed again, from backend-ready, in milliseconds.
///
/// A trial in which it never did counts with the time for which it was looked at, so that the
/// median and the greatest may be lower bounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecoveryRow {
    /// The request kind.
    pub kind: String,
    /// `first` or `sustained`.
    pub success: String,
    /// How many trials.
    pub trials: u64,
    /// In how many of them it never came: their times are lower bounds.
    pub never: u64,
    /// The median.
    pub p50_ms: f64,
    /// Whether the median is a lower bound only.
    pub p50_at_least: bool,
    /// The greatest.
    pub max_ms: f64,
    /// Whether the greatest is a lower bound only.
    pub max_at_least: bool,
}
