//! The API's resource usage with no requests in flight, before the plan and after recovery.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::Settings;
use super::rounds::Rounds;
use crate::model::Limits;
use crate::observe::look;
use crate::stack::{Stack, Usage};
use crate::trace::Recorder;

/// The pause between the first two samples. Each later pause is as long as the wait so far.
const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// The same where the time between two samples has to tell whether the API is busy: the kernel
/// counts processor time in ticks of 10 ms.
const FIRST_WINDOW: Duration = Duration::from_millis(20);

/// The most rounds that fill the API's pools. They end early when one opens no new descriptors or
/// threads.
const WARM_ROUNDS: u32 = 3;

/// Measures what the API uses at rest.
pub(super) struct IdleApi<'a> {
    pub stack: &'a Stack,
    pub limits: &'a Limits,
    pub settings: &'a Settings,
    pub recorder: &'a Recorder,
    /// How long the API usually takes to answer: it comes to rest no faster.
    pub answer: Duration,
}

impl IdleApi<'_> {
    /// What the API uses at rest before the plan. First its pools are filled by the plan's widest
    /// load: otherwise connections that a burst opens for good would look like a leak caused by a
    /// fault. None where it cannot be measured.
    pub(super) async fn warmed_up(&self, rounds: &Rounds<'_>) -> Option<Usage> {
        let mut usage = self.at_rest(None).await?;
        if self.limits.resources.is_none() || !rounds.are_wide() {
            return Some(usage);
        }
        for _ in 0..WARM_ROUNDS {
            rounds.all_at_once().await;
            let now = self.at_rest(None).await?;
            let grown = now.fds > usage.fds || now.threads > usage.threads;
            usage = now;
            if !grown {
                break;
            }
        }
        Some(usage)
    }

    /// Waits, with nothing in flight, until the API has come to rest, and returns what it uses
    /// then. With `before`, it is at rest once it holds no more than the limits allow over that
    /// and is not busy; without, once its descriptors and threads no longer become fewer. The
    /// faster the API answers, the more often it is measured. After `[trial] settle` no further
    /// measurement begins, and an API that cannot be measured is not waited for.
    pub(super) async fn at_rest(&self, before: Option<&Usage>) -> Option<Usage> {
        let settle = self.settings.settle;
        let (began, deadline) = (Instant::now(), Instant::now() + settle);
        let first = match before {
            None => FIRST_PAUSE,
            Some(_) => FIRST_WINDOW,
        };
        let mut last: Option<(Instant, Usage)> = None;
        loop {
            let looked = look(self.stack, self.recorder, true);
            let Ok(usage) = timeout(settle, looked).await else {
                return last.map(|(_, usage)| usage);
            };
            let usage = usage?;
            let now = Instant::now();
            let rests = last.is_some_and(|(at, last)| match before {
                None => usage.fds >= last.fds && usage.threads >= last.threads,
                Some(before) => {
                    returned(self.limits, before, &usage) && self.is_calm(&last, &usage, now - at)
                }
            });
            if rests || now >= deadline {
                return Some(usage);
            }
            last = Some((now, usage));
            let pause = began.elapsed().max(self.answer).max(first);
            let pause = pause.min(self.settings.resources_every);
            sleep(pause.min(deadline - now)).await;
        }
    }

    /// Whether the API used little processor time between two samples. If they are close together,
    /// it has to be less than half of what counts as busy.
    fn is_calm(&self, last: &Usage, now: &Usage, within: Duration) -> bool {
        let used = now.cpu.saturating_sub(last.cpu).as_micros() as u64;
        let share = match within >= self.settings.resources_every {
            true => used,
            false => 2 * used,
        };
        let limits = self.limits.resources;
        limits.is_none_or(|limits| !limits.is_busy(share, within.as_micros() as u64))
    }
}

/// Whether what the API holds is within the limits again.
fn returned(limits: &Limits, before: &Usage, now: &Usage) -> bool {
    let Some(limits) = limits.resources else {
        return true;
    };
    let within = |now: Option<u64>, allowed: Option<u64>| now <= allowed || allowed.is_none();
    let memory = before.memory_bytes.map(|bytes| limits.memory_bytes(bytes));
    within(now.fds, before.fds.map(|fds| fds + limits.fds))
        && within(now.threads, before.threads.map(|n| n + limits.threads))
        && within(now.memory_bytes, memory)
}
