//! `comeback heal`: undo whatever a killed run left behind.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tokio::time::sleep;

use super::exit::Exit;
use super::journals;
use super::output::Output;
use crate::nemesis::{Journal, Record};
use crate::stack::{DriverError, Lease, command, docker, process};

/// How often the reaper looks whether its run is gone.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Undo whatever a killed run left behind, and what `comeback fault` did.
///
/// Containers that a run found running are thawed, joined to their networks and started; processes
/// that it started are ended. Runs that are still alive are left alone. It may be called at any time and again.
#[derive(Debug, Args)]
#[command(after_help = "Example: comeback heal")]
pub struct Heal {
    /// Heal by this journal only.
    #[arg(long, value_name = "FILE", hide = true)]
    journal: Option<PathBuf>,
    /// Wait until standard input ends; then heal, if the journal is still there.
    #[arg(long, hide = true)]
    when_input_ends: bool,
}

/// What was done, for people and as JSON.
#[derive(Debug, Default, Serialize)]
struct Healed {
    /// What was undone.
    undone: Vec<String>,
    /// Runs that are alive, and were left alone.
    alive: Vec<u32>,
    /// What could not be undone.
    failed: Vec<String>,
}

impl Heal {
    pub async fn run(self, output: &Output) -> anyhow::Result<Exit> {
        if self.when_input_ends {
            // Nothing is ever written there: reading ends when the other end is closed.
            std::io::stdin().read_to_end(&mut Vec::new())?;
        }
        if let (true, Some(journal)) = (self.when_input_ends, &self.journal) {
            owner_gone(journal).await?;
        }
        let paths = match self.journal {
            Some(path) => vec![path],
            None => Journal::list(&journals::folder()?)?,
        };
        let mut healed = Healed::default();
        for path in paths.iter().filter(|path| path.exists()) {
            heal(path, self.when_input_ends, &mut healed).await?;
        }
        output.document(&healed, &healed.text())?;
        Ok(if healed.failed.is_empty() {
            Exit::Success
        } else {
            Exit::Inconclusive
        })
    }
}

/// Waits until the owner of a journal is gone. A process that ends closes its files a moment before it counts as dead, and on
/// a busy machine that moment is long enough to take it for alive.
async fn owner_gone(journal: &Path) -> anyhow::Result<()> {
    let owners = |record| match record {
        Record::Owner(owner) => Some(owner),
        _ => None,
    };
    if !journal.exists() {
        return Ok(());
    }
    if let Some(owner) = Journal::read(journal)?.into_iter().find_map(owners) {
        while journals::is_alive(&owner) {
            sleep(LOOK_EVERY).await;
        }
    }
    Ok(())
}

/// Undoes everything one journal tells of, and removes it if all of that worked. A reaper, which nobody has asked, spares what
/// was done deliberately.
async fn heal(path: &Path, unasked: bool, healed: &mut Healed) -> anyhow::Result<()> {
    let mut leases = Vec::new();
    let mut seen = BTreeSet::new();
    for record in Journal::read(path)? {
        match record {
            Record::Owner(owner) if journals::is_alive(&owner) => {
                healed.alive.push(owner.pid);
                return Ok(());
            }
            Record::Deliberate if unasked => return Ok(()),
            Record::Lease { lease, .. } if seen.insert(serde_json::to_string(&lease)?) => {
                leases.push(lease);
            }
            _ => {}
        }
    }
    let failed_before = healed.failed.len();
    for lease in &leases {
        match undo(lease).await {
            Ok(Some(what)) => healed.undone.push(what),
            Ok(None) => {}
            Err(error) => healed.failed.push(error.to_string()),
        }
    }
    if healed.failed.len() == failed_before {
        Journal::remove(path)?;
    }
    Ok(())
}

/// Undoes one lease, and says what was done if anything had to be.
async fn undo(lease: &Lease) -> Result<Option<String>, DriverError> {
    Ok(match lease {
        Lease::Container { name, .. } => match docker::undo(lease).await? {
            docker::Undone::Nothing => None,
            docker::Undone::Restored => Some(format!("the container {name} runs again")),
            docker::Undone::Gone => Some(format!("the container {name} is no longer there")),
        },
        Lease::Commands(commands) => match command::undo(commands).await? {
            command::Undone::Nothing => None,
            command::Undone::Restored => Some(format!("{} runs again", commands.name)),
        },
        Lease::ProcessGroup {
            pgid,
            start_ticks,
            name,
        } => match process::undo(*pgid, *start_ticks, name).await? {
            process::Undone::NothingLeft => None,
            process::Undone::Ended => Some(format!("the processes of {name} were ended")),
        },
        Lease::Marked { mark, name } => match process::undo_marked(mark, name).await? {
            process::Undone::NothingLeft => None,
            process::Undone::Ended => Some(format!("the processes of {name} were ended")),
        },
    })
}

impl Healed {
    fn text(&self) -> String {
        let mut lines = Vec::new();
        lines.extend(self.undone.iter().map(|what| format!("healed: {what}")));
        lines.extend(
            self.failed
                .iter()
                .map(|what| format!("NOT healed: {what}; try again when that is mended")),
        );
        let alive = self.alive.iter();
        lines.extend(
            alive.map(|pid| format!("the run with process id {pid} is alive and was left alone")),
        );
        if lines.is_empty() {
            lines.push("nothing to heal".to_owned());
        }
        lines.join("\n")
    }
}
