//! Doing faults, healing, and single acts.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::{FaultAct, Journal, JournalError, fault_acts};
use crate::model::{Act, Fault, StepId, duration};
use crate::stack::{Backend, Driver, DriverError, ServiceState, Stack};
use crate::trace::{EventKind, Recorder, TraceError};

/// How long the environment may take over one act, beyond the act's own grace.
pub(super) const ACT_LIMIT: Duration = Duration::from_secs(60);

/// For how long healing tries again what may work a moment later: an engine that is away comes
/// back, and then everything is well.
const HEAL_WITHIN: Duration = Duration::from_secs(20);

/// How long it waits before it tries again for the first time. Each time after that it is twice as
/// long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Does faults to a stack's backends, and undoes them. Nothing is taken from a service before that
/// is written down and on the disk.
pub struct Nemesis {
    stack: Arc<Stack>,
    journal: Arc<Journal>,
    recorder: Recorder,
}

/// A fault that could not be done or undone. It makes the trial inconclusive.
#[derive(Debug, thiserror::Error)]
pub enum NemesisError {
    /// The service cannot be driven.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// The intent cannot be written down, so nothing is done.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The trace cannot be synced, so nothing is done.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// The environment did not finish an act.
    #[error("{service}: {act} did not finish within {}", duration(ACT_LIMIT))]
    TimedOut {
        /// The service.
        service: String,
        /// The act.
        act: Act,
    },
    /// The plan names a backend that is not there.
    #[error("there is no backend `{0}`")]
    NoBackend(String),
}

impl NemesisError {
    /// Whether the same may work a moment later: something is there, and has refused or not
    /// answered.
    fn may_pass(&self) -> bool {
        match self {
            NemesisError::Driver(DriverError::Act { .. }) | NemesisError::TimedOut { .. } => true,
            NemesisError::Driver(_)
            | NemesisError::Journal(_)
            | NemesisError::Trace(_)
            | NemesisError::NoBackend(_) => false,
        }
    }
}

impl Nemesis {
    /// A nemesis for one trial.
    pub fn new(stack: Arc<Stack>, journal: Arc<Journal>, recorder: Recorder) -> Self {
        Nemesis {
            stack,
            journal,
            recorder,
        }
    }

    /// Does one fault from its first act to the end of its undoing.
    ///
    /// # Errors
    /// When an intent cannot be written down or an act fails; what was done is then left for
    /// [`heal`].
    pub async fn strike(&self, step: &StepId, fault: &Fault) -> Result<(), NemesisError> {
        let Some(backend) = self.stack.backend(&fault.backend) else {
            return Err(NemesisError::NoBackend(fault.backend.clone()));
        };
        for FaultAct { act, then } in fault_acts(fault) {
            self.recorder.record(EventKind::FaultIntent {
                step: step.clone(),
                backend: fault.backend.clone(),
                act,
            });
            self.announce(backend, act).await?;
            let began = Instant::now();
            perform(&backend.name, &*backend.driver, act).await?;
            let ended = Instant::now();
            self.recorder.record(EventKind::FaultActed {
                step: step.clone(),
                backend: fault.backend.clone(),
                act,
                took_us: (ended - began).as_micros() as u64,
            });
            settle(&backend.name, &*backend.driver, act, &self.journal)?;
            // The outage counts from the act: whatever is written down has no part in it.
            sleep_until(ended + then).await;
        }
        Ok(())
    }

    /// Writes an act down in the journal, and waits until journal and trace are on the disk where
    /// the act takes something from the service. Both are synced at once, for a fault that waits
    /// for an event must not be late. What gives something back waits for no disk: that would make
    /// every outage longer than it was planned.
    async fn announce(&self, backend: &Backend, act: Act) -> Result<(), NemesisError> {
        let journalled = announce(&backend.name, &*backend.driver, act, &self.journal);
        match act.is_harm() {
            true => {
                let recorded = async { Ok(self.recorder.sync().await?) };
                try_join(journalled, recorded).await.map(drop)
            }
            false => journalled.await,
        }
    }
}

