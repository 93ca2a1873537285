//! The head of the page: what failed in plain words, and what the page is about.

use maud::{Markup, html};

use super::badge;
use crate::report::Report;

/// The headline, and in small print the stack, the date, the host and the version.
pub fn masthead(report: &Report) -> Markup {
    let headline = report.headline();
    let sentence = report.sentence();
    html! {
        header {
            h1 { (badge(report.verdict())) " " span { (ticked(&headline)) } }
            p.masthead {
                @if sentence != headline { span { (sentence) } }
                @if let Some(stack) = stack(report) { span { "stack " strong { (stack) } } }
                @if let Some(date) = date(report) { span { (date) } }
                @if let Some(host) = host() { span { "page written on " (host) } }
                span { "comeback " (env!("CARGO_PKG_VERSION")) }
            }
        }
    }
}

/// A text in which what stands between two backticks is code.
pub fn ticked(text: &str) -> Markup {
    html! {
        @for (nth, part) in text.split('`').enumerate() {
            @if nth % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// The stack as its configuration calls it.
fn stack(report: &Report) -> Option<String> {
    if let Some(campaign) = &report.campaign {
        return Some(campaign.summary.stack.clone());
    }
    let mut names = report.trials.iter().map(|trial| trial.stack_name());
    let first = names.next()?;
    names.all(|name| name == first).then_some(first)
}

/// When the first trial began, to the minute. A run without a trace has the time in its folder's
/// name, as in `20260102T030405Z-1`.
fn date(report: &Report) -> Option<String> {
    let started = report.trials.first();
    let started = started.map(|trial| trial.trace.header.started_at.clone());
    if let Some((day, time)) = started.as_deref().and_then(|text| text.split_once('T')) {
        return Some(format!("{day} {} UTC", time.get(..5)?));
    }
    let run = &report.campaign.as_ref()?.summary.run;
    let name = std::path::Path::new(run).file_name()?.to_str()?;
    let digits: String = name.split('Z').next()?.replace('T', "");
    let is_time = digits.len() == 14 && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_time.then(|| {
        let of = |range: std::ops::Range<usize>| &digits[range];
        let (year, month, day) = (of(0..4), of(4..6), of(6..8));
        format!("{year}-{month}-{day} {}:{} UTC", of(8..10), of(10..12))
    })
}

/// The name of the machine that writes the page.
fn host() -> Option<String> {
    let names = rustix::system::uname();
    let name = names.nodename().to_str().ok()?;
    (!name.is_empty()).then(|| name.to_owned())
}
