//! Doing faults, healing, and single acts.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join;
use tokio::time::{Instant, sleep, timeout};

use super::{FaultAct, Journal, JournalError, fault_acts};
use crate::model::{Act, Fault, StepId, duration};
use crate::stack::{Backend, Driver, DriverError, ServiceState, Stack, wait_until};
use crate::trace::{EventKind, Recorder, TraceError};

/// How long one act may take, in addition to its grace.
pub(super) const ACT_LIMIT: Duration = Duration::from_secs(60);

/// How long healing retries a failed act: a container engine may be restarting.
const HEAL_WITHIN: Duration = Duration::from_secs(20);

/// The pause before the first retry. It doubles with each retry.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Injects faults into a stack's backends, and undoes them. No harm is done before it is written
/// down and on the disk.
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
    /// The intent cannot be written down, so nothing was done.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The trace cannot be synced, so nothing was done.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// An act took longer than its time limit.
    #[error("{service}: {act} did not finish within {}", duration(ACT_LIMIT))]
    TimedOut {
        /// The service.
        service: String,
        /// The act.
        act: Act,
    },
    /// The stack does not have the backend of the plan.
    #[error("there is no backend `{0}`")]
    NoBackend(String),
}

impl NemesisError {
    /// Whether a retry may succeed.
    fn may_pass(&self) -> bool {
        matches!(
            self,
            NemesisError::Driver(DriverError::Act { .. }) | NemesisError::TimedOut { .. }
        )
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

    /// Does one fault, from its first act until it is undone.
    ///
    /// # Errors
    /// When an intent cannot be written down or an act fails. The harm is then left for [`heal`].
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
            // The outage counts from the end of the act, not from the end of writing it down.
            wait_until(ended + then).await;
        }
        Ok(())
    }

    /// Writes an act to the journal. If it does harm, also waits until journal and trace are on the
    /// disk. Both are synced at the same time, since a fault that is anchored to an event must not
    /// be late. An act that undoes harm waits for no disk: every outage would be longer than
    /// planned.
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

/// Undoes all harm to the services of a stack: thaws, reconnects and starts each as its state
/// demands, with retries. If one cannot be healed, the others still are. May be called at any time
/// and repeatedly.
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
    // An abandoned act may still take effect after the service was found to be well. Once it is
    // completed, it can be undone for good. If it fails here, the next acts will tell.
    if let Some(act) = journal.in_doubt(name).filter(Act::is_harm) {
        let _ = do_act(name, driver, act, journal).await;
    }
    // A network cut does not show in the state, so it is always undone: before a start, which may
    // need the network.
    if driver.supports(Act::Join) {
        do_act(name, driver, Act::Join, journal).await?;
    }
    // Nor does a disturbance, and it is lifted even if the backend is away.
    if driver.supports(Act::Lift) {
        do_act(name, driver, Act::Lift, journal).await?;
    }
    match driver.state().await? {
        ServiceState::Running => {}
        ServiceState::Paused => do_act(name, driver, Act::Unpause, journal).await?,
        ServiceState::Stopped => do_act(name, driver, Act::Start, journal).await?,
    }
    journal.settled(name);
    Ok(())
}

/// Starts every service of a stack, and writes down how to undo each. Only the simulator does this;
/// the executor brings a live stack up in order.
///
/// # Errors
/// When a service cannot be started.
pub async fn bring_up(stack: &Stack, journal: &Journal) -> Result<(), NemesisError> {
    for (name, driver) in stack.services() {
        do_act(name, driver, Act::Start, journal).await?;
    }
    Ok(())
}

/// Does one act to a service after its intent was written down, and synced if it does harm.
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

/// Does the act within its time limit.
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
    // A started service is a new process: a later heal needs its lease.
    if act == Act::Start {
        journal.lease(name, driver.lease())?;
    }
    Ok(journal.done(name, act)?)
}

#[cfg(test)]
mod tests;
