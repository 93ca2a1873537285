//! Prometheus' text format, for the node exporter's textfile collector.

use std::fmt::Write;

use super::Report;
use crate::model::{Summary, Verdict};

/// The campaign's figures; of a report about traces, their latencies and verdicts only.
pub fn prometheus(report: &Report) -> String {
    let mut metrics = Metrics::default();
    let stack = stack(report);
    let labels = [("stack", stack.as_str())];
    let verdict = report.verdict();
    let states = [Verdict::Holds, Verdict::Inconclusive, Verdict::Violated].map(|state| {
        let state_label = ("verdict", state.to_string());
        (state_label, f64::from(u8::from(state == verdict)))
    });
    metrics.family(
        "comeback_verdict",
        "gauge",
        "1 for the verdict of the last run, 0 for the others.",
    );
    for ((name, state), value) in &states {
        metrics.sample("comeback_verdict", &[labels[0], (name, state)], *value);
    }
    if let Some(campaign) = &report.campaign {
        of_summary(&mut metrics, &campaign.summary, labels[0]);
    }
    latencies(&mut metrics, report, labels[0]);
    metrics.0
}

fn stack(report: &Report) -> String {
    match (&report.campaign, report.trials.first()) {
        (Some(campaign), _) => campaign.summary.stack.clone(),
        (None, Some(trial)) => trial.trace.header.stack.name.clone(),
        (None, None) => String::new(),
    }
}

fn of_summary(metrics: &mut Metrics, summary: &Summary, stack: (&str, &str)) {
    let figures = [
        (
            "comeback_trials",
            "How many trials the last run had.",
            summary.plans_executed as f64,
        ),
        (
            "comeback_inconclusive_trials",
            "How many of them were inconclusive.",
            summary.inconclusive as f64,
        ),
        (
            "comeback_run_seconds",
            "How long the last run took.",
            summary.elapsed_ms as f64 / 1e3,
        ),
    ];
    for (name, help, value) in figures {
        metrics.family(name, "gauge", help);
        metrics.sample(name, &[stack], value);
    }
    metrics.family(
        "comeback_failure",
        "gauge",
        "1 for each signature that the last run found.",
    );
    for failure in &summary.failures {
        let signature = failure.signature.to_string();
        let labels = [
            stack,
            ("invariant", &failure.invariant),
            ("signature", &signature),
        ];
        metrics.sample("comeback_failure", &labels, 1.0);
    }
    metrics.family(
        "comeback_known_failure",
        "gauge",
        "1 for each signature that was known before the last run and was seen in it again; `listed` ones are put up with.",
    );
    for known in &summary.known {
        let signature = known.signature.to_string();
        let labels = [
            stack,
            ("listed", if known.listed { "true" } else { "false" }),
            ("signature", &signature),
        ];
        metrics.sample("comeback_known_failure", &labels, 1.0);
    }
    let name = "comeback_recovery_max_seconds";
    metrics.family(
        name,
        "gauge",
        "The longest time from backend-ready to success; a lower bound where it never came.",
    );
    for row in &summary.recovery {
        let labels = [stack, ("kind", &row.kind), ("success", &row.success)];
        metrics.sample(name, &labels, row.max_ms / 1e3);
    }
}

fn latencies(metrics: &mut Metrics, report: &Report, stack: (&str, &str)) {
    let name = "comeback_latency_seconds";
    metrics.family(
        name,
        "summary",
        "Latency from the intended send to the end.",
    );
    let latencies = report.latencies();
    for (stage, outcome, histogram) in latencies.histograms() {
        let stage = stage.to_string();
        let labels = [stack, ("stage", &stage), ("outcome", outcome)];
        for (quantile, label) in [(0.5, "0.5"), (0.9, "0.9"), (0.99, "0.99"), (1.0, "1")] {
            let value = histogram.value_at_quantile(quantile) as f64 / 1e6;
            let [a, b, c] = labels;
            metrics.sample(name, &[a, b, c, ("quantile", label)], value);
        }
        let count = histogram.len() as f64;
        metrics.sample(
            &format!("{name}_sum"),
            &labels,
            histogram.mean() * count / 1e6,
        );
        metrics.sample(&format!("{name}_count"), &labels, count);
    }
}

#[derive(Default)]
struct Metrics(String);

impl Metrics {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let labels = labels.iter().map(|(name, value)| {
            let value = value
                .replace('\\', r"\\")
                .replace('"', "\\\"")
                .replace('\n', r"\n");
            format!("{name}=\"{value}\"")
        });
        let labels = labels.collect::<Vec<_>>().join(",");
        let _ = writeln!(self.0, "{name}{{{labels}}} {value}");
    }
}
