//! A plan as a small sequence diagram: a lane for the requests, the API and each backend, time
//! running downwards. It is made of ordinary text in a grid, so that labels wrap inside their lanes
//! on a phone, too.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::model::{
    Action, Explanation, Fault, FaultKind, NeededNumber, Plan, Standing, Step, StepId,
};
use crate::model::{BACKGROUND, count, duration_ms};

/// Lanes before the backends: the requests and the API.
const BEFORE_BACKENDS: usize = 2;

/// The diagram. `outages_ms` is how long each fault kept its backend away, as measured;
/// `explanation` says which steps are needed and where their boundaries are.
pub fn sequence(
    plan: &Plan,
    outages_ms: &BTreeMap<StepId, u64>,
    explanation: Option<&Explanation>,
) -> Markup {
    let mut backends: Vec<&str> = Vec::new();
    for (_, fault) in plan.faults() {
        if !backends.contains(&fault.backend.as_str()) {
            backends.push(&fault.backend);
        }
    }
    let diagram = Diagram {
        backends,
        outages_ms,
        explanation,
    };
    html! {
        figure.sequence style={ "--lanes: " (diagram.lanes()) } {
            div.row.head {
                span.when {}
                strong.lane { "requests" } strong.lane { "API" }
                @for backend in &diagram.backends { strong.lane { (backend) } }
            }
            @if let Some(load) = &plan.background {
                (diagram.row("during the plan", &html! {
                    span.act.burst { (format!("{:.0} requests per second", load.rate_per_s)) }
                }, 1, &BACKGROUND.into()))
            }
            @for step in &plan.steps { (diagram.step(step)) }
            figcaption { "The plan, from top to bottom. → sends requests, ✕ takes a backend away." }
        }
    }
}

struct Diagram<'a> {
    backends: Vec<&'a str>,
    outages_ms: &'a BTreeMap<StepId, u64>,
    explanation: Option<&'a Explanation>,
}

impl Diagram<'_> {
    fn lanes(&self) -> usize {
        BEFORE_BACKENDS + self.backends.len()
    }

    fn step(&self, step: &Step) -> Markup {
        let id = &step.id;
        let (lane, act) = match &step.action {
            Action::Burst(burst) => {
                let kinds: Vec<&str> = burst.mix.keys().map(String::as_str).collect();
                let what = count(burst.count, &format!("{} request", kinds.join("/")));
                let act = html! {
                    span.act.burst { strong { (id) } " " (what) }
                };
                (1, act)
            }
            Action::Fault(fault) => {
                let named = |name: &&str| *name == fault.backend;
                let nth = self.backends.iter().position(named).unwrap_or(0);
                let what = self.fault(fault, id);
                let act = html! { span.act.fault { "✕ " strong { (id) } " " (what) } };
                (BEFORE_BACKENDS + 1 + nth, act)
            }
            Action::Wait(wait) => {
                let act = html! {
                    span.act.wait { strong { (id) } " wait " (duration_ms(wait.wait_ms)) }
                };
                (1, act)
            }
        };
        self.row(&step.anchor.to_string(), &act, lane, id)
    }

    /// A fault, with how long the backend was away. That is longer than was planned: a backend
    /// needs time to end, to start and to get ready.
    fn fault(&self, fault: &Fault, id: &StepId) -> Markup {
        let planned = duration_ms(fault.outage_ms);
        let measured = self.outages_ms.get(id).map(|ms| duration_ms(*ms));
        let what = match fault.kind {
            FaultKind::Stop { .. } => "stop".to_owned(),
            FaultKind::Kill => "kill".to_owned(),
            FaultKind::Rapid {
                restarts,
                gap_ms: 0,
            } => format!("{restarts} × kill in a row"),
            FaultKind::Rapid { restarts, gap_ms } => {
                format!("{restarts} × kill, up for {} between", duration_ms(gap_ms))
            }
            FaultKind::Pause => "freeze".to_owned(),
            FaultKind::Cut => "cut off".to_owned(),
            FaultKind::Link(link) => link.to_string(),
        };
        // Of several outages, the longest was measured.
        let up_to = match fault.kind {
            FaultKind::Rapid { .. } => "up to ",
            _ => "",
        };
        // A disturbed backend is not away.
        let (lasted, planned_to) = match fault.kind {
            FaultKind::Link(_) => (", for ", ", planned for "),
            _ => (", away for ", ", planned to be away for "),
        };
        html! {
            (what)
            @match measured {
                Some(measured) if measured == planned => { (lasted) (measured) }
                Some(measured) => { (lasted) (up_to) (measured) " (planned " (planned) ")" }
                None => { (planned_to) (planned) }
            }
        }
    }

    /// A row: when it happens, the lanes, and in the lane numbered `lane` what happens.
    fn row(&self, when: &str, act: &Markup, lane: usize, id: &StepId) -> Markup {
        let notes = self.notes(id);
        html! {
            div.row {
                span.when { (when) }
                @for nth in 1..=self.lanes() { i.line style=(format!("--lane: {nth}")) {} }
                div.place style=(format!("--lane: {lane}; --span: {}", if lane == 1 { 2 } else { 1 })) {
                    (act)
                    @if !notes.is_empty() { span.why { (notes.join("; ")) } }
                }
            }
        }
    }

    /// What shrinking found out about a step.
    fn notes(&self, id: &StepId) -> Vec<String> {
        let Some(explanation) = self.explanation.filter(|e| e.rules > 0) else {
            return Vec::new();
        };
        let steps = explanation.steps.iter().filter(|step| &step.step == id);
        let standing = steps.map(|step| match step.standing {
            Standing::Needed => "needed".to_owned(),
            Standing::Rarer => "makes it frequent".to_owned(),
            Standing::Undecided => "unclear whether needed".to_owned(),
            Standing::NeverTried => "never tried without".to_owned(),
        });
        let numbers = explanation.numbers.iter().filter(|n| &n.step == id);
        standing.chain(numbers.map(boundary)).collect()
    }
}

/// Where a number decides between passing and failing.
fn boundary(number: &NeededNumber) -> String {
    let NeededNumber {
        what,
        unit,
        fails_from,
        passes_at,
        ..
    } = number;
    let value = |value: &u64| format!("{value} {unit}").trim_end().to_owned();
    format!(
        "{what}: passes at {}, fails at {}",
        value(passes_at),
        value(fails_from)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Anchor;

    #[test]
    fn a_fault_stands_in_the_lane_of_its_backend_and_no_name_becomes_markup() {
        let fault = |id: &str, backend: &str| {
            let kind = FaultKind::Kill;
            let action = Action::Fault(Fault {
                backend: backend.to_owned(),
                kind,
                outage_ms: 1,
            });
            Step::new(id, Anchor::At { offset_ms: 0 }, action)
        };
        let plan = Plan {
            seed: 1,
            index: 0,
            background: None,
            steps: vec![fault("f1", "db"), fault("f2", "<b>")],
        };
        let page = sequence(&plan, &BTreeMap::new(), None).into_string();
        assert!(page.contains("--lane: 3; --span: 1") && page.contains("--lane: 4; --span: 1"));
        assert!(page.contains("&lt;b&gt;"), "{page}");
    }
}
