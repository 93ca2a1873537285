//! A timer that is more exact than tokio's, which rounds up to whole milliseconds.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::unix::pipe::Receiver;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::{Instant, Sleep, sleep_until};

/// Waits for one instant at a time. It is made when it is first needed.
#[derive(Debug, Default)]
pub(super) struct ExactTimer {
    clock: Option<Clock>,
    /// What the clock is set to.
    at: Option<Instant>,
}

#[derive(Debug)]
enum Clock {
    /// The kernel's, late by some ten microseconds: a timerfd, which is read as a pipe is.
    Kernel(Receiver),
    /// tokio's: exact in simulated time, which has one thread only.
    Tokio(Pin<Box<Sleep>>),
}

impl ExactTimer {
    /// Ready once `at` has come.
    pub(super) fn poll(&mut self, context: &mut Context<'_>, at: Instant) -> Poll<()> {
        loop {
            let left = at.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Poll::Ready(());
            }
            let clock = self.clock.get_or_insert_with(|| Clock::new(at));
            if self.at != Some(at) {
                clock.set(at);
                self.at = Some(at);
            }
            match clock {
                Clock::Tokio(sleep) => ready!(sleep.as_mut().poll(context)),
                Clock::Kernel(timer) => {
                    let mut count = [0; 8];
                    let mut count = ReadBuf::new(&mut count);
                    let read = ready!(Pin::new(timer).poll_read(context, &mut count));
                    if read.is_err() {
                        self.clock = Some(Clock::Tokio(Box::pin(sleep_until(at))));
                    }
                }
            }
            // Should the clock be early, it is set again.
            self.at = None;
        }
    }
}

impl Clock {
    fn new(at: Instant) -> Self {
        let is_simulated = Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread;
        let kernel = || {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Monotonic, flags).ok()?;
            // Any descriptor that becomes readable will do.
            Receiver::from_owned_fd_unchecked(timer).ok()
        };
        match (!is_simulated).then(kernel).flatten() {
            Some(timer) => Clock::Kernel(timer),
            None => Clock::Tokio(Box::pin(sleep_until(at))),
        }
    }

    fn set(&mut self, at: Instant) {
        match self {
            Clock::Tokio(sleep) => sleep.as_mut().reset(at),
            Clock::Kernel(timer) => {
                let left = at.saturating_duration_since(Instant::now());
                let never = Timespec {
                    tv_sec: 0,
                    tv_nsec: 0,
                };
                let value = Timespec {
                    tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
                    // 0 would disarm it.
                    tv_nsec: i64::from(left.subsec_nanos()).max(1),
                };
                let setting = Itimerspec {
                    it_interval: never,
                    it_value: value,
                };
                // Only a number out of range could be refused, and none is.
                let _ = timerfd_settime(timer, TimerfdTimerFlags::empty(), &setting);
            }
        }
    }
}
