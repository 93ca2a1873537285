//! Prometheus' text format, for the node exporter's textfile collector.

use std::fmt::Write;

use super::Report;
use crate::model::{Summary, Verdict};

/// The metrics of a campaign. A report about traces only has their verdict and latencies.
pub fn prometheus(report: &Report) -> String {
    let mut metrics = Metrics::default();
    let stack = ("stack", stack(report));
    let verdict = report.verdict();
    let help = "1 for the verdict of the last run, 0 for the others.";
    metrics.family("comeback_verdict", "gauge", help);
    for state in [Verdict::Holds, Verdict::Inconclusive, Verdict::Violated] {
        let labels = [stack, ("verdict", &state.to_string())];
        let value = f64::from(u8::from(state == verdict));
        metrics.sample("comeback_verdict", &labels, value);
    }
    if let Some(campaign) = &report.campaign {
        of_summary(&mut metrics, &campaign.summary, stack);
    }
    latencies(&mut metrics, report, stack);
    metrics.0
}

fn stack(report: &Report) -> &str {
    match (&report.campaign, report.trials.first()) {
        (Some(campaign), _) => &campaign.summary.stack,
        (None, Some(trial)) => &trial.trace.header.stack.name,
        (None, None) => "",
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
    let (name, help) = (
        "comeback_failure",
        "1 for each signature that the last run found.",
    );
    metrics.family(name, "gauge", help);
    for failure in &summary.failures {
        let invariant = ("invariant", failure.invariant.as_str());
        let signature = ("signature", &*failure.signature.to_string());
        metrics.sample(name, &[stack, invariant, signature], 1.0);
    }
    let (name, help) = (
        "comeback_known_failure",
        "1 for each signature that was known before the last run and occurred in it again; `listed` ones are accepted.",
    );
    metrics.family(name, "gauge", help);
    for known in &summary.known {
        let listed = ("listed", if known.listed { "true" } else { "false" });
        let signature = ("signature", &*known.signature.to_string());
        metrics.sample(name, &[stack, listed, signature], 1.0);
    }
    let (name, help) = (
        "comeback_recovery_max_seconds",
        "The longest time from backend-ready to success; a lower bound if it never came.",
    );
    metrics.family(name, "gauge", help);
    for row in &summary.recovery {
        let labels = [stack, ("kind", &row.kind), ("success", &row.success)];
        metrics.sample(name, &labels, row.max_ms / 1e3);
    }
}

fn latencies(metrics: &mut Metrics, report: &Report, stack: (&str, &str)) {
    let name = "comeback_latency_seconds";
    let help = "Latency from the intended send to the end.";
    metrics.family(name, "summary", help);
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
        let sum = histogram.mean() * count / 1e6;
        metrics.sample(&format!("{name}_sum"), &labels, sum);
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
