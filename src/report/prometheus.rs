//! Prometheus' text format, for the node exporter's textfile collector.

use std::fmt::Write;

use super::Report;
use crate::model::{Summary, Verdict};

/// The metrics of a campaign. A report about traces only has their verdict and latencies.
pub fn prometheus(report: &Report) -> String {
    let mut metrics = Metrics::default();
    let (stack, verdict) = (("stack", stack(report)), report.verdict());
    let help = "1 for the verdict of the last run, 0 for the others.";
    metrics.gauge("comeback_verdict", help);
    for state in [Verdict::Holds, Verdict::Inconclusive, Verdict::Violated] {
        let labels = [stack, ("verdict", &state.to_string())];
        let value = f64::from(u8::from(state == verdict));
        metrics.sample("", &labels, value);
    }
    if let Some(campaign) = &report.campaign {
        of_summary(&mut metrics, &campaign.summary, stack);
    }
    latencies(&mut metrics, report, stack);
    metrics.text
}

fn stack(report: &Report) -> &str {
    match (&report.campaign, report.trials.first()) {
        (Some(campaign), _) => &campaign.summary.stack,
        (None, Some(trial)) => &trial.trace.header.stack.name,
        (None, None) => "",
    }
}

fn of_summary(metrics: &mut Metrics, summary: &Summary, stack: (&str, &str)) {
    metrics.gauge("comeback_trials", "How many trials the last run had.");
    metrics.sample("", &[stack], summary.plans_executed as f64);
    let help = "How many of them were inconclusive.";
    metrics.gauge("comeback_inconclusive_trials", help);
    metrics.sample("", &[stack], summary.inconclusive as f64);
    metrics.gauge("comeback_run_seconds", "How long the last run took.");
    metrics.sample("", &[stack], summary.elapsed_ms as f64 / 1e3);
    let help = "1 for each signature that the last run found.";
    metrics.gauge("comeback_failure", help);
    for failure in &summary.failures {
        let invariant = ("invariant", failure.invariant.as_str());
        let signature = failure.signature.to_string();
        metrics.sample("", &[stack, invariant, ("signature", &signature)], 1.0);
    }
    let help = "1 for each signature that was known before the last run and occurred in it again; `listed` ones are accepted.";
    metrics.gauge("comeback_known_failure", help);
    for known in &summary.known {
        let listed = ("listed", if known.listed { "true" } else { "false" });
        let signature = known.signature.to_string();
        metrics.sample("", &[stack, listed, ("signature", &signature)], 1.0);
    }
    let help = "The longest time from backend-ready to success; a lower bound if it never came.";
    metrics.gauge("comeback_recovery_max_seconds", help);
    for row in &summary.recovery {
        let labels = [stack, ("kind", &row.kind), ("success", &row.success)];
        metrics.sample("", &labels, row.max_ms / 1e3);
    }
}

fn latencies(metrics: &mut Metrics, report: &Report, stack: (&str, &str)) {
    let help = "Latency from the intended send to the end.";
    metrics.family("comeback_latency_seconds", "summary", help);
    for (stage, outcome, histogram) in report.latencies().histograms() {
        let stage = stage.to_string();
        let labels = [stack, ("stage", &stage), ("outcome", outcome)];
        for (quantile, label) in [(0.5, "0.5"), (0.9, "0.9"), (0.99, "0.99"), (1.0, "1")] {
            let value = histogram.value_at_quantile(quantile) as f64 / 1e6;
            let [a, b, c] = labels;
            metrics.sample("", &[a, b, c, ("quantile", label)], value);
        }
        let count = histogram.len() as f64;
        metrics.sample("_sum", &labels, histogram.mean() * count / 1e6);
        metrics.sample("_count", &labels, count);
    }
}

#[derive(Default)]
struct Metrics {
    text: String,
    /// The metric that the next samples belong to.
    name: &'static str,
}

impl Metrics {
    fn gauge(&mut self, name: &'static str, help: &str) {
        self.family(name, "gauge", help);
    }

    fn family(&mut self, name: &'static str, kind: &str, help: &str) {
        self.name = name;
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, suffix: &str, labels: &[(&str, &str)], value: f64) {
        let labels = labels.iter().map(|(name, value)| {
            let value = value
                .replace('\\', r"\\")
                .replace('"', "\\\"")
                .replace('\n', r"\n");
            format!("{name}=\"{value}\"")
        });
        let labels = labels.collect::<Vec<_>>().join(",");
        let name = self.name;
        let _ = writeln!(self.text, "{name}{suffix}{{{labels}}} {value}");
    }
}
