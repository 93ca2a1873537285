//! How late the harness itself sent what was due.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::model::{Action, BACKGROUND, Pace, Plan};

/// A request that may have been due at a certain time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueRequest<'a> {
    /// What it belongs to, as a trace writes it.
    pub origin: &'a str,
    /// When it was due, in microseconds since the trial began.
    pub intended_us: u64,
    /// When it was sent.
    pub sent_us: u64,
    /// When it ended; none if it did not.
    pub ended_us: Option<u64>,
}

/// By how many microseconds the harness sent each request of an open loop too late: the steady
/// load, and bursts with a rate. `requests` are in the order of sending.
///
/// While a burst has as many requests in flight as it may have, its next request waits for the API.
/// That time is not the harness's, so a request's lateness counts from the moment at which it was
/// due and could be sent. It includes waiting for the caps of `[load]`.
pub fn lateness<'a>(plan: &Plan, requests: impl IntoIterator<Item = DueRequest<'a>>) -> Vec<u64> {
    let mut loops = open_loops(plan);
    let late = requests.into_iter().filter_map(|request| {
        let open_loop = loops.get_mut(request.origin)?;
        let free_us = open_loop.send(request);
        Some(
            request
                .sent_us
                .saturating_sub(request.intended_us.max(free_us)),
        )
    });
    late.collect()
}

/// The open loops of a plan by their origin.
fn open_loops(plan: &Plan) -> BTreeMap<&str, OpenLoop> {
    let of = |most| OpenLoop {
        most,
        ends: BinaryHeap::new(),
        free_us: 0,
    };
    let steps = plan.steps.iter().filter_map(|step| match &step.action {
        Action::Burst(burst) => match burst.pace {
            Pace::Open { .. } => Some((step.id.0.as_str(), of(burst.concurrency as usize))),
            Pace::Closed { .. } => None,
        },
        _ => None,
    });
    let background = plan.background.as_ref();
    let background = background.map(|_| (BACKGROUND, of(usize::MAX)));
    steps.chain(background).collect()
}

/// What is in flight of an open loop.
struct OpenLoop {
    /// At most so many at once.
    most: usize,
    /// When each of them ended or will end, the first one on top.
    ends: BinaryHeap<Reverse<u64>>,
    /// When it last could send again after it could not.
    free_us: u64,
}

impl OpenLoop {
    /// Counts a request, and returns when it could be sent.
    fn send(&mut self, request: DueRequest<'_>) -> u64 {
        while let Some(Reverse(end_us)) = self.ends.peek().copied()
            && end_us <= request.sent_us
        {
            if self.ends.len() == self.most {
                self.free_us = end_us;
            }
            self.ends.pop();
        }
        self.ends
            .push(Reverse(request.ended_us.unwrap_or(u64::MAX)));
        self.free_us
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Anchor, Background, Burst, Mix, Step, StepId};

    fn burst(id: &str, concurrency: u32, pace: Pace) -> Step {
        let burst = Burst {
            count: 9,
            concurrency,
            pace,
            mix: Mix::new(),
        };
        Step {
            id: StepId(id.to_owned()),
            anchor: Anchor::At { offset_ms: 0 },
            action: Action::Burst(burst),
        }
    }

    fn late(requests: &[(&str, u64, u64, u64)]) -> Vec<u64> {
        let plan = Plan {
            seed: 1,
            index: 0,
            background: Some(Background {
                rate_per_s: 1.0,
                mix: Mix::new(),
            }),
            steps: vec![
                burst("two", 2, Pace::Open { rate_per_s: 10.0 }),
                burst("closed", 1, Pace::Closed { think_ms: 0 }),
            ],
        };
        let requests = requests
            .iter()
            .map(|&(origin, intended_us, sent_us, ended_us)| DueRequest {
                origin,
                intended_us,
                sent_us,
                ended_us: Some(ended_us),
            });
        lateness(&plan, requests)
    }

    #[test]
    fn what_is_sent_after_it_was_due_is_late() {
        let all = [
            (BACKGROUND, 100, 100, 900),
            (BACKGROUND, 200, 207, 800),
            (BACKGROUND, 300, 301, 310),
        ];
        assert_eq!(late(&all), [0, 7, 1]);
    }

    #[test]
    fn waiting_for_a_sender_is_the_apis_time() {
        let all = [
            ("two", 0, 0, 500),
            ("two", 100, 101, 900),
            // Both senders are busy until 500.
            ("two", 200, 504, 2_000),
            // Until 900.
            ("two", 300, 905, 950),
            // A sender was free when it was due.
            ("two", 1_000, 1_020, 1_100),
        ];
        assert_eq!(late(&all), [0, 1, 4, 5, 20]);
    }

    #[test]
    fn what_has_no_schedule_is_never_late() {
        assert!(late(&[("closed", 0, 90, 100), ("probe", 0, 50, 60)]).is_empty());
    }
}
