//! `comeback fault`: one act on a backend, by hand.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde::Serialize;
use tokio::time::timeout;

use super::assemble::Presence;
use super::exit::Exit;
use super::output::Output;
use super::progress::Progress;
use super::seconds::seconds;
use super::session::Session;
use super::source::Source;
use crate::campaign::{Audience, Interrupt};
use crate::executor::Executor;
use crate::model::{Act, BackendName};
use crate::nemesis::do_act;
use crate::observe::until_ready;
use crate::stack::{Backend, ServiceState};

/// Stop, start, restart, kill, pause or unpause a backend, and say how long it took to be ready again.
///
/// What is stopped, killed or paused stays so until it is started or unpaused, be it by `comeback fault` or by
/// `comeback heal`. An interrupted restart still starts the backend.
///
/// Exit codes: 0 done (and ready, where it should be); 2 bad usage or configuration; 3 it could not be done, or the backend was
/// not ready in time; 130 interrupted.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  comeback fault restart --kill\n  comeback fault restart ray --outage 45s\n  \
    comeback fault pause ray && sleep 30 && comeback fault unpause ray"
)]
pub struct Fault {
    #[command(subcommand)]
    deed: Deed,
    #[command(flatten)]
    source: Source,
}

#[derive(Debug, Clone, Subcommand)]
enum Deed {
    /// Ask it to end, and kill it after the grace.
    Stop {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        grace: Grace,
    },
    /// Start it, and wait until it is ready.
    Start {
        #[command(flatten)]
        target: Target,
    },
    /// Stop or kill it, start it, and wait until it is ready.
    Restart {
        #[command(flatten)]
        target: Target,
        /// Kill it at once instead of asking it to end.
        #[arg(long, conflicts_with = "grace")]
        kill: bool,
        #[command(flatten)]
        grace: Grace,
        /// How long to leave it down.
        #[arg(long, default_value = "0", value_name = "TIME", value_parser = seconds)]
        outage: Duration,
    },
    /// Kill it at once.
    Kill {
        #[command(flatten)]
        target: Target,
    },
    /// Freeze it: connections stay open, and nothing answers.
    Pause {
        #[command(flatten)]
        target: Target,
    },
    /// Thaw it, and wait until it is ready.
    Unpause {
        #[command(flatten)]
        target: Target,
    },
}

#[derive(Debug, Clone, Args)]
struct Target {
    /// The backend, by its name in the configuration; it may be left out where there is only one.
    #[arg(value_name = "BACKEND")]
    backend: Option<BackendName>,
}

#[derive(Debug, Clone, Args)]
struct Grace {
    /// How long it may take to end before it is killed: seconds, or a duration such as `500ms`.
    #[arg(long, default_value = "10s", value_name = "TIME", value_parser = seconds)]
    grace: Duration,
}

/// What was done, for people and as JSON.
#[derive(Debug, Serialize)]
struct Done {
    backend: BackendName,
    acts: Vec<Timed>,
    /// From the end of the last act to the first yes of the direct probe, where it was awaited.
    ready_after_ms: Option<u64>,
    /// Why it is not ready, where it was awaited in vain.
    not_ready: Option<String>,
    interrupted: bool,
}

/// One act, and how long it took.
#[derive(Debug, Serialize)]
struct Timed {
    act: String,
    took_ms: u64,
}

impl Fault {
    pub async fn run(self, output: &Output) -> anyhow::Result<Exit> {
        let session = Session::beside(&self.source, Presence::Any).await?;
        let progress = Progress::new(output, None);
        let done = self.deed.perform(&session, &progress).await;
        progress.finish();
        let done = done?;
        output.document(&done, &done.text())?;
        Ok(done.exit())
    }
}

impl Deed {
    fn target(&self) -> &Target {
        match self {
            Deed::Stop { target, .. }
            | Deed::Start { target }
            | Deed::Restart { target, .. }
            | Deed::Kill { target }
            | Deed::Pause { target }
            | Deed::Unpause { target } => target,
        }
    }

    /// The acts, and how long to wait between them.
    fn acts(&self) -> (Vec<Act>, Duration) {
        let stop = |grace: &Grace| Act::Stop {
            grace_ms: grace.grace.as_millis() as u64,
        };
        match self {
            Deed::Stop { grace, .. } => (vec![stop(grace)], Duration::ZERO),
            Deed::Start { .. } => (vec![Act::Start], Duration::ZERO),
            Deed::Restart {
                kill,
                grace,
                outage,
                ..
            } => {
                let end = if *kill { Act::Kill } else { stop(grace) };
                (vec![end, Act::Start], *outage)
            }
            Deed::Kill { .. } => (vec![Act::Kill], Duration::ZERO),
            Deed::Pause { .. } => (vec![Act::Pause], Duration::ZERO),
            Deed::Unpause { .. } => (vec![Act::Unpause], Duration::ZERO),
        }
    }

