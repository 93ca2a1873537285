//! The line, or table, that is drawn anew on standard error while something goes on.
//!
//! Whatever is put into it may have been worded by others, so it goes through
//! [`stream::shown`](super::stream::shown) first. indicatif ignores a terminal that was closed.

use std::fmt::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::colors::ColorWhen;
use super::pace;
use super::stream::shown;
use crate::model::duration_s;

/// How often the spinner turns.
const TURN_EVERY: Duration = Duration::from_millis(100);

/// What is drawn anew on standard error. Clones draw the same.
#[derive(Debug, Clone)]
pub struct Bar(ProgressBar);

impl Bar {
    /// Shows how far something is: a spinner, what it is about, how long it takes and, with the
    /// number of steps or a limit, how long the rest will.
    pub fn progress(quiet: bool, of: Option<u64>, limit: Option<Duration>) -> Self {
        let pace = move |state: &ProgressState, text: &mut dyn Write| {
            let by_count = state.len().map(|_| state.eta());
            let by_time = limit.map(|limit| limit.saturating_sub(state.elapsed()));
            let left = by_count.into_iter().chain(by_time).min();
            // A write to memory does not fail.
            let _ = text.write_str(&pace::words(state.per_sec(), left));
        };
        let template = "{spinner} {prefix}{wide_msg} {took:.dim}{pace:.dim}";
        let bar = Bar::drawn(quiet, of, style(template).with_key("pace", pace));
        bar.0.enable_steady_tick(TURN_EVERY);
        bar
    }

    /// Shows a text of any number of lines.
    pub fn table(quiet: bool) -> Self {
        Bar::drawn(quiet, None, style("{msg} {took:.dim}"))
    }

    fn drawn(quiet: bool, of: Option<u64>, style: ProgressStyle) -> Self {
        let bar = match quiet {
            true => ProgressBar::hidden(),
            false => ProgressBar::with_draw_target(of, ProgressDrawTarget::stderr()),
        };
        bar.set_style(style);
        Bar(bar)
    }

    /// Whether nothing is drawn: with `--quiet`, or where standard error is no terminal.
    pub fn is_hidden(&self) -> bool {
        self.0.is_hidden()
    }

    /// How many steps are done.
    pub fn position(&self) -> u64 {
        self.0.position()
    }

    /// One more step is done.
    pub fn advance(&self) {
        self.0.inc(1);
    }

    /// This many steps were done before it began.
    pub fn begin_at(&self, position: u64) {
        self.0.set_position(position);
        self.0.reset_eta();
    }

    /// Shows this before the message.
    pub fn set_prefix(&self, prefix: &str) {
        self.0.set_prefix(shown(prefix));
    }

    /// Shows this message.
    pub fn set_message(&self, message: &str) {
        self.0.set_message(shown(message));
    }

    /// Writes a line above it that stays.
    pub fn write_line(&self, line: &str) {
        self.0.println(shown(line));
    }

    /// Takes it away.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    let took = |state: &ProgressState, text: &mut dyn Write| {
        let _ = text.write_str(&duration_s(state.elapsed().as_secs()));
    };
    let style = match ColorWhen::is_never() {
        true => ProgressStyle::with_template(&template.replace(":.dim", "")),
        false => ProgressStyle::with_template(template),
    };
    style
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
        .with_key("took", took)
}
