//! Calls to the backend, with bounded retries and a circuit breaker.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use super::channel::BackendAnswer;
use super::provider::{CallError, Provider};
use super::slots::Slots;
use super::{ApiSettings, Host, Variant};

/// No retry starts later than this after the call.
const LAST_RETRY: Duration = Duration::from_millis(250);

/// The deadline of a call with all its retries.
const WITH_RETRIES: Duration = Duration::from_millis(700);

/// The random pause before a retry, in milliseconds.
const RETRY_PAUSE_MS: std::ops::Range<u64> = 10..50;

/// How long a listener takes to pass a response on, in the bug growing-latency.
const LISTENER: Duration = Duration::from_millis(60);

/// Calls the backend through a provider.
pub(super) struct Caller {
    provider: Arc<Provider>,
    settings: ApiSettings,
    chances: Mutex<Rng>,
    breaker: Mutex<Breaker>,
    slots: Option<Slots>,
}

/// How many calls have failed in a row, and until when further calls fail immediately.
#[derive(Default)]
struct Breaker {
    failures: u32,
    open_until: Option<Instant>,
}

impl Caller {
    /// A caller whose breaker is closed.
    pub fn new(provider: Arc<Provider>, settings: ApiSettings, host: &Host) -> Self {
        Caller {
            provider,
            settings,
            chances: Mutex::new(Rng::with_seed(host.seed)),
            breaker: Mutex::default(),
            slots: Slots::new(&settings),
        }
    }

    /// Lets the backend do a piece of work.
    pub async fn call(&self, token: Value) -> Result<BackendAnswer, CallError> {
        let until = self.breaker().open_until;
        if until.is_some_and(|until| Instant::now() < until) {
            return Err(CallError::BreakerOpen);
        }
        let _slot = match &self.slots {
            Some(slots) => Some(slots.take().await.ok_or(CallError::NoSlot)?),
            None => None,
        };
        let result = match self.settings.retries {
            0 => self.provider.call(token).await,
            retries => timeout(WITH_RETRIES, self.call_again(token, retries))
                .await
                .unwrap_or(Err(CallError::Deadline(WITH_RETRIES))),
        };
        self.note(result.is_ok());
        // BUG growing-latency: each reconnect has added a listener, and the response passes through
        // all of them.
        if self.settings.is(Variant::GrowingLatency) && result.is_ok() {
            sleep(LISTENER * self.provider.reconnects()).await;
        }
        result
    }

    async fn call_again(&self, token: Value, retries: u32) -> Result<BackendAnswer, CallError> {
        let began = Instant::now();
        let mut left = retries;
        loop {
            let result = self.provider.call(token.clone()).await;
            if left == 0 || began.elapsed() > LAST_RETRY || result != Err(CallError::Broken) {
                return result;
            }
            left -= 1;
            let pause_ms = {
                let mut chances = self.chances.lock().unwrap_or_else(PoisonError::into_inner);
                chances.u64(RETRY_PAUSE_MS)
            };
            sleep(Duration::from_millis(pause_ms)).await;
        }
    }

    fn note(&self, good: bool) {
        let Some((most, pause)) = self.settings.breaker else {
            return;
        };
        let mut breaker = self.breaker();
        breaker.failures = if good { 0 } else { breaker.failures + 1 };
        breaker.open_until = (breaker.failures >= most).then(|| Instant::now() + pause);
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
