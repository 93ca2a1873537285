//! The trials of a campaign as small multiples: a row for each trial with the same scale, so that
//! one that recovers more slowly than the others stands out.

use std::path::Path;

use maud::{Markup, html};

use super::masthead::ticked;
use super::{badge, links};
use crate::model::{Figure, Verdict, faults_in_words};
use crate::report::{TrialSummary, wording};

/// The rows of some trials. Links lead from the page in `folder`.
pub fn rows(trials: &[TrialSummary], folder: &Path) -> Markup {
    let all = trials.iter().flat_map(recoveries);
    let longest_ms = all.map(|figure| figure.value).fold(1.0, f64::max);
    html! {
        table {
            thead { tr {
                th.number { "plan" } th { "verdict" } th { "faults" }
                th.bars { "from backend-ready to sustained success" } th.number { "longest" }
                th { "what was found" }
            } }
            tbody { @for trial in trials { (row(trial, longest_ms, folder)) } }
        }
    }
}

fn row(trial: &TrialSummary, longest_ms: f64, folder: &Path) -> Markup {
    let slowest = recoveries(trial).max_by(|a, b| a.value.total_cmp(&b.value));
    let faults: Vec<_> = trial.plan.faults().map(|(_, fault)| fault).collect();
    html! {
        tr {
            td.number { (links::file(folder, &trial.path, &trial.plan.index.to_string())) }
            td { (badge(trial.verdict())) }
            td { (ticked(&faults_in_words(&faults))) }
            td.bars { @for figure in recoveries(trial) { (bar(figure, longest_ms)) } }
            td.number { @if let Some(slowest) = slowest { (time(slowest)) } @else { "–" } }
            td { @if trial.verdict() == Verdict::Holds { "" } @else { (trial.words()) } }
        }
    }
}

/// The recovery of one request kind as a bar. A hollow bar is a lower bound: success never came.
fn bar(figure: &Figure, longest_ms: f64) -> Markup {
    let kind = figure.kind.as_deref().unwrap_or("all requests");
    let width = (figure.value / longest_ms * 100.0).clamp(0.5, 100.0);
    html! {
        i.bar.never[figure.at_least] style=(format!("width: {width:.1}%")) title={ (kind) ": " (time(figure)) } {}
    }
}

fn time(figure: &Figure) -> String {
    let mark = if figure.at_least { "≥ " } else { "" };
    format!("{mark}{}", wording::milliseconds(figure.value))
}

/// How long each request kind took to succeed lastingly.
fn recoveries(trial: &TrialSummary) -> impl Iterator<Item = &Figure> {
    let findings = trial.judgement.iter().flat_map(|j| &j.findings);
    let figures = findings.flat_map(|finding| &finding.figures);
    figures.filter(|figure| figure.name == Figure::SUSTAINED_SUCCESS)
}
