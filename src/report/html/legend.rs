//! What the marks of a timeline mean. Each is drawn as the timeline draws it, and only what occurs
//! in the trial is listed.

use maud::{Markup, PreEscaped, html};

use crate::model::count;
use crate::report::trial::{RequestEnd, TrialReport};

/// The legend of a trial's timeline.
pub fn legend(trial: &TrialReport) -> Markup {
    let rows = trial.requests.rows();
    let of = |end: RequestEnd, jobs: bool| {
        let is_job = |at: Option<u64>| end == RequestEnd::Waited && at.is_some();
        let alike = rows.iter().filter(|row| row.how() == end);
        alike.filter(|row| is_job(row.accepted_us) == jobs).count()
    };
    let lower_bounds =
        of(RequestEnd::Open, false) + of(RequestEnd::Waited, false) + of(RequestEnd::Waited, true);
    let has_faults = trial.view().windows().iter().next().is_some();
    html! {
        ul.legend {
            (entry("ok", OK, of(RequestEnd::Ok, false), "ok"))
            (entry("failed", FAILED, of(RequestEnd::Failed, false), "failed: the API said so"))
            (entry("unknown", REFUSED, of(RequestEnd::Unanswered, false), "no answer: the connection was refused or broke"))
            (entry("unknown", TIMED_OUT, of(RequestEnd::Waited, false), "no answer within the limit"))
            (entry("unknown", JOB, of(RequestEnd::Waited, true), "accepted as a job, never finished"))
            (entry("open", OPEN, of(RequestEnd::Open, false), "still open when the trial ended"))
            @if lower_bounds > 0 {
                li { (drawn("unknown", AT_LEAST)) "in the lane “latency”: at least this long, nobody waited longer" }
            }
            @if has_faults {
                li { i.swatch.fault {} "a fault, until backend-ready" }
                li { i.swatch.recovery {} "backend-ready" }
            }
            @if !trial.evidence.is_empty() { li { i.swatch.proof {} "proves the violation" } }
        }
    }
}

/// A line of the legend for requests of one kind of end, if there are any.
fn entry(tone: &str, mark: &str, number: usize, words: &str) -> Markup {
    let title = count(number as u64, "request");
    html! {
        @if number > 0 {
            li data-count=(number) { (drawn(tone, mark)) (words) " " span.soft { "(" (title) ")" } }
        }
    }
}

fn drawn(tone: &str, mark: &str) -> Markup {
    html! {
        svg.mark.(tone) viewBox="0 0 30 12" width="30" height="12" aria-hidden="true" { (PreEscaped(mark)) }
    }
}

const OK: &str =
    r#"<path d="M1 6H25" stroke-width="3"/><circle cx="25" cy="6" r="2.6" stroke="none"/>"#;
const FAILED: &str =
    r#"<path d="M1 6H25" stroke-width="8"/><path d="M21 2l8 8m-8 0l8-8" stroke-width="2"/>"#;
const REFUSED: &str = r#"<path d="M1 6H22" stroke-width="6" stroke-dasharray="4 3"/><circle class="hollow" cx="25" cy="6" r="4" stroke-width="1.5"/>"#;
const TIMED_OUT: &str = r#"<path d="M1 6H22" stroke-width="6" stroke-dasharray="4 3"/><path d="M22 1l7 5l-7 5z" stroke="none"/>"#;
const JOB: &str = r#"<rect x="1" y="2" width="22" height="8" fill-opacity=".18"/><path d="M22 1l7 5l-7 5z" stroke="none"/>"#;
const OPEN: &str = r#"<path d="M1 6H29" stroke-width="1.5" stroke-dasharray="2 3"/>"#;
const AT_LEAST: &str = r#"<path d="M10 10l5-9l5 9z" stroke="none"/>"#;
