//! The rule of sustained success.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::iter;

use super::{Event, EventKind, InFlight, Moment, OpenRequest};
use crate::model::KindName;

/// How many successes in a row make success sustained.
const ROW: usize = 3;

/// Decides when the success of one request kind is sustained: after three `ok` in a row, in order
/// of *sending*.
///
/// Requests are passed as they end. One that is still unanswered neither counts nor breaks the row.
/// Sustained success is not revoked by requests that end later.
#[derive(Debug, Clone, Default)]
pub struct Streak {
    ended: BTreeMap<u64, bool>,
}

impl Streak {
    /// A request has ended. Returns whether this makes success sustained. `sent_seq` is the `seq`
    /// of its sending.
    pub fn ended(&mut self, sent_seq: u64, ok: bool) -> bool {
        self.ended.insert(sent_seq, ok);
        let is_ok = |&(_, ok): &(&u64, &bool)| *ok;
        let before = self.ended.range(..sent_seq).rev().take_while(is_ok);
        let after = self.ended.range(sent_seq..).take_while(is_ok);
        ok && before.take(ROW).count() + after.take(ROW).count() >= ROW
    }
}

/// When success was sustained by requests of one kind: the end of the last of three `ok` in a row.
/// For each request, in order of sending, `ended` has its end, the `seq` of its sending, and
/// whether it succeeded.
pub fn sustained(ended: impl IntoIterator<Item = (Moment, u64, bool)>) -> Option<Moment> {
    let mut streak = Streak::default();
    let mut becomes =
        |Reverse((moment, sent_seq, ok))| streak.ended(sent_seq, ok).then_some(moment);
    // What ended before a request was sent comes before all that is still to come. So there is no
    // need to sort all ends, and usually the first few requests decide.
    let mut later: BinaryHeap<Reverse<(Moment, u64, bool)>> = BinaryHeap::new();
    for next in ended {
        let (_, sent_seq, _) = next;
        let is_over = |Reverse((end, ..)): &Reverse<(Moment, _, _)>| end.seq < sent_seq;
        while later.peek().is_some_and(is_over) {
            if let Some(third) = later.pop().and_then(&mut becomes) {
                return Some(third);
            }
        }
        later.push(Reverse(next));
    }
    iter::from_fn(|| later.pop()).find_map(becomes)
}

/// The streaks of all request kinds, while a history is read event by event.
#[derive(Debug, Default)]
pub struct Streaks {
    in_flight: InFlight,
    kinds: BTreeMap<KindName, Streak>,
}

impl Streaks {
    /// Reads the next event, and returns the kind whose success it makes sustained, if any.
    pub fn take(&mut self, event: &Event) -> Option<KindName> {
        let OpenRequest { kind, sent, .. } = self.in_flight.read(event, || ())?;
        let streak = self.kinds.entry(kind.clone()).or_default();
        let is_ok = matches!(&event.kind, EventKind::Ended { outcome, .. } if outcome.is_ok());
        streak.ended(sent.seq, is_ok).then_some(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_in_a_row_in_order_of_sending_not_of_ending() {
        let mut streak = Streak::default();
        assert!(!streak.ended(30, true));
        assert!(!streak.ended(10, true));
        assert!(streak.ended(20, true));
    }

    #[test]
    fn a_failure_between_breaks_the_row_once_it_has_ended() {
        let mut streak = Streak::default();
        assert!(!streak.ended(10, true));
        assert!(!streak.ended(20, false));
        assert!(!streak.ended(30, true));
        assert!(!streak.ended(40, true));
        assert!(streak.ended(50, true));
    }

    #[test]
    fn what_is_still_unanswered_does_not_break_it() {
        let mut streak = Streak::default();
        assert!(!streak.ended(10, true));
        // The request sent at 20 has not ended yet.
        assert!(!streak.ended(30, true));
        assert!(streak.ended(40, true));
    }
}
