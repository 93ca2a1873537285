//! How many lines the API logged at once.

use crate::model::{API, Limits};
use crate::trace::{EventKind, Moment, View};

/// The length of the window over which log lines are counted, in microseconds. A start-up banner or
/// a traceback is no flood; ten seconds of lines are.
const WINDOW_US: u64 = 10_000_000;

/// How many more lines the API may log for each request that is sent in the window: a line for each
/// of a thousand failed requests is no flood.
const LINES_PER_TURN: u64 = 4;

/// Too many log lines.
pub(super) struct Flood {
    /// How many are allowed in that time.
    pub allowed: u64,
    /// How many there were from the first fault to the end.
    pub in_all: u64,
    /// The first of them.
    pub began: Moment,
    /// The first line above the limit.
    pub shown: Moment,
}

/// The most log lines within the window, or the first flood.
pub(super) fn log_flood(view: &View<'_>, since: Moment, limits: &Limits) -> Result<u64, Flood> {
    let lines = log_lines(view, since);
    let asked = view.requests_under_test();
    let mut begin = 0;
    let mut most = 0;
    let mut within: u128 = 0;
    for (shown, number) in &lines {
        within += u128::from(*number);
        while shown.at_us.saturating_sub(lines[begin].0.at_us) > WINDOW_US {
            within -= u128::from(lines[begin].1);
            begin += 1;
        }
        let count = u64::try_from(within).unwrap_or(u64::MAX);
        most = most.max(count);
        let from = asked.partition_point(|r| r.sent.at_us < lines[begin].0.at_us);
        let to = asked.partition_point(|r| r.sent.at_us <= shown.at_us);
        let allowed = allowed_lines(limits).saturating_add(LINES_PER_TURN * (to - from) as u64);
        if count > allowed {
            return Err(Flood {
                allowed,
                in_all: lines
                    .iter()
                    .fold(0, |all, (_, number)| all.saturating_add(*number)),
                began: lines[begin].0,
                shown: *shown,
            });
        }
    }
    Ok(most)
}

/// Whether the lines of the last window, of which some came before an event, are more than half of
/// what is allowed.
pub(super) fn is_half_a_flood(
    view: &View<'_>,
    since: Moment,
    limits: &Limits,
    before_seq: u64,
) -> bool {
    let from_us = view.observed_until_us().saturating_sub(WINDOW_US);
    let lines = log_lines(view, since);
    let recent: Vec<_> = lines
        .into_iter()
        .filter(|(moment, _)| moment.at_us >= from_us)
        .collect();
    let number = recent
        .iter()
        .map(|(_, number)| u128::from(*number))
        .sum::<u128>();
    let began = recent
        .first()
        .is_some_and(|(moment, _)| moment.seq < before_seq);
    began && 2 * number > u128::from(allowed_lines(limits))
}

/// How many lines the API may log within the window, not counting those for requests.
fn allowed_lines(limits: &Limits) -> u64 {
    limits.log_lines_per_s.saturating_mul(WINDOW_US / 1_000_000)
}

/// When the API logged how many lines, in order. Those that came too fast to be recorded count,
/// too.
fn log_lines(view: &View<'_>, since: Moment) -> Vec<(Moment, u64)> {
    let logs = view.logs().iter();
    let logged = logs.filter(|log| log.service == API);
    let events = view.under_test().iter();
    let dropped = events.filter_map(|event| match &event.kind {
        EventKind::LogDropped { service, lines } if service == API => {
            Some((event.moment(), *lines))
        }
        _ => None,
    });
    let lines = logged.map(|log| (log.moment, 1)).chain(dropped);
    let mut lines: Vec<_> = lines
        .filter(|(moment, _)| moment.seq >= since.seq)
        .collect();
    lines.sort_by_key(|(moment, _)| moment.seq);
    lines
}