    async fn perform(&self, session: &Session, progress: &Progress) -> anyhow::Result<Done> {
        let executor = &session.bench().executor;
        let backend = match self.allowed(executor).await {
            Ok(backend) => backend,
            Err(error) => {
                executor.journal.end()?;
                return Err(error);
            }
        };
        let (acts, outage) = self.acts();
        let mut done = Done {
            backend: backend.name.clone(),
            acts: Vec::new(),
            ready_after_ms: None,
            not_ready: None,
            interrupted: false,
        };
        for (nth, act) in acts.iter().enumerate() {
            if nth > 0 {
                progress.busy(&format!(
                    "{} is down for {}",
                    backend.name,
                    humantime::format_duration(outage)
                ));
                done.interrupted |= !unless_interrupted(session.interrupt(), outage).await;
            }
            progress.busy(&format!("{act} {}", backend.name));
            let began = Instant::now();
            do_act(&backend.name, &*backend.driver, *act, &executor.journal).await?;
            done.acts.push(Timed {
                act: act.to_string(),
                took_ms: began.elapsed().as_millis() as u64,
            });
        }
        if !done.is_back() {
            // The journal stays, so that `comeback heal` knows what to undo.
            executor.journal.leave()?;
            return Ok(done);
        }
        executor.journal.end()?;
        if !done.interrupted {
            done.wait(backend, executor, session.interrupt(), progress)
                .await;
        }
        Ok(done)
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
            (Deed::Unpause { .. }, ServiceState::Running | ServiceState::Paused) => Ok(backend),
            (_, ServiceState::Paused) if !matches!(self, Deed::Pause { .. }) => {
                bail!("`{name}` is paused; thaw it first: comeback fault unpause {name}")
            }
            (Deed::Pause { .. } | Deed::Unpause { .. }, ServiceState::Stopped) => {
                bail!("`{name}` does not run; start it first: comeback fault start {name}")
            }
            _ => Ok(backend),
        }
    }
}

impl Target {
    fn among<'a>(&self, backends: &'a [Backend]) -> anyhow::Result<&'a Backend> {
        let names: Vec<&str> = backends.iter().map(|b| b.name.as_str()).collect();
        match (&self.backend, backends) {
            (None, [only]) => Ok(only),
            (None, _) => bail!(
                "which backend? The configuration has {}; add one of the names",
                names.join(", ")
            ),
            (Some(name), _) => {
                let found = backends.iter().find(|backend| backend.name == *name);
                found.with_context(|| {
                    format!(
                        "there is no backend `{name}`; the configuration has {}",
                        names.join(", ")
                    )
                })
            }
        }
    }
}

/// Waits, and tells whether that was not interrupted.
async fn unless_interrupted(interrupt: &Interrupt, time: Duration) -> bool {
    timeout(time, interrupt.requested()).await.is_err()
}

impl Done {
    /// Whether the backend should be ready again after the last act.
    fn is_back(&self) -> bool {
        let last = self.acts.last().map(|timed| timed.act.as_str());
        matches!(last, Some("start" | "unpause"))
    }

    /// Waits until the backend is ready, and says how long that took.
    async fn wait(
        &mut self,
        backend: &Backend,
        executor: &Executor,
        interrupt: &Interrupt,
        progress: &Progress,
    ) {
        let began = Instant::now();
        let last = std::cell::RefCell::new("it was not asked".to_owned());
        let refused = |why: &str| {
            progress.busy(&format!("waiting until {} is ready: {why}", backend.name));
            why.clone_into(&mut last.borrow_mut());
        };
        let limit = executor.settings.ready_within;
        let ready = tokio::select! {
            biased;
            () = interrupt.requested() => {
                self.interrupted = true;
                return;
            }
            ready = timeout(limit, until_ready(backend, refused)) => ready,
        };
        match ready {
            Ok(()) => self.ready_after_ms = Some(began.elapsed().as_millis() as u64),
            Err(_) => {
                let limit = humantime::format_duration(limit);
                self.not_ready = Some(format!("not ready within {limit}: {}", last.into_inner()));
            }
        }
    }

    fn exit(&self) -> Exit {
        if self.interrupted {
            Exit::Interrupted
        } else if self.not_ready.is_some() {
            Exit::Inconclusive
        } else {
            Exit::Success
        }
    }

    fn text(&self) -> String {
        let name = &self.backend;
        let seconds = |ms: u64| format!("{:.1} s", ms as f64 / 1000.0);
        let mut lines: Vec<String> = self
            .acts
            .iter()
            .map(|timed| format!("{} {name}: done in {}", timed.act, seconds(timed.took_ms)))
            .collect();
        if let Some(ms) = self.ready_after_ms {
            lines.push(format!("{name} is ready after {} more", seconds(ms)));
        }
        if let Some(why) = &self.not_ready {
            lines.push(format!("{name} is {why}"));
        }
        if !self.is_back() {
            lines.push("it stays so; `comeback heal` undoes it".to_owned());
        }
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        fault: Fault,
    }

    fn acts(words: &[&str]) -> (Vec<Act>, u128) {
        let line = Line::try_parse_from([&["fault"], words].concat()).unwrap();
        let (acts, outage) = line.fault.deed.acts();
        (acts, outage.as_millis())
    }

    #[test]
    fn a_restart_stops_or_kills_and_starts() {
        let stop = |grace_ms| Act::Stop { grace_ms };
        assert_eq!(acts(&["restart"]), (vec![stop(10_000), Act::Start], 0));
        assert_eq!(
            acts(&["restart", "ray", "--kill", "--outage", "1.5"]),
            (vec![Act::Kill, Act::Start], 1_500)
        );
        assert_eq!(acts(&["stop", "--grace", "1"]), (vec![stop(1_000)], 0));
        assert!(Line::try_parse_from(["fault", "restart", "--kill", "--grace", "1"]).is_err());
    }
}
