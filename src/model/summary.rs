//! The result of a campaign: the content of `summary.json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Figure, Judgement, Known, Plan, Regressed, Reproduced, Signature, Tested, Verdict};

/// The result of a campaign.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Violated if any trial is, except those whose failure a list accepts; else inconclusive if
    /// more than the allowed share of the trials are; else holds.
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
    /// The traces of trials that failed, possibly because this machine was busy. They are
    /// inconclusive.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubted: Vec<String>,
    /// How many traces of trials that held were removed, because the run took too much disk space.
    #[serde(default)]
    pub traces_removed: u64,
    /// One entry per failure that was not known before, in the order of discovery.
    pub failures: Vec<Failure>,
    /// The failures that were known before, and occurred again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<Known>,
    /// The results of the saved failures, which are replayed before anything new is tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reused: Vec<Regressed>,
    /// The ways in which the stack also fails without any fault. They are not reported as failures,
    /// but trials in which they occur are inconclusive.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flaky: Vec<Signature>,
    /// The folder of the campaign's traces.
    pub run: String,
    /// Whether the campaign was interrupted.
    pub interrupted: bool,
    /// Why the environment or the harness ended the campaign early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken_off: Option<String>,
    /// The plans of a scenario, if one was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scenario: Vec<Rehearsal>,
    /// Latency over all trials, per stage and outcome.
    pub latency: Vec<LatencyRow>,
    /// By how much the harness itself sent requests of a fixed rate too late. The latencies include
    /// it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<Percentiles>,
    /// What became of the first request after each idle restart, over all trials.
    #[serde(default, skip_serializing_if = "FirstCalls::is_unknown")]
    pub first_calls: FirstCalls,
    /// What the verdict is based on: faults, requests in outages, skipped steps, judged invariants.
    #[serde(default, skip_serializing_if = "Tested::is_unknown")]
    pub tested: Tested,
    /// Why nothing was tested at all, and which key to change. The campaign is then inconclusive
    /// unless it is violated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untested: Option<String>,
    /// How long recovery took, per request kind, over all trials with a fault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recovery: Vec<RecoveryRow>,
}

impl Summary {
    /// The summary of a campaign that has not executed anything yet. `run` is its folder.
    pub fn begun(seed: u64, stack: String, run: String) -> Self {
        Summary {
            verdict: Verdict::Inconclusive,
            seed,
            stack,
            plans_executed: 0,
            elapsed_ms: 0,
            inconclusive: 0,
            inconclusive_reasons: Vec::new(),
            doubted: Vec::new(),
            traces_removed: 0,
            failures: Vec::new(),
            known: Vec::new(),
            reused: Vec::new(),
            flaky: Vec::new(),
            run,
            interrupted: false,
            broken_off: None,
            scenario: Vec::new(),
            latency: Vec::new(),
            late: None,
            first_calls: FirstCalls::default(),
            tested: Tested::default(),
            untested: None,
            recovery: Vec::new(),
        }
    }

    /// Why nothing was tested at all, as [`Tested::nothing`] says it. None if all trials were
    /// inconclusive, since their reasons say more.
    pub fn nothing_tested(&self, needs_requests: bool) -> Option<String> {
        match self.inconclusive < self.plans_executed {
            true => self.tested.nothing(needs_requests),
            false => None,
        }
    }
}

/// The results of the first requests after idle restarts: restarts of a backend during which nobody
/// used the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct FirstCalls {
    /// The number of idle restarts.
    pub restarts: u64,
    /// After how many of them the first request failed, though the API recovered.
    pub failed: u64,
}

impl FirstCalls {
    /// Adds up a trial's figures.
    pub fn of(judgement: &Judgement) -> Self {
        let mut calls = FirstCalls::default();
        let figures = judgement.findings.iter().flat_map(|f| &f.figures);
        figures.for_each(|figure| calls.add(figure));
        calls
    }

    /// Adds a figure, if it is about first requests.
    pub fn add(&mut self, figure: &Figure) {
        match figure.name.as_str() {
            Figure::IDLE_RESTARTS => self.restarts += figure.value as u64,
            Figure::FIRST_CALL_FAILED => self.failed += figure.value as u64,
            _ => {}
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
    /// Its name, as the saved plan shows it.
    pub signature: Signature,
    /// The other names under which it occurred in the campaign.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Signature>,
    /// In how many trials of the campaign it occurred.
    #[serde(default = "once")]
    pub seen: u64,
    /// What happened, in one sentence.
    pub message: String,
    /// The events of the trace that prove it.
    pub evidence: Vec<u64>,
    /// The saved trace.
    pub trace: String,
    /// Its plan; none in an older summary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// How many steps its plan has; in a shrunk one, background load counts as one.
    pub steps: usize,
    /// How many steps the original plan had.
    pub steps_before_shrink: usize,
    /// How many executions searched for a smaller plan.
    pub shrink_runs: u64,
    /// How many more measured how often a plan fails.
    #[serde(default)]
    pub guard_runs: u64,
    /// How often the saved plan failed.
    pub reproduced: Reproduced,
    /// What the failure needs, in one paragraph; none if it was not shrunk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<String>,
    /// Whether it occurred so rarely that the campaign went on looking for others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_seldom: bool,
    /// The verdict of the plan without its faults, if that was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_faults: Option<Verdict>,
}

impl Failure {
    /// Counts another trial in which it occurred, under this name.
    pub fn see(&mut self, name: Signature) {
        self.seen += 1;
        if name != self.signature && !self.also.contains(&name) {
            self.also.push(name);
        }
    }
}

/// The default of [`Failure::seen`] for a summary from before it was counted.
fn once() -> u64 {
    1
}

/// What was expected of the API in a trial of a scenario, and whether it was met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Expectation {
    /// What was expected, in words.
    pub what: String,
    /// Whether it was met; none if the trial cannot tell.
    pub met: Option<bool>,
    /// The observation behind that.
    pub because: String,
}

/// One plan of a scenario and its results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rehearsal {
    /// The plan.
    pub plan: Plan,
    /// The trial's verdict.
    pub verdict: Verdict,
    /// The expectations.
    pub expectations: Vec<Expectation>,
}

/// Latency of one outcome in one stage of the trials, from the intended send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LatencyRow {
    /// `baseline`, `outage`, `recovery` or `after`.
    pub stage: String,
    /// `ok`, `failed` or `unknown`.
    pub outcome: String,
    /// The latencies.
    #[serde(flatten)]
    pub latency: Percentiles,
}

/// The percentiles of some latencies, in microseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Percentiles {
    /// How many requests.
    pub count: u64,
    /// The median.
    pub p50_us: u64,
    /// The 90th percentile.
    pub p90_us: u64,
    /// The 99th percentile.
    pub p99_us: u64,
    /// The maximum.
    pub max_us: u64,
}

/// How long one request kind took to succeed again, from backend-ready, in milliseconds.
///
/// A trial in which it never did counts with the time for which it was observed, so the median and
/// the maximum may be lower bounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecoveryRow {
    /// The request kind.
    pub kind: String,
    /// `first` or `sustained`.
    pub success: String,
    /// How many trials.
    pub trials: u64,
    /// In how many of them it never succeeded.
    pub never: u64,
    /// The median.
    pub p50_ms: f64,
    /// Whether the median is a lower bound.
    pub p50_at_least: bool,
    /// The maximum.
    pub max_ms: f64,
    /// Whether the maximum is a lower bound.
    pub max_at_least: bool,
}
