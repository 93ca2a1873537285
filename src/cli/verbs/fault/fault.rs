//! `comeback fault`: one act on a backend, by hand.

use std::time::{Duration, Instant};

use anyhow::bail;
use clap::Args;
use tokio::time::timeout;

use super::command::FaultCommand;
use super::result::{FaultResult, TimedAct};
use crate::campaign::{Audience, Interrupt};
use crate::cli::kit::{Exit, Output, Progress, Session, Source};
use crate::executor::Executor;
use crate::model::{Act, duration};
use crate::nemesis::do_act;
use crate::stack::{Backend, ServiceState};

/// Stop, start, restart, kill, pause or unpause a backend, or disturb its link, and say how long it
/// took to be ready again.
///
/// A stopped, killed or paused backend stays so until `comeback fault` or `comeback heal` starts or
/// unpauses it. An interrupted restart still starts the backend.
///
/// Exit codes: 0 done (and ready, where it should be); 2 bad usage or configuration; 3 it could not
/// be done, or the backend was not ready in time; 130 interrupted.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  comeback fault restart --kill\n  comeback fault restart ray --outage 45s\n  \
    comeback fault pause ray && sleep 30 && comeback fault unpause ray"
)]
pub struct FaultArgs {
    #[command(subcommand)]
    command: FaultCommand,
    #[command(flatten)]
    source: Source,
    /// If another comeback uses the stack, wait until it has ended instead of giving up.
    #[arg(long, global = true)]
    wait: bool,
}

impl FaultArgs {
    pub async fn run(self, output: &Output) -> anyhow::Result<Exit> {
        let session = Session::by_hand(&self.source.clone().waiting(self.wait)).await?;
        let progress = Progress::new(output, None);
        let result = self.command.perform(&session, &progress).await;
        progress.finish();
        let result = result?;
        output.document(&result, &result.text())?;
        Ok(result.exit())
    }
}

impl FaultCommand {
    async fn perform(&self, session: &Session, progress: &Progress) -> anyhow::Result<FaultResult> {
        let executor = &session.handle().executor;
        let backend = match self.allowed(executor).await {
            Ok(backend) => backend,
            Err(error) => {
                executor.journal.end()?;
                return Err(error);
            }
        };
        let (acts, outage) = self.acts();
        let mut result = FaultResult {
            backend: backend.name.clone(),
            acts: Vec::new(),
            ready_after_ms: None,
            not_ready: None,
            interrupted: false,
        };
        for (nth, act) in acts.iter().enumerate() {
            if let (FaultCommand::Link(link), 1..) = (self, nth) {
                progress.tell(&format!("{} of {} {}", acts[0], backend.name, link.until()));
                result.interrupted |= link.wait(session.interrupt()).await;
            } else if nth > 0 {
                progress.busy(&format!(
                    "{} is down for {}",
                    backend.name,
                    duration(outage)
                ));
                result.interrupted |= !unless_interrupted(session.interrupt(), outage).await;
            }
            progress.busy(&format!("{act} {}", backend.name));
            let began = Instant::now();
            do_act(&backend.name, &*backend.driver, *act, &executor.journal).await?;
            result.acts.push(TimedAct {
                act: act.to_string(),
                took_ms: began.elapsed().as_millis() as u64,
            });
        }
        if !result.is_back() {
            // The journal stays, so that `comeback heal` knows what to undo.
            executor.journal.leave().await?;
            return Ok(result);
        }
        executor.journal.end()?;
        if !result.interrupted {
            result
                .wait(backend, executor, session.interrupt(), progress)
                .await;
        }
        Ok(result)
    }

    /// The backend that is meant, if this can be done to it as it is.
    async fn allowed<'a>(&self, executor: &'a Executor) -> anyhow::Result<&'a Backend> {
        let backend = self.target().among(&executor.stack.backends)?;
        let name = &backend.name;
        if !backend.driver.outlives_us() {
            bail!(
                "`{name}` lives only as long as a command of comeback's, so there is nothing to act on; `comeback fault` is for \
                 stacks that run on their own (docker), and `comeback run` does faults to this one"
            );
        }
        let state = backend.driver.state().await?;
        match (self, state) {
            // It is not done to the backend itself.
            (FaultCommand::Link(_), _) if backend.driver.supports(Act::Lift) => Ok(backend),
            (FaultCommand::Link(_), _) => bail!(
                "there is no link to `{name}`; add `link` to [backend.{name}], as `comeback help network-faults` says"
            ),
            (FaultCommand::Unpause { .. }, ServiceState::Running | ServiceState::Paused) => {
                Ok(backend)
            }
            // Acts are recorded in the journal, and healing would undo what somebody else did.
            (FaultCommand::Pause { .. }, ServiceState::Paused) => {
                bail!("`{name}` is paused already")
            }
            (FaultCommand::Stop { .. } | FaultCommand::Kill { .. }, ServiceState::Stopped) => {
                bail!("`{name}` does not run, so there is nothing to end")
            }
            (_, ServiceState::Paused) => {
                bail!("`{name}` is paused; thaw it first: comeback fault unpause {name}")
            }
            (FaultCommand::Pause { .. } | FaultCommand::Unpause { .. }, ServiceState::Stopped) => {
                bail!("`{name}` does not run; start it first: comeback fault start {name}")
            }
            _ => Ok(backend),
        }
    }
}

/// Waits. False if it was interrupted.
async fn unless_interrupted(interrupt: &Interrupt, time: Duration) -> bool {
    timeout(time, interrupt.requested()).await.is_err()
}
