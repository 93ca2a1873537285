//! Healing by one journal after another.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::healed::Healed;
use super::undo::{self, LeaseOutcome};
use crate::assembly::{is_alive, state_folder};
use crate::cli::kit::stream;
use crate::model::duration;
use crate::nemesis::{Account, Charge, Journal, Settling, SettlingStep, monotonic_ms};
use crate::stack::DriverError;

/// How often to check a service that may yet change.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How long to wait before something that failed is tried again: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));

/// A shorter wait is not reported.
const WORTH_A_WORD: Duration = Duration::from_secs(2);

/// Heals by one journal after another.
pub struct Healing<'a> {
    /// What has come of it.
    pub healed: Healed,
    /// For how long something that fails is tried again.
    pub patience: Duration,
    /// Whether the user did not ask for it: then what was done on purpose stays, and runs that are
    /// alive are not reported.
    pub unasked: bool,
    /// Reports why it takes time.
    pub tell: &'a (dyn Fn(&str) + Sync),
}

/// One thing to undo, and how far that is.
struct Item<'a> {
    charge: &'a Charge,
    settling: Settling,
    restored: Option<String>,
    /// Why the last attempt failed, when the next one is made, and how long to wait after that.
    failure: Option<(DriverError, Instant, Duration)>,
    is_settled: bool,
}

impl Healing<'_> {
    /// Undoes everything in one journal, and removes it if that worked. An unreadable journal is
    /// reported, and does not keep the others from being healed.
    pub async fn heal(&mut self, path: &Path) {
        let account = match Journal::read(path) {
            Ok(records) => Account::of(records),
            // Another process has healed by it meanwhile.
            Err(_) if !path.exists() => return,
            Err(error) => return self.healed.failed.push(error.to_string()),
        };
        if let Some(owner) = account.owner.filter(is_alive) {
            self.healed.alive.push(owner.pid);
            return;
        }
        if account.deliberate && self.unasked {
            return;
        }
        let mut items: Vec<Item> = account.charges.iter().map(Item::new).collect();
        match self.settle(path, &mut items).await {
            Ok(true) => {}
            // Another process has finished it.
            Ok(false) => return,
            Err(error) => {
                let failed = format!("the journal {}: {error}", path.display());
                return self.healed.failed.push(failed);
            }
        }
        let healed = &mut self.healed;
        for item in &mut items {
            healed.undone.extend(item.restored.take());
            let failure = item.failure.take();
            healed
                .failed
                .extend(failure.map(|(error, ..)| error.to_string()));
        }
        if items.iter().all(|item| item.is_settled)
            && let Err(error) = Journal::remove(path)
        {
            healed.failed.push(error.to_string());
        }
    }

    /// Goes round until everything is settled, or has failed for long enough. `false` when the
    /// journal has gone meanwhile.
    async fn settle(&self, path: &Path, items: &mut [Item<'_>]) -> io::Result<bool> {
        let deadline = Instant::now() + self.patience;
        let mut is_told = false;
        loop {
            // The reaper and `comeback heal` take turns.
            let Some(turn) = turn(path).await? else {
                return Ok(false);
            };
            for item in items.iter_mut().filter(|item| item.is_due()) {
                item.step().await;
            }
            drop(turn);
            let open = || items.iter().filter(|item| !item.is_settled);
            let has_failed = |item: &Item| item.failure.is_some();
            if open().all(|item| has_failed(item) && Instant::now() >= deadline) {
                return Ok(true);
            }
            let now = Duration::from_millis(monotonic_ms());
            let left = open().map(|item| item.settling.left(now)).max();
            if let (false, Some(left)) = (is_told, left.filter(|left| *left > WORTH_A_WORD)) {
                is_told = true;
                (self.tell)(&format!(
                    "the run was killed in the middle of an act; watching for {}, until it can have no more effect",
                    duration(left)
                ));
            }
            sleep(LOOK_EVERY).await;
        }
    }
}

impl<'a> Item<'a> {
    fn new(charge: &'a Charge) -> Self {
        Item {
            charge,
            settling: Settling::begin(charge, Duration::from_millis(monotonic_ms())),
            restored: None,
            failure: None,
            is_settled: false,
        }
    }

    fn is_due(&self) -> bool {
        let again = self.failure.as_ref().map(|(_, again, _)| *again);
        !self.is_settled && again.is_none_or(|again| Instant::now() >= again)
    }

    async fn step(&mut self) {
        match self.attempt().await {
            Ok(()) => self.failure = None,
            Err(error) => {
                self.settling.unsure(Duration::from_millis(monotonic_ms()));
                let (first, longest) = PAUSES;
                let before = self.failure.as_ref().map(|(_, _, pause)| *pause);
                let pause = before.map_or(first, |pause| (pause * 2).min(longest));
                self.failure = Some((error, Instant::now() + pause, pause));
            }
        }
    }

    async fn attempt(&mut self) -> Result<(), DriverError> {
        let lease = &self.charge.lease;
        let command_runs = undo::is_command_running(lease).await?;
        // The time is taken before the look: what changes after it is seen by the next.
        let now = Duration::from_millis(monotonic_ms());
        match self.settling.next(now, command_runs) {
            SettlingStep::Wait => return Ok(()),
            SettlingStep::EndCommand => return undo::end_command(lease).await,
            SettlingStep::UndoAndLookAgain => {}
            SettlingStep::UndoAndEnd => self.is_settled = true,
        }
        let undone = undo::undo(lease).await;
        self.is_settled &= undone.is_ok();
        match undone? {
            LeaseOutcome::Nothing => {}
            LeaseOutcome::Restored(what) => self.restored = Some(what),
            LeaseOutcome::Gone(what) => {
                self.restored = Some(what);
                self.is_settled = true;
            }
        }
        Ok(())
    }
}

/// Heals what dead runs have left before another one begins. What was done by hand stays. Successes
/// and failures are reported on standard error, and neither keeps the run from going on.
pub async fn heal_dead_runs() {
    let aside = |line: &str| {
        stream::say(&format!("comeback: {line}"));
    };
    let mut healing = Healing {
        healed: Healed::default(),
        // `comeback heal` waits.
        patience: Duration::ZERO,
        unasked: true,
        tell: &aside,
    };
    let paths = state_folder().and_then(|folder| Ok(Journal::list(&folder)?));
    for path in paths.unwrap_or_default() {
        healing.heal(&path).await;
    }
    let Healed { undone, failed, .. } = healing.healed;
    for what in undone {
        aside(&format!("an earlier run was killed; healed: {what}"));
    }
    for what in failed {
        aside(&format!(
            "an earlier run was not healed: {what}; `comeback heal` tries again"
        ));
    }
}

/// Waits until no other process is healing by a journal, and locks it for as long as the result
/// lives. None when the journal has gone.
async fn turn(path: &Path) -> io::Result<Option<File>> {
    loop {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        match file.try_lock() {
            // It may have been removed between the two.
            Ok(()) if path.exists() => return Ok(Some(file)),
            Ok(()) => return Ok(None),
            Err(std::fs::TryLockError::WouldBlock) => sleep(LOOK_EVERY / 5).await,
            Err(std::fs::TryLockError::Error(error)) => return Err(error),
        }
    }
}
