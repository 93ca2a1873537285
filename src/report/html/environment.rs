//! What a trial ran on, and by which limits it was judged.

use maud::{Markup, html};
use serde_json::Value;

use crate::report::trial::TrialReport;

/// The trial's environment, folded at first.
pub fn environment(trial: &TrialReport) -> Markup {
    let header = &trial.trace.header;
    let stack = &header.stack;
    let kinds = stack.kinds.iter().map(|kind| match kind.job {
        true => format!("{} (a job)", kind.name),
        false => format!("{} (answered at once)", kind.name),
    });
    let kinds: Vec<String> = kinds.collect();
    let limits = serde_json::to_value(&header.limits).unwrap_or_default();
    html! {
        section.environment {
            details {
                summary { h3 { "Environment" } }
                table { tbody {
                    (pair("comeback", &header.comeback))
                    (pair("generator", &header.generator.to_string()))
                    (pair("trial began (0 s)", &header.started_at))
                    (pair("stack", &stack.name))
                    @if let Some(variant) = &stack.variant { (pair("variant", variant)) }
                    @if stack.simulated { (pair("simulated", "in memory, on its own clock")) }
                    (pair("backends", &stack.backends.join(", ")))
                    (pair("request kinds", &kinds.join(", ")))
                    (pair("connections", &stack.connections))
                    (pair("the API is observed", if stack.api_observed { "yes" } else { "no" }))
                    (pair("trials since the last reset", &header.trials_since_reset.to_string()))
                    (pair("seed, plan", &format!("{}, {}", trial.trace.plan.seed, trial.trace.plan.index)))
                    (pair("events", &trial.events.to_string()))
                    @for (name, value) in flat(&limits) { (pair(&name, &value)) }
                } }
            }
        }
    }
}

fn pair(name: &str, value: &str) -> Markup {
    html! { tr { th scope="row" { (name) } td { (value) } } }
}

/// The limits by name, without the groups that contain them.
fn flat(limits: &Value) -> Vec<(String, String)> {
    let limits = limits.as_object().into_iter().flatten();
    let limits = limits.flat_map(|(name, limit)| {
        let text = match limit {
            Value::Object(_) => return flat(limit),
            Value::Null => "none set".to_owned(),
            other => other.to_string(),
        };
        vec![(format!("limit {}", name.replace('_', "-")), text)]
    });
    limits.collect()
}
