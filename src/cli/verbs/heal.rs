//! `comeback heal`: undo what a killed run left behind.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use tokio::time::sleep;

use crate::assembly::{is_alive, state_folder};
use crate::cli::kit::healing::{Healed, Healing};
use crate::cli::kit::{Exit, Output};
use crate::nemesis::{Account, Journal};

/// How often the reaper checks whether its run is gone.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// How long something that fails is tried again while the user waits.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long the reaper tries again. Nobody waits for it.
const PATIENCE_OF_REAPER: Duration = Duration::from_secs(600);

/// Undo what a killed run left behind, and what `comeback fault` did.
///
/// Containers that a run found running are thawed, joined to their networks and started; processes
/// that it started are ended. Runs that are still alive are left alone. It may be called at any
/// time and again.
///
/// If the run was killed in the middle of an act, the service is watched until the act can no
/// longer take effect: at most about a minute for a container, and the command's time limit for a
/// command.
#[derive(Debug, Args)]
#[command(after_help = "Example: comeback heal\n\n\
    Exit codes: 0 everything is as it was found; 3 something could not be undone, or a journal could not be read.")]
pub struct Heal {
    /// Heal by this journal only.
    #[arg(long, value_name = "FILE", hide = true)]
    journal: Option<PathBuf>,
    /// Wait until standard input ends; then heal, if the journal is still there.
    #[arg(long, hide = true)]
    when_input_ends: bool,
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
            None => Journal::list(&state_folder()?)?,
        };
        let mut healing = Healing {
            healed: Healed::default(),
            patience: match self.when_input_ends {
                true => PATIENCE_OF_REAPER,
                false => PATIENCE,
            },
            unasked: self.when_input_ends,
            tell: &|line| output.aside(line),
        };
        for path in paths.iter().filter(|path| path.exists()) {
            healing.heal(path).await;
        }
        let healed = healing.healed;
        output.document(&healed, &healed.text())?;
        Ok(if healed.failed.is_empty() {
            Exit::Success
        } else {
            Exit::Inconclusive
        })
    }
}

/// Waits until the owner of a journal is gone. A process that ends closes its files a moment before
/// it counts as dead, and on a busy machine that moment is long enough to take it for alive.
async fn owner_gone(journal: &Path) -> anyhow::Result<()> {
    if !journal.exists() {
        return Ok(());
    }
    if let Some(owner) = Account::of(Journal::read(journal)?).owner {
        while is_alive(&owner) {
            sleep(LOOK_EVERY).await;
        }
    }
    Ok(())
}
