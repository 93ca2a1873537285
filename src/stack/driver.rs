//! What drives a service.

use async_trait::async_trait;

use super::{DriverError, Lease, Observations, ServiceState, Subject, Usage};
use crate::model::Act;

/// A handle on one service: a container, or a group of processes.
///
/// Every act is idempotent: to start what runs, to kill what is dead, or to thaw what is not frozen
/// is no error. An act has been *done* when it returns: a killed process is gone, a thawed one
/// runs.
#[async_trait]
pub trait Driver: Send + Sync {
    /// Does one act.
    ///
    /// # Errors
    /// When the environment refuses. That makes the trial inconclusive.
    async fn act(&self, act: Act) -> Result<(), DriverError>;

    /// What state the service is in.
    ///
    /// # Errors
    /// When the environment cannot tell.
    async fn state(&self) -> Result<ServiceState, DriverError>;

    /// Whether this driver can do an act at all.
    fn supports(&self, act: Act) -> bool;

    /// How somebody else can undo whatever this driver may do or have done to the service as it is
    /// now, after this process has died; none where the service ends with this process anyway. It
    /// may be another one after each act. The journal is told before every act and after every
    /// start, and keeps it where it has changed.
    fn lease(&self) -> Option<Lease>;

    /// If the service was started by this driver and has ended since without being asked to: how it
    /// ended, and what it said last.
    fn ended_by_itself(&self) -> Option<String> {
        None
    }

    /// What tells the service from every other one, whatever configurations call it; none where
    /// nobody else can have it.
    fn identity(&self) -> Option<String> {
        None
    }

    /// Whether the service goes on when this process has ended: somebody else started it, and it is
    /// not ours to end.
    fn outlives_us(&self) -> bool;

    /// What happens to the service from now on: log lines, exits, starts. The stream ends when the
    /// receiver is dropped or the environment is gone, in which case its last message is
    /// [`Observation::Lost`](super::Observation::Lost).
    fn observe(&self) -> Observations;

    /// Runs a command where the service runs and says whether it succeeded, with its output's tail.
    ///
    /// # Errors
    /// When the command cannot be run at all.
    async fn exec(&self, command: &[String]) -> Result<(bool, String), DriverError>;

    /// What the service uses of its machine at this moment; none where it does not run, or nobody
    /// can tell. Looking must be cheap: it is done again and again while requests are timed.
    ///
    /// # Errors
    /// When the environment does not answer.
    async fn usage(&self) -> Result<Option<Usage>, DriverError>;

    /// What exactly is acted on.
    fn subject(&self) -> Subject;

    /// The service's first process, where it runs on this machine and is known: its threads and
    /// those of its descendants can be looked at.
    async fn leader(&self) -> Option<u32> {
        None
    }

    /// Ends for good what this driver itself has brought up; what others started is left running.
    ///
    /// # Errors
    /// When the environment refuses.
    async fn release(&self) -> Result<(), DriverError>;
}
