//! The line, or table, that is drawn anew on standard error while something goes on.
//!
//! Whatever is put into it may have been worded by others, so it goes through
//! [`stream::shown`](super::stream::shown) first. indicatif ignores a terminal that was closed.

use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::bar_line::BarLine;
use super::colors::ColorWhen;
use super::pace::TrialPace;
use super::stream::{error_width, shown};
use crate::model::duration_s;

/// How often the spinner turns.
const TURN_EVERY: Duration = Duration::from_millis(100);

/// The width of a terminal that does not tell its own.
const USUAL_WIDTH: usize = 80;

/// The spinner, and the space behind it.
const SPINNER_WIDTH: usize = 2;

/// What is drawn anew on standard error. Clones draw the same.
#[derive(Debug, Clone)]
pub struct Bar {
    drawn: ProgressBar,
    shared: Arc<Mutex<Shared>>,
}

/// What the line says.
#[derive(Debug)]
struct Shared {
    line: BarLine,
    pace: TrialPace,
}

impl Bar {
    /// Shows how far something is: a spinner, what it is about, how long it takes and, with the
    /// number of steps or a limit, how long the rest will.
    pub fn progress(quiet: bool, of: Option<u64>, limit: Option<Duration>) -> Self {
        let bar = Bar::drawn(quiet, of, limit);
        let (left, right) = (bar.shared.clone(), bar.shared.clone());
        let left = move |state: &ProgressState, text: &mut dyn Write| {
            // A write to memory does not fail.
            let _ = text.write_str(&halves(&left, state).0);
        };
        let right = move |state: &ProgressState, text: &mut dyn Write| {
            let _ = text.write_str(&halves(&right, state).1);
        };
        let template = "{spinner} {left}{right:.dim}";
        let style = style(template).with_key("left", left);
        bar.drawn.set_style(style.with_key("right", right));
        bar.drawn.enable_steady_tick(TURN_EVERY);
        bar
    }

    /// Shows a text of any number of lines.
    pub fn table(quiet: bool) -> Self {
        let bar = Bar::drawn(quiet, None, None);
        let took = |state: &ProgressState, text: &mut dyn Write| {
            let _ = text.write_str(&duration_s(state.elapsed().as_secs()));
        };
        let style = style("{msg} {took:.dim}");
        bar.drawn.set_style(style.with_key("took", took));
        bar
    }

    fn drawn(quiet: bool, of: Option<u64>, limit: Option<Duration>) -> Self {
        let drawn = match quiet {
            true => ProgressBar::hidden(),
            false => ProgressBar::with_draw_target(of, ProgressDrawTarget::stderr()),
        };
        let shared = Shared {
            line: BarLine::default(),
            pace: TrialPace::new(of, limit, Instant::now()),
        };
        Bar {
            drawn,
            shared: Arc::new(Mutex::new(shared)),
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing is drawn: with `--quiet`, or where standard error is no terminal.
    pub fn is_hidden(&self) -> bool {
        self.drawn.is_hidden()
    }

    /// How many steps are done.
    pub fn position(&self) -> u64 {
        self.shared().pace.finished()
    }

    /// One more step is done.
    pub fn advance(&self) {
        self.shared().pace.advance(Instant::now());
    }

    /// This many steps were done before it began.
    pub fn begin_at(&self, position: u64) {
        self.shared().pace.begin_at(position);
    }

    /// Says nothing of the pace until the next step: there may be none.
    pub fn hide_pace(&self) {
        self.shared().pace.hide();
    }

    /// Something of unknown length begins that is no step.
    pub fn pause_pace(&self) {
        self.shared().pace.pause(Instant::now());
    }

    /// Steps go on.
    pub fn resume_pace(&self) {
        self.shared().pace.go_on(Instant::now());
    }

    /// Shows this before the message.
    pub fn set_prefix(&self, prefix: &str) {
        self.shared().line.prefix = shown(prefix);
    }

    /// Shows this message, with details that are left out where the line is too narrow.
    pub fn set_message(&self, message: &str, details: &str) {
        let mut shared = self.shared();
        shared.line.message = shown(message);
        shared.line.details = shown(details);
        shared.line.took = None;
    }

    /// Shows this message with the time that its phase has taken, instead of the time of it all.
    pub fn set_phase(&self, message: &str, took: Duration) {
        self.set_message(message, "");
        self.shared().line.took = Some(took);
    }

    /// Shows this text, with as many lines as it has.
    pub fn set_table(&self, text: &str) {
        self.drawn.set_message(shown(text));
    }

    /// Writes a line above it that stays.
    pub fn write_line(&self, line: &str) {
        self.drawn.println(shown(line));
    }

    /// Takes it away.
    pub fn finish(&self) {
        self.drawn.finish_and_clear();
    }
}

/// The line's two halves, so that they fit the terminal as wide as it is now.
fn halves(shared: &Mutex<Shared>, state: &ProgressState) -> (String, String) {
    let shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    let width = error_width().unwrap_or(USUAL_WIDTH);
    let width = width.saturating_sub(SPINNER_WIDTH);
    let pace = shared.pace.words(Instant::now());
    shared.line.halves(width, state.elapsed(), &pace)
}

fn style(template: &str) -> ProgressStyle {
    let style = match ColorWhen::is_never() {
        true => ProgressStyle::with_template(&template.replace(":.dim", "")),
        false => ProgressStyle::with_template(template),
    };
    style.unwrap_or_else(|_| ProgressStyle::default_spinner())
}
