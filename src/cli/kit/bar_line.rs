//! The text of the progress line, so that it fits the terminal.

use std::time::Duration;

use crate::model::duration_s;

/// Shows that the rest of a message is cut.
const CUT: char = '…';

/// What the progress line says.
#[derive(Debug, Default)]
pub struct BarLine {
    /// How far it is, and what was found.
    pub prefix: String,
    /// What goes on.
    pub message: String,
    /// More about it, where there is room.
    pub details: String,
    /// How long the phase has taken, to be said instead of the time of it all.
    pub took: Option<Duration>,
}

impl BarLine {
    /// The line as its left half, filled with blanks, and its right half, which stays in its place
    /// at the end. Where the width does not suffice, the details go first, then the pace, then the
    /// end of the message.
    pub fn halves(&self, width: usize, in_all: Duration, pace: &str) -> (String, String) {
        let took = match self.took {
            Some(took) => format!(" · {}", duration_s(took.as_secs())),
            None => format!(" {}", duration_s(in_all.as_secs())),
        };
        let whole = format!("{}{}", self.prefix, self.message);
        let detailed = match self.details.is_empty() {
            true => whole.clone(),
            false => format!("{whole} · {}", self.details),
        };
        let paced = format!("{took}{pace}");
        let ways = [
            (detailed, &paced),
            (whole.clone(), &paced),
            (whole.clone(), &took),
        ];
        let fits = |(left, right): &&(String, &String)| length(left) + length(right) <= width;
        let (left, right) = match ways.iter().find(fits) {
            Some((left, right)) => (left.clone(), (*right).clone()),
            None => (cut(&whole, width.saturating_sub(length(&took))), took),
        };
        let fill = width.saturating_sub(length(&left) + length(&right));
        // A phase's time belongs to its message, and stands right behind it.
        match self.took {
            Some(_) => (left, right),
            None => (left + &" ".repeat(fill), right),
        }
    }
}

fn length(text: &str) -> usize {
    text.chars().count()
}

fn cut(text: &str, width: usize) -> String {
    if length(text) <= width {
        return text.to_owned();
    }
    let kept = text.chars().take(width.saturating_sub(1));
    kept.chain([CUT]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(prefix: &str, message: &str, details: &str) -> BarLine {
        BarLine {
            prefix: prefix.to_owned(),
            message: message.to_owned(),
            details: details.to_owned(),
            took: None,
        }
    }

    fn at_80(line: &BarLine, pace: &str) -> String {
        let (left, right) = line.halves(78, Duration::from_secs(49), pace);
        let text = left + &right;
        assert!(length(&text) <= 78, "{text}");
        text
    }

    #[test]
    fn shrinking_and_the_control_fit_a_terminal_of_80_columns() {
        let shrinking = BarLine {
            took: Some(Duration::from_secs(6)),
            ..line(
                "failure found · ",
                "shrinking: 5 → 3 steps, execution 17",
                "",
            )
        };
        assert_eq!(
            at_80(&shrinking, ""),
            "failure found · shrinking: 5 → 3 steps, execution 17 · 6 s"
        );
        let prefix = "100/100 trials · 2 failures · ";
        let control = at_80(&line(prefix, "control: without faults", ""), "");
        assert!(control.starts_with("100/100 trials · 2 failures · control: without faults "));
        assert!(control.ends_with("  49 s"), "{control}");
    }

    #[test]
    fn details_go_first_then_the_pace_and_a_cut_shows() {
        let pace = " · 24.0/min, 3 min 5 s left";
        let details = "ok 12, failed 3, unknown 2";
        let short = at_80(&line("3/9 trials · ", "the plan", ""), pace);
        assert!(
            short.ends_with(" 49 s · 24.0/min, 3 min 5 s left"),
            "{short}"
        );
        let message = "f1: kill backend, start it after 5 ms";
        let narrow = at_80(&line("", message, details), pace);
        assert!(
            !narrow.contains("ok 12") && narrow.ends_with(pace),
            "{narrow}"
        );
        let unpaced = at_80(&line("3/100 trials · ", message, details), pace);
        assert!(
            unpaced.contains(message) && !unpaced.contains("left"),
            "{unpaced}"
        );
        let long = "x".repeat(100);
        let text = at_80(&line("", &long, details), pace);
        assert!(text.ends_with("x… 49 s"), "{text}");
    }
}
