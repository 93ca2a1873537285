//! When a service that a dead run left behind can be trusted to stay as it looks.
//!
//! A run that died during an act may have left something under way: a request that the engine still
//! has to process, a container that is slow to stop, a command. A service may look well, and be
//! stopped a moment later. So after an intent without its *done*, a service is checked, and healed
//! if necessary, until the act can no longer take effect.
//!
//! | what is left under way | how long it may still take effect |
//! |---|---|
//! | nothing: every act was done, or only undoes harm | not at all |
//! | a request to a container engine | [`ENGINE_DELAY`] after the engine's first answer |
//! | a container that was asked to stop | its grace, or [`OBEYS_WITHIN`] if that is longer, plus the engine's delay |
//! | a command | while it runs, and for its time limit after that |
//! | a signal to a process group | not at all: the whole group is killed |
//! | a disturbance of a link | not at all: a link forwards plainly when its controller is gone |
//!
//! This file is only the rule: it reads no clock and checks no service, so that its test can try
//! every case. A journal may contain any number, so sums of times saturate instead of overflowing.

use std::time::Duration;

use super::ACT_LIMIT;
use super::account::{Charge, Doubt};
use crate::model::Act;
use crate::stack::Lease;

#[cfg(test)]
mod tests;

/// How long a container engine may take to process a request whose sender is gone.
pub const ENGINE_DELAY: Duration = Duration::from_secs(20);

/// How long a container may take to stop if its grace is shorter: the default of Kubernetes, and
/// three times that of Docker. By then the engine has killed it.
pub const OBEYS_WITHIN: Duration = Duration::from_secs(30);

/// Decides the next step for a service that a dead run left behind. All times are of the monotonic
/// clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settling {
    /// From here on, the service stays as it looks.
    until: Duration,
    /// How long something may take effect after it was last seen under way.
    aftermath: Duration,
    /// When a command that still runs has used up its time.
    patience: Duration,
    /// Whether a command ran at the last check.
    command_ran: bool,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettlingStep {
    /// Heal if necessary, and check again later.
    UndoAndLookAgain,
    /// Heal if necessary. The service then stays well.
    UndoAndEnd,
    /// Wait: a command is running, and healing would race with it.
    Wait,
    /// Kill the command that is running: it has used up its time.
    EndCommand,
}

impl Settling {
    /// Begins at `now`, when the run is known to be dead.
    pub fn begin(charge: &Charge, now: Duration) -> Self {
        let may_come = |act: Act| act.is_harm() && !act.is_of_link();
        let doubts = charge.doubts.iter().filter(|doubt| may_come(doubt.act));
        let ends = doubts
            .clone()
            .map(|doubt| over_at(&charge.lease, doubt, now));
        let aftermaths = doubts.map(|doubt| aftermath(&charge.lease, doubt));
        Settling {
            until: ends.max().unwrap_or(now),
            aftermath: aftermaths.max().unwrap_or_default(),
            patience: now.saturating_add(longest_command(&charge.lease)),
            command_ran: false,
        }
    }

    /// The next step. `command_runs` says whether a command of the dead run is running.
    pub fn next(&mut self, now: Duration, command_runs: bool) -> SettlingStep {
        // A command may have ended any time since the last check, so the first check without it
        // counts as well.
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

    /// The service could not be checked, so something may still be under way.
    pub fn unsure(&mut self, now: Duration) {
        self.until = self.until.max(now.saturating_add(self.aftermath));
    }

    /// How long the service must still be checked, unless something happens meanwhile.
    pub fn left(&self, now: Duration) -> Duration {
        self.until.saturating_sub(now)
    }
}

/// When an act in doubt can no longer take effect. It is not known when the run died, only that it
/// was before `now`, and before the act's own time limit.
fn over_at(lease: &Lease, doubt: &Doubt, now: Duration) -> Duration {
    let aftermath = aftermath(lease, doubt);
    let Some(at) = doubt.at_ms.map(Duration::from_millis) else {
        return now.saturating_add(aftermath);
    };
    if at > now {
        // The machine has restarted since, and nothing has survived that.
        return now;
    }
    // A command may have outlived the run, and ended before the first check.
    let longest = longest_command(lease).saturating_add(ACT_LIMIT + doubt.act.grace());
    at.saturating_add(longest)
        .min(now)
        .saturating_add(aftermath)
}

/// How long an act may take effect after the process that does it has died.
fn aftermath(lease: &Lease, doubt: &Doubt) -> Duration {
    match lease {
        Lease::Container { .. } if matches!(doubt.act, Act::Stop { .. }) => {
            doubt.act.grace().max(OBEYS_WITHIN) + ENGINE_DELAY
        }
        Lease::Container { .. } => ENGINE_DELAY,
        Lease::Commands(_) | Lease::ProcessGroup { .. } | Lease::Marked { .. } => {
            longest_command(lease)
        }
    }
}

/// How long a command of this service may take; zero for services driven otherwise.
fn longest_command(lease: &Lease) -> Duration {
    match lease {
        Lease::Commands(driven) => driven.commands.limit,
        Lease::Container { .. } | Lease::ProcessGroup { .. } | Lease::Marked { .. } => {
            Duration::ZERO
        }
    }
}
