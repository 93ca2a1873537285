//! `comeback doctor`: a configuration against its live stack.

use std::time::{Duration, Instant};

use clap::Args;

use super::ample::{AMPLE, round_up};
use super::links::LinkCheck;
use super::{commands, containers, requests};
use crate::assembly::{Presence, stays_on_this_machine};
use crate::campaign::{Audience, StackHandle};
use crate::cli::kit::{Exit, Output, Progress, Session, Source, scope, words};
use crate::load::HttpRequest;
use crate::model::duration;
use crate::observe::ask;
use crate::report::{Checkup, Health};
use crate::stack::Backend;

/// How often a probe is timed.
const PROBES: usize = 3;

/// Check every part of a configuration against the live stack, and say how to fix what is wrong.
///
/// It sends one request of each kind and proposes limits from how long they took. It stops and
/// restarts nothing, so it does not know how long a restart takes (`comeback fault restart` shows
/// that), except where it starts the whole stack. Services that are a `process` are started,
/// backends first, and ended again. If one ends at once, its last log lines are shown.
///
/// Exit codes: 0 all is fine; 2 the configuration is wrong; 3 the environment is.
#[derive(Debug, Args)]
#[command(after_help = "Example: comeback doctor --config comeback.toml")]
pub struct Doctor {
    #[command(flatten)]
    source: Source,
    /// Start services that are driven by a `command` and are not running. They are left running.
    #[arg(long)]
    start: bool,
}

impl Doctor {
    pub async fn run(self, output: &Output) -> anyhow::Result<Exit> {
        let progress = Progress::new(output, None);
        let mut checkup = Checkup::default();
        let looked = self.look(&mut checkup, &progress).await;
        progress.finish();
        if looked?.is_none() {
            return Ok(Exit::Interrupted);
        }
        output.document(&checkup, &checkup.text())?;
        Ok(match checkup.health() {
            Health::Fine | Health::Notice => Exit::Success,
            Health::Configuration => Exit::Usage,
            Health::Environment => Exit::Inconclusive,
        })
    }

    /// Checks one part after the other; `None` when it was interrupted.
    async fn look(&self, checkup: &mut Checkup, progress: &Progress) -> anyhow::Result<Option<()>> {
        let mut presence = Presence::Any;
        if !self.source.is_demo() {
            match self.source.config() {
                Ok(config) => {
                    let found = format!("{} can be read", config.name);
                    checkup.fine("configuration", found);
                    if let Err(error) = stays_on_this_machine(&config).await {
                        checkup.configuration("this machine", error.to_string(), "");
                        return Ok(Some(()));
                    }
                    progress.busy("looking for the containers");
                    if !containers::check(&config, checkup).await {
                        presence = Presence::Unneeded;
                    }
                }
                Err(error) => {
                    checkup.configuration("configuration", error.to_string(), "");
                    return Ok(Some(()));
                }
            }
        }
        let session = match Session::beside(&self.source, presence).await {
            Ok(session) => session,
            Err(error) => {
                checkup.configuration("configuration", words(&error), "");
                return Ok(Some(()));
            }
        };
        if presence != Presence::Unneeded {
            checkup.scope = Some(scope::of(session.handle(), None));
        }
        commands::check(session.handle(), self.start, checkup, progress).await;
        let taken = session.handle().executor.taken_of_own().await;
        let links = LinkCheck::watch(session.handle());
        let before_start = Instant::now();
        let looked = session
            .beside_stack(progress, async |handle, interrupt| {
                let started_for = starts_all(handle).then(|| before_start.elapsed());
                tokio::select! {
                    biased;
                    () = interrupt.requested() => Ok(None),
                    looked = services(handle, started_for, links, checkup, progress) => looked.map(Some),
                }
            })
            .await;
        match looked {
            Ok(looked) => {
                for (name, address) in taken {
                    checkup.notice(
                        name,
                        format!(
                            "something that comeback did not start listened at {address} before {name} was started, and may \
                             answer in its place; end that, or choose another port"
                        ),
                    );
                }
                Ok(looked.flatten())
            }
            Err(error) => {
                checkup.environment("stack", words(&error), "");
                Ok(Some(()))
            }
        }
    }
}

/// Whether every service is started for this check, so that it shows how long a start takes.
fn starts_all(handle: &StackHandle) -> bool {
    let mut services = handle.executor.stack.services();
    handle.executor.stack.api.is_some() && services.all(|(_, driver)| !driver.outlives_us())
}

/// Checks the services. `started_for` is how long it took to start them until they were ready.
async fn services(
    handle: &StackHandle,
    started_for: Option<Duration>,
    mut links: LinkCheck,
    checkup: &mut Checkup,
    progress: &Progress,
) -> anyhow::Result<()> {
    for contradiction in handle.contradictions() {
        let found = format!("{}; {}", contradiction.what, contradiction.remedy);
        checkup.notice("limits", found);
    }
    let mut ready = true;
    for backend in &handle.executor.stack.backends {
        progress.busy(&format!("asking {} whether it is ready", backend.name));
        ready &= readiness(backend, checkup).await;
    }
    links.take(handle, checkup).await;
    progress.busy("asking the API");
    // Without its backends an API may be right to refuse, and a job may take all of its limit.
    if api(handle, checkup).await && ready {
        requests::check(handle, started_for, checkup, progress).await?;
        links.report(handle, checkup);
    }
    for (name, driver) in handle.executor.stack.services() {
        // Another program may have answered in its place all along.
        if let Some(words) = driver.ended_by_itself() {
            let remedy = "start it by hand to see why";
            checkup.environment(name, format!("it {words}"), remedy);
        }
    }
    Ok(())
}

/// Whether the direct probe says yes.
async fn readiness(backend: &Backend, checkup: &mut Checkup) -> bool {
    let what = format!("readiness of {}", backend.name);
    let mut slowest = Duration::ZERO;
    for _ in 0..PROBES {
        let began = Instant::now();
        if let Err(why) = ask(backend).await {
            let remedy = format!(
                "start it or wait until it is up; if it is, correct `ready` of [backend.{}]; no request is sent before",
                backend.name
            );
            checkup.environment(what, format!("the direct probe says no: {why}"), remedy);
            return false;
        }
        slowest = slowest.max(began.elapsed());
    }
    let limit = backend.probe_timeout;
    let found = format!(
        "the direct probe says yes within {} (its timeout is {})",
        duration(slowest),
        duration(limit)
    );
    if slowest * AMPLE <= limit {
        checkup.fine(what, found);
    } else {
        let remedy = format!(
            "a busy backend would seem away: raise `timeout` in `ready` of [backend.{}] to {} at least",
            backend.name,
            round_up(slowest * AMPLE)
        );
        checkup.configuration(what, found, remedy);
    }
    true
}

/// Whether the API answers at all.
async fn api(handle: &StackHandle, checkup: &mut Checkup) -> bool {
    let executor = &handle.executor;
    let limit = Duration::from_millis(executor.limits.answer_ms);
    let began = Instant::now();
    let answer = tokio::time::timeout(limit, executor.transport.exchange(HttpRequest::get("/")));
    let why = match answer.await {
        Ok(Ok(_)) => {
            let found = format!("it answers within {}", duration(began.elapsed()));
            checkup.fine("API", found);
            return true;
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {}", duration(limit)),
    };
    let remedy =
        "start it, or correct `url` of [api]; a container's port must be published on this machine";
    checkup.environment("API", why, remedy);
    false
}
