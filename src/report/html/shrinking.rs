//! How a failure was shrunk: a chart of the executions, and the result.

use maud::{Markup, html};

use super::frame::{Frame, fixed};
use super::masthead::ticked;
use crate::model::{NeededStep, Plan, Reproduced, ShrinkHistory, ShrinkRun, Standing};
use crate::report::trial::Counterexample;
use crate::report::wording;

const FRAME: Frame = Frame::new((600.0, 190.0), 40.0, 12.0);

/// With more executions than this, only every nth is drawn.
const MOST_DRAWN: usize = 1_000;

/// What the failure needs, in words.
pub fn explanation(found: &Counterexample, plan: &Plan) -> Markup {
    html! {
        @if let Some(words) = found.in_words(plan) {
            p.explanation { (ticked(&words)) }
        }
    }
}

/// How that was found out.
pub fn section(found: &Counterexample) -> Markup {
    html! {
        @if found.explanation.is_some() || found.shrink.is_some() {
            section.shrinking {
                h3 { "Shrinking" }
                @if let Some(history) = &found.shrink {
                    p {
                        "Shrunk " (ticked(&wording::shrunk(history))) " "
                        (shown(found.rate))
                    }
                    @if !history.history.is_empty() {
                        figure {
                            (chart(history))
                            figcaption {
                                "Each mark is an execution, in order: how many steps its plan had, and whether the failure showed: "
                                span.key { "▲ it failed" } ", " span.key { "○ it did not" } ", " span.key { "◇ it failed in another way" } ", " span.key { "× it was inconclusive" } "."
                            }
                        }
                    }
                }
                @if let Some(explanation) = &found.explanation {
                    @if !explanation.steps.is_empty() {
                        p { "What the failure needs: "
                            @for (nth, step) in explanation.steps.iter().enumerate() {
                                @if nth > 0 { ", " }
                                code { (step.step) } " " (standing(step))
                            }
                            "."
                        }
                    }
                }
            }
        }
    }
}

/// How often the plan failed, as a sentence.
pub fn shown(reproduced: Option<Reproduced>) -> String {
    match reproduced.filter(|reproduced| reproduced.is_measured()) {
        Some(measured) => format!("The plan failed in {}.", wording::shown(measured)),
        None => "How often the plan fails was not measured.".to_owned(),
    }
}

fn standing(step: &NeededStep) -> String {
    match step.standing {
        Standing::Needed => format!("needed ({} sure)", percent(step.needed)),
        Standing::Rarer => "makes it frequent".to_owned(),
        Standing::Undecided => "undecided".to_owned(),
        Standing::NeverTried => "never tried without".to_owned(),
    }
}

fn percent(share: f64) -> String {
    // Rounding must not turn almost certain into certain.
    let percent = (share * 100.0).clamp(0.0, 100.0);
    match share < 1.0 && percent > 99.0 {
        true => "over 99 %".to_owned(),
        false => format!("{percent:.0} %"),
    }
}

/// Steps over executions.
fn chart(history: &ShrinkHistory) -> Markup {
    let runs = &history.history;
    let of = runs.iter().map(|run| run.run).max().unwrap_or(1).max(2);
    let steps = runs.iter().map(|run| run.steps);
    let most = steps.chain([history.from_steps]).max().unwrap_or(1).max(1);
    let scale = Scale {
        runs: of as f64,
        steps: most as f64,
    };
    let every = runs.len().div_ceil(MOST_DRAWN).max(1);
    let label = format!(
        "{} executions; the plan went from {} to {} steps",
        runs.len(),
        history.from_steps,
        history.to_steps
    );
    let content = html! {
        g.grid {
            @for steps in ticks(most as u64) { (FRAME.row(scale.y(steps as f64), steps)) }
            @for run in ticks(of) { (FRAME.tick(scale.x(run as f64), 16.0, run)) }
            (FRAME.axis("execution"))
            text.axis x="2" y=(FRAME.top - 2.0) { "steps" }
        }
        @for run in runs.iter().step_by(every) { (mark(run, &scale)) }
    };
    html! {
        (FRAME.svg("plot shrunk", &label, &content))
        @if every > 1 { p.hint { "One in " (every) " executions is drawn." } }
    }
}

struct Scale {
    runs: f64,
    steps: f64,
}

impl Scale {
    fn x(&self, run: f64) -> f64 {
        let width = FRAME.right - FRAME.left - 16.0;
        FRAME.left + 8.0 + width * ((run - 1.0) / (self.runs - 1.0))
    }

    fn y(&self, steps: f64) -> f64 {
        FRAME.bottom - (FRAME.bottom - FRAME.top - 8.0) * (steps / self.steps)
    }
}

/// One execution. The results differ in shape, not only in colour.
fn mark(run: &ShrinkRun, scale: &Scale) -> Markup {
    let (x, y) = (scale.x(run.run as f64), scale.y(run.steps as f64));
    let (class, said) = match run.failed {
        Some(true) => ("failed", "it failed"),
        Some(false) if run.otherwise => ("otherwise", "it failed in another way"),
        Some(false) => ("passed", "it did not fail"),
        None => ("undecided", "it was inconclusive"),
    };
    let r = 3.5;
    html! {
        g class={ "run " (class) } {
            title { "execution " (run.run) " (" (run.what) "), " (run.steps) " steps: " (said) }
            @match run.failed {
                Some(true) => path d=(format!("M{:.1} {:.1}l{r} {}h-{}z", x, y - r, 2.0 * r, 2.0 * r)) {},
                Some(false) if run.otherwise => path d=(format!("M{:.1} {:.1}l{r} {r}l-{r} {r}l-{r} -{r}z", x, y - r)) {},
                Some(false) => circle cx=(fixed(x)) cy=(fixed(y)) r="3" {},
                None => path d=(format!("M{:.1} {:.1}l{} {}m0 -{}l-{} {}", x - r, y - r, 2.0 * r, 2.0 * r, 2.0 * r, 2.0 * r, 2.0 * r)) {},
            }
        }
    }
}

/// A few round numbers up to `most`, and `most` itself.
fn ticks(most: u64) -> Vec<u64> {
    let step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];
    let step = step.into_iter().find(|step| most / step <= 6);
    let step = step.unwrap_or(most.max(1));
    let mut ticks: Vec<u64> = (1..=most / step).map(|n| n * step).collect();
    if ticks.last().is_none_or(|last| most - last > step / 2) {
        ticks.push(most);
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_end_with_the_greatest_number_however_great() {
        assert_eq!(ticks(1), [1]);
        assert_eq!(ticks(9), [2, 4, 6, 8]);
        assert_eq!(ticks(14), [5, 10, 14]);
        assert_eq!(ticks(u64::MAX), [u64::MAX]);
    }
}
