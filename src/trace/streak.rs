//! The rule of sustained success.

use std::collections::BTreeMap;

use super::{Event, EventKind, InFlight, Moment, OpenRequest};
use crate::model::KindName;

/// How many successes in a row make success sustained.
const ROW: usize = 3;

/// Decides when the success of one request kind is sustained: three `ok` in a row, in order of
/// *sending*.
///
/// Requests are told as they end. One that is still unanswered is no failure until it has ended, so
/// it neither counts nor breaks the row; success that was sustained once is not taken back by what
/// ends later.
#[derive(Debug, Clone, Default)]
pub struct Streak {
    ended: BTreeMap<u64, bool>,
}

impl Streak {
    /// Takes in that a request has ended, and says whether this makes success sustained.
    /// `sent_seq` is the place of its sending in the history.
    pub fn ended(&mut self, sent_seq: u64, ok: bool) -> bool {
        self.ended.insert(sent_seq, ok);
        let before = self.ended.range(..sent_seq).rev();
        let after = self.ended.range(sent_seq..);
        let in_a_row = |&(_, ok): &(&u64, &bool)| *ok;
        before.take_while(in_a_row).take(ROW).count() + after.take_while(in_a_row).take(ROW).count()
            >= ROW
            && ok
    }
}

/// When success was sustained by requests of one kind: of each, when it ended, the place of its
/// sending, and whether it succeeded. The moment is when the last of the three ended.
pub fn sustained(ended: impl IntoIterator<Item = (Moment, u64, bool)>) -> Option<Moment> {
    let mut ends: Vec<_> = ended.into_iter().collect();
    ends.sort();
    let mut streak = Streak::default();
    let third = ends
        .into_iter()
        .find(|&(_, sent_seq, ok)| streak.ended(sent_seq, ok));
    third.map(|(moment, ..)| moment)
}

/// The streaks of every request kind, while the events of a history pass by.
#[derive(Debug, Default)]
pub struct Streaks {
    in_flight: InFlight,
    kinds: BTreeMap<KindName, Streak>,
}

impl Streaks {
    /// Takes the next event in, and tells the kind whose success it makes sustained, if it does.
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
