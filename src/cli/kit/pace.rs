//! How fast trials go by, and how long the rest will take.
//!
//! Only time in which trials run counts: controls and shrinking take as long as they take, and
//! trials that come after them are as fast as those before. While such a phase goes on, or might
//! be about to begin, neither a rate nor a time left is said.

use std::time::{Duration, Instant};

use crate::model::duration_s;

/// The rate of trials so far, and an estimate of the time left.
#[derive(Debug)]
pub struct TrialPace {
    /// How many trials there are to be, if that is known.
    of: Option<u64>,
    /// When it ends at the latest.
    until: Option<Instant>,
    began: Instant,
    /// How many trials were finished when it began.
    at_first: u64,
    finished: u64,
    /// How long the trials since then took, when the last one was finished.
    spent: Duration,
    /// How long phases of unknown length took.
    beside: Duration,
    /// Since when such a phase has been going on.
    beside_since: Option<Instant>,
    is_hidden: bool,
}

impl TrialPace {
    /// The pace of trials of which the first begins now.
    pub fn new(of: Option<u64>, limit: Option<Duration>, now: Instant) -> Self {
        TrialPace {
            of,
            until: limit.and_then(|limit| now.checked_add(limit)),
            began: now,
            at_first: 0,
            finished: 0,
            spent: Duration::ZERO,
            beside: Duration::ZERO,
            beside_since: None,
            is_hidden: false,
        }
    }

    /// This many trials were finished before it began.
    pub fn begin_at(&mut self, finished: u64) {
        self.at_first = finished;
        self.finished = finished;
    }

    /// How many trials are finished.
    pub fn finished(&self) -> u64 {
        self.finished
    }

    /// One more trial is finished.
    pub fn advance(&mut self, now: Instant) {
        self.go_on(now);
        self.finished += 1;
        self.spent = now.duration_since(self.began).saturating_sub(self.beside);
    }

    /// Nothing is said until the next trial: there may be none.
    pub fn hide(&mut self) {
        self.is_hidden = true;
    }

    /// Something of unknown length begins that is no trial.
    pub fn pause(&mut self, now: Instant) {
        self.hide();
        self.beside_since.get_or_insert(now);
    }

    /// Trials go on.
    pub fn go_on(&mut self, now: Instant) {
        self.is_hidden = false;
        if let Some(since) = self.beside_since.take() {
            self.beside += now.duration_since(since);
        }
    }

    /// The rate and the time left, where they are known.
    pub fn words(&self, now: Instant) -> String {
        let done = self.finished - self.at_first;
        let per_second = done as f64 / self.spent.as_secs_f64();
        if self.is_hidden || done == 0 || !per_second.is_normal() {
            return String::new();
        }
        let rate = match per_second >= 1.0 {
            true => format!("{per_second:.0}/s"),
            false => format!("{:.1}/min", per_second * 60.0),
        };
        let running = now.duration_since(self.began).saturating_sub(self.beside);
        let since_last = running.saturating_sub(self.spent);
        let by_count = self.of.and_then(|of| {
            let rest = of.saturating_sub(self.finished) as f64 / per_second;
            let rest = Duration::try_from_secs_f64(rest).ok()?;
            Some(rest.saturating_sub(since_last))
        });
        let by_time = self.until.map(|until| until.saturating_duration_since(now));
        let left = by_count.into_iter().chain(by_time).min();
        let left = left.map(|left| format!(", {} left", duration_s(left.as_secs())));
        format!(" · {rate}{}", left.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_and_time_left_are_said_once_a_trial_is_finished() {
        let began = Instant::now();
        let at = |seconds| began + Duration::from_secs(seconds);
        let mut pace = TrialPace::new(Some(100), None, began);
        pace.begin_at(10);
        assert_eq!(pace.words(at(3)), "");
        pace.advance(at(5));
        assert_eq!(pace.words(at(5)), " · 12.0/min, 7 min 25 s left");
        assert_eq!(pace.words(at(9)), " · 12.0/min, 7 min 21 s left");
        let mut pace = TrialPace::new(None, Some(Duration::from_secs(60)), began);
        (0..8).for_each(|_| pace.advance(at(2)));
        assert_eq!(pace.words(at(20)), " · 4/s, 40 s left");
    }

    #[test]
    fn what_is_no_trial_shows_no_estimate_and_changes_none() {
        let began = Instant::now();
        let at = |seconds| began + Duration::from_secs(seconds);
        let mut pace = TrialPace::new(Some(100), None, began);
        (1..=4).for_each(|nth| pace.advance(at(nth)));
        let before = pace.words(at(4));
        assert_eq!(before, " · 1/s, 1 min 36 s left");
        pace.hide();
        assert_eq!(pace.words(at(4)), "");
        pace.pause(at(4));
        pace.pause(at(30));
        assert_eq!(pace.words(at(60)), "");
        pace.go_on(at(64));
        assert_eq!(pace.words(at(64)), before);
        pace.advance(at(65));
        assert_eq!(pace.words(at(65)), " · 1/s, 1 min 35 s left");
    }
}
