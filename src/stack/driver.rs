//! The trait of drivers.

use async_trait::async_trait;

use super::{DriverError, Lease, Observations, ServiceState, Subject, Usage};
use crate::model::Act;

/// A handle on one service: a container, or a group of processes.
///
/// Every act is idempotent: starting a running service, killing a dead one or thawing one that is
/// not frozen is no error. An act is complete when it returns: a killed process is gone, a thawed
/// one is running.
#[async_trait]
pub trait Driver: Send + Sync {
    /// Starts what the service needs to be reached and what ends with this process, such as its
    /// link. Idempotent. Starting the service does this, too; it is asked of a service that was
    /// running before.
    ///
    /// # Errors
    /// When it does not start, or what runs already does not answer.
    async fn prepare(&self) -> Result<(), DriverError> {
        Ok(())
    }

    /// Does one act.
    ///
    /// # Errors
    /// When the environment refuses. The trial is then inconclusive.
    async fn act(&self, act: Act) -> Result<(), DriverError>;

    /// The state of the service.
    ///
    /// # Errors
    /// When the state cannot be determined.
    async fn state(&self) -> Result<ServiceState, DriverError>;

    /// Whether this driver can do an act at all.
    fn supports(&self, act: Act) -> bool;

    /// How another process can undo, after this one has died, what this driver has done or is about
    /// to do; `None` if the service ends with this process anyway. The lease may change with each
    /// act, so the journal asks before every act and after every start, and stores each new lease.
    fn lease(&self) -> Option<Lease>;

    /// How the service ended, with its last log lines, if this driver started it and it ended
    /// without being asked to.
    fn ended_by_itself(&self) -> Option<String> {
        None
    }

    /// Identifies the service on this machine, whatever name a configuration gives it; `None` if no
    /// other run can drive the same service.
    fn identity(&self) -> Option<String> {
        None
    }

    /// Whether the service keeps running after this process has ended, because somebody else
    /// started it.
    fn outlives_us(&self) -> bool;

    /// Log lines, exits and starts of the service from now on. The stream ends when the receiver is
    /// dropped, or with [`Observation::Lost`](super::Observation::Lost) when the environment is
    /// gone.
    fn observe(&self) -> Observations;

    /// Runs a command where the service runs. Returns whether it succeeded, and the end of its
    /// output.
    ///
    /// # Errors
    /// When the command cannot be run at all.
    async fn exec(&self, command: &[String]) -> Result<(bool, String), DriverError>;

    /// The resources that the service uses now; `None` if it does not run or they are unknown. Must
    /// be cheap, because it is called repeatedly while requests are timed.
    ///
    /// # Errors
    /// When the environment does not answer.
    async fn usage(&self) -> Result<Option<Usage>, DriverError>;

    /// What exactly this driver acts on.
    fn subject(&self) -> Subject;

    /// The link that leads to the service, if there is one.
    fn link(&self) -> Option<Subject> {
        None
    }

    /// Takes control of the link, which tells what it sees from then on. Acts of the link do so
    /// too.
    ///
    /// # Errors
    /// When it cannot be reached, or something else controls it.
    async fn take_link(&self) -> Result<(), DriverError> {
        Ok(())
    }

    /// The process id of the service's first process, if it runs on this machine. Used to inspect
    /// its threads and those of its descendants.
    async fn leader(&self) -> Option<u32> {
        None
    }

    /// Whether a stop is known to have no effect before its grace has passed, because the service
    /// does not get the signal at all. A reset then kills at once.
    async fn ignores_stop(&self) -> bool {
        false
    }

    /// Ends what this driver itself has started. Services that others started keep running.
    ///
    /// # Errors
    /// When the environment refuses.
    async fn release(&self) -> Result<(), DriverError>;
}
