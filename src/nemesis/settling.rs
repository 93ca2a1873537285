//! When a service that a dead run has left can be believed to be as it looks.
//!
//! A run that died in the middle of an act may have left something under way: a request that the
//! engine has yet to see to, a container that takes its time to obey, a command. Whoever looks at
//! once sees a service that runs, and a moment later it does not. So after an intent without its
//! *done*, a service is looked at, and undone if need be, until what was begun must be over.
//!
//! | what is left under way | how long it may take effect |
//! |---|---|
//! | nothing: every act was done, or only gives something back | not at all |
//! | a request to a container engine | [`ENGINE_DELAY`] from the first answer of the engine |
//! | a container that was asked to end | its grace, or [`OBEYS_WITHIN`] if that is longer, and the engine's delay |
//! | a command | while it runs, and for its time limit after that |
//! | a signal to a process group | not at all: the whole group is ended |
//!
//! This file is only the rule. It reads no clock and looks at nothing, so that its test can try
//! everything. A journal may hold any number, so sums of times stop at the longest time instead of
//! overflowing.

use std::time::Duration;

use super::ACT_LIMIT;
use super::account::{Charge, Doubt};
use crate::model::Act;
use crate::stack::Lease;

#[cfg(test)]
mod tests;

/// How long a container engine may take to see to a request whose sender is gone.
pub const ENGINE_DELAY: Duration = Duration::from_secs(20);

/// How long a container may take to obey a request to end, where its grace is shorter: as long as
/// Kubernetes gives, and three times as long as Docker does. Somebody who stops it would have
/// killed it by then.
pub const OBEYS_WITHIN: Duration = Duration::from_secs(30);

/// What is done next to a service that a dead run has left. All times are of the monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settling {
    /// From here on, what is seen is so for good.
    until: Duration,
    /// How long something may take effect after it was last seen to be under way.
    aftermath: Duration,
    /// When a command that is still under way has had all the time it may take.
    patience: Duration,
    /// Whether a command was under way at the last look.
    command_ran: bool,
}

/// What is done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettlingStep {
    /// Undo what is to be undone, and look again later.
    UndoAndLookAgain,
    /// Undo what is to be undone. What is as it should be then stays so.
    UndoAndEnd,
    /// Wait: a command is under way, and undoing would be in a race with it.
    Wait,
    /// End the command that is under way: it has had all its time.
    EndCommand,
}

impl Settling {
    /// Begins when the run is dead.
    pub fn begin(charge: &Charge, now: Duration) -> Self {
        let doubts = || charge.doubts.iter().filter(|doubt| doubt.act.is_harm());
        let ends = doubts().map(|doubt| over_at(&charge.lease, doubt, now));
        Settling {
            until: ends.max().unwrap_or(now),
            aftermath: doubts()
                .map(|doubt| aftermath(&charge.lease, doubt))
                .max()
                .unwrap_or_default(),
            patience: now.saturating_add(longest_command(&charge.lease)),
            command_ran: false,
        }
    }

    /// What is done now, by whether a command of the run's is under way.
    pub fn next(&mut self, now: Duration, command_runs: bool) -> SettlingStep {
        // It ended at any time between two looks, so the first one without it counts as well.
        if std::mem::replace(&mut self.command_ran, command_runs) || command_runs {
            self.unsure(now);
        }
        match command_runs {
            true if now < self.patience => SettlingStep::Wait,
            true => SettlingStep::EndCommand,
            false if now < self.until => SettlingStep::UndoAndLookAgain,
            false => SettlingStep::UndoAndEnd,
        }
    }

    /// It could not be looked at: what is under way may still be.
    pub fn unsure(&mut self, now: Duration) {
        self.until = self.until.max(now.saturating_add(self.aftermath));
    }

    /// For how long it is looked at yet, unless something comes between.
    pub fn left(&self, now: Duration) -> Duration {
        self.until.saturating_sub(now)
    }
}

/// When an act in doubt can no longer take effect. When the run died is not known, only that it did
/// so before now, and before the act's own time limit.
fn over_at(lease: &Lease, doubt: &Doubt, now: Duration) -> Duration {
    let aftermath = aftermath(lease, doubt);
    let Some(at) = doubt.at_ms.map(Duration::from_millis) else {
        return now.saturating_add(aftermath);
    };
    match at <= now {
        true => {
            // The command that was under way may have outlived the run, and ended before anybody
            // looked.
            let longest = longest_command(lease).saturating_add(ACT_LIMIT + doubt.act.grace());
            at.saturating_add(longest)
                .min(now)
                .saturating_add(aftermath)
        }
        // The machine was started since, and nothing has outlived that.
        false => now,
    }
}

/// How long an act may take effect after the death of whoever does it.
fn aftermath(lease: &Lease, doubt: &Doubt) -> Duration {
    let grace = doubt.act.grace();
    match lease {
        Lease::Container { .. } if matches!(doubt.act, Act::Stop { .. }) => {
            grace.max(OBEYS_WITHIN) + ENGINE_DELAY
        }
        Lease::Container { .. } => ENGINE_DELAY,
        Lease::Commands(driven) => driven.commands.limit,
        Lease::ProcessGroup { .. } | Lease::Marked { .. } => Duration::ZERO,
    }
}

/// How long a command may take.
fn longest_command(lease: &Lease) -> Duration {
    match lease {
        Lease::Commands(driven) => driven.commands.limit,
        Lease::Container { .. } | Lease::ProcessGroup { .. } | Lease::Marked { .. } => {
            Duration::ZERO
        }
    }
}
