//! The trials of a campaign as small multiples: a row for each trial with the same scale, so that
//! one that recovers more slowly than the others stands out.

use std::path::Path;

use maud::{Markup, html};

use super::masthead::ticked;
use super::{badge, links};
use crate::model::{Figure, Verdict, faults_in_words};
use crate::report::{CampaignReport, TrialSummary, UntracedTrial, wording};

/// A row: a trial with its trace, or by what the campaign remembers of it.
pub enum TrialRow<'a> {
    Traced(&'a TrialSummary),
    Untraced(&'a UntracedTrial),
}

impl<'a> TrialRow<'a> {
    /// The trials of a campaign by the numbers of their plans, at most `most`. Those with a trace
    /// come first if there are too many.
    pub fn all(campaign: &'a CampaignReport, most: usize) -> Vec<Self> {
        let traced = campaign.trials.iter().map(TrialRow::Traced);
        let untraced = campaign.untraced.iter().map(TrialRow::Untraced);
        let mut all: Vec<_> = traced.chain(untraced).take(most).collect();
        all.sort_by_key(TrialRow::index);
        all
    }

    fn index(&self) -> u64 {
        match self {
            TrialRow::Traced(trial) => trial.plan.index,
            TrialRow::Untraced(trial) => trial.index,
        }
    }

    fn verdict(&self) -> Verdict {
        match self {
            TrialRow::Traced(trial) => trial.verdict(),
            TrialRow::Untraced(trial) => trial.verdict,
        }
    }

    fn faults(&self) -> String {
        match self {
            TrialRow::Traced(trial) => {
                let faults: Vec<_> = trial.plan.faults().map(|(_, fault)| fault).collect();
                faults_in_words(&faults)
            }
            TrialRow::Untraced(trial) => trial.faults(),
        }
    }

    /// What was found, unless everything held.
    fn words(&self) -> String {
        match self {
            TrialRow::Traced(trial) => trial.words(),
            TrialRow::Untraced(trial) => trial.words(),
        }
    }

    /// How long each request kind took to succeed lastingly.
    fn recoveries(&self) -> Vec<&Figure> {
        let lasting = |figure: &&Figure| figure.name == Figure::SUSTAINED_SUCCESS;
        match self {
            TrialRow::Traced(trial) => {
                let findings = trial.judgement.iter().flat_map(|j| &j.findings);
                let figures = findings.flat_map(|finding| &finding.figures);
                figures.filter(lasting).collect()
            }
            TrialRow::Untraced(trial) => trial.recovery.iter().filter(lasting).collect(),
        }
    }
}

/// The table of some trials. Links lead from the page in `folder`.
pub fn table(trials: &[TrialRow<'_>], folder: &Path) -> Markup {
    let all = trials.iter().flat_map(TrialRow::recoveries);
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

fn row(trial: &TrialRow<'_>, longest_ms: f64, folder: &Path) -> Markup {
    let recoveries = trial.recoveries();
    let slowest = recoveries.iter().max_by(|a, b| a.value.total_cmp(&b.value));
    let number = trial.index().to_string();
    html! {
        tr {
            td.number {
                @match trial {
                    TrialRow::Traced(traced) => (links::file(folder, &traced.path, &number)),
                    TrialRow::Untraced(_) => (number),
                }
            }
            td { (badge(trial.verdict())) }
            td { (ticked(&trial.faults())) }
            td.bars { @for figure in &recoveries { (bar(figure, longest_ms)) } }
            td.number { @if let Some(slowest) = slowest { (time(slowest)) } @else { "–" } }
            td { (trial.words()) }
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