/// Undoes whatever may have been done to the services of a stack: thaws, joins and starts each as
/// its state demands. What fails is tried again for a while. It goes on with the others when one
/// fails, and may be called at any time and again.
///
/// # Errors
/// The first failure, after everything else was tried.
pub async fn heal(stack: &Stack, journal: &Journal) -> Result<(), NemesisError> {
    let mut first_failure = Ok(());
    for (name, driver) in stack.services() {
        first_failure = first_failure.and(heal_patiently(name, driver, journal).await);
    }
    first_failure
}

async fn heal_patiently(
    name: &str,
    driver: &dyn Driver,
    journal: &Journal,
) -> Result<(), NemesisError> {
    let deadline = Instant::now() + HEAL_WITHIN;
    let mut pause = FIRST_PAUSE;
    loop {
        match heal_service(name, driver, journal).await {
            Err(error) if error.may_pass() && Instant::now() + pause < deadline => {
                sleep(pause).await;
                pause *= 2;
            }
            other => return other,
        }
    }
}

async fn heal_service(
    name: &str,
    driver: &dyn Driver,
    journal: &Journal,
) -> Result<(), NemesisError> {
    // What was given up halfway may yet take effect, after everything was found to be well. Done to
    // its end, it can be undone for good. Whether that succeeds is told by what is done next.
    if let Some(act) = journal.in_doubt(name).filter(Act::is_harm) {
        let _ = do_act(name, driver, act, journal).await;
    }
    // A network cut does not show in the state, so it is undone in any case, and before a start,
    // which may depend on it.
    if driver.supports(Act::Join) {
        do_act(name, driver, Act::Join, journal).await?;
    }
    match driver.state().await? {
        ServiceState::Running => {}
        ServiceState::Paused => do_act(name, driver, Act::Unpause, journal).await?,
        ServiceState::Stopped => do_act(name, driver, Act::Start, journal).await?,
    }
    journal.settled(name);
    Ok(())
}

/// Starts every service of a stack at once, and writes down how each is to be undone. Only the
/// simulator does this; what is live is brought up in order by the executor.
///
/// # Errors
/// When a service cannot be started.
pub async fn bring_up(stack: &Stack, journal: &Journal) -> Result<(), NemesisError> {
    for (name, driver) in stack.services() {
        do_act(name, driver, Act::Start, journal).await?;
    }
    Ok(())
}

/// Does one act to a service, after its intent was written down, and synced where it takes
/// something from the service.
///
/// # Errors
/// When the intent cannot be written, or the act fails or does not finish.
pub async fn do_act(
    name: &str,
    driver: &dyn Driver,
    act: Act,
    journal: &Journal,
) -> Result<(), NemesisError> {
    announce(name, driver, act, journal).await?;
    perform(name, driver, act).await?;
    settle(name, driver, act, journal)
}

/// Writes down what is about to be done.
async fn announce(
    name: &str,
    driver: &dyn Driver,
    act: Act,
    journal: &Journal,
) -> Result<(), NemesisError> {
    Ok(journal.intent(name, act, driver.lease()).await?)
}

/// Does it, and nothing else.
async fn perform(name: &str, driver: &dyn Driver, act: Act) -> Result<(), NemesisError> {
    match timeout(ACT_LIMIT + act.grace(), driver.act(act)).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(NemesisError::TimedOut {
            service: name.to_owned(),
            act,
        }),
    }
}

/// Writes down that it was done.
fn settle(
    name: &str,
    driver: &dyn Driver,
    act: Act,
    journal: &Journal,
) -> Result<(), NemesisError> {
    // What was started is another process than before: whoever heals later has to know it.
    if act == Act::Start {
        journal.lease(name, driver.lease())?;
    }
    Ok(journal.done(name, act)?)
}

#[cfg(test)]
mod tests;
