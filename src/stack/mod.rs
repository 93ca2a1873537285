//! The system under test: one driver per service, and a direct readiness probe per backend.
//!
//! This file holds the traits and plain data only; [`process`], [`docker`] and [`command`]
//! implement them, and so does the [demo](crate::demo).

pub mod command;
pub mod docker;
mod feed;
mod figures;
mod log_lines;
pub mod mark;
pub mod port;
pub mod probe;
pub mod process;
mod subject;
mod tail;
mod undone;

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use self::feed::{Feed, Observations, feed};
use crate::model::{Act, BackendName};

pub use self::subject::Subject;
pub use self::undone::Undone;

/// The system under test: an API, its backends, and the handles to both.
pub struct Stack {
    /// The API's driver, where it can be observed and reset.
    pub api: Option<Box<dyn Driver>>,
    /// The backends, in the configuration's order.
    pub backends: Vec<Backend>,
    /// Kept for as long as the stack lives, so that a service that is started again finds its port
    /// free.
    pub ports: Vec<port::ReservedPort>,
}

/// A backend: how it is driven, and how it is asked whether it is ready, past the API.
pub struct Backend {
    /// Its name.
    pub name: BackendName,
    /// Its driver.
    pub driver: Box<dyn Driver>,
    /// The direct probe.
    pub probe: Box<dyn Probe>,
    /// The backends that must be ready before this one is started.
    pub after: Vec<BackendName>,
    /// How often the probe is sent while it waits for a change.
    pub probe_every: Duration,
    /// How long one probe may take; a probe that takes longer says "not ready".
    pub probe_timeout: Duration,
}

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
    /// [`Observation::Lost`].
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

/// Asks a backend directly whether it is ready to serve.
#[async_trait]
pub trait Probe: Send + Sync {
    /// `Ok` when it is ready; otherwise why it is not, in a few words. The caller bounds the time.
    async fn ready(&self, driver: &dyn Driver) -> Result<(), String>;

    /// What it does to find out, in a few words.
    fn means(&self) -> String;

    /// The address that is asked (`host:port`), if it is asked at one.
    fn address(&self) -> Option<String> {
        None
    }
}

/// What state a service is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceState {
    /// It runs.
    Running,
    /// It is frozen.
    Paused,
    /// It does not run.
    Stopped,
}

/// What a service uses of its machine, all of its processes together. What cannot be read is
/// unknown, and never zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// What tells this process or container from the one before: figures of two identities are not
    /// comparable.
    pub identity: String,
    /// Processor time since its start; one busy core adds a second per second.
    pub cpu: Duration,
    /// Memory of its own, without files that are only cached or mapped.
    pub memory_bytes: Option<u64>,
    /// Open file descriptors.
    pub fds: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
}

/// Something that a driver saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// A line of its log.
    Log {
        /// The line, without its end.
        line: String,
        /// The source's own time (RFC 3339).
        source_at: Option<String>,
    },
    /// So many lines of its log were left out here, because they came faster than they were taken.
    LinesDropped(u64),
    /// It ended.
    Exited {
        /// The exit code; 128 + n for signal n.
        code: Option<i64>,
        /// Whether the kernel killed it for want of memory.
        oom: bool,
        /// The source's own time (RFC 3339).
        source_at: Option<String>,
    },
    /// It started.
    Started {
        /// What tells this process or container from the one before: a process id, a container's
        /// id.
        identity: String,
        /// The source's own time (RFC 3339).
        source_at: Option<String>,
    },
    /// It was frozen (true) or thawed (false).
    Paused(bool),
    /// The environment can no longer be observed, and why.
    Lost(String),
}

/// What is needed to undo, from outside and at any later time, whatever a run did to a service.
/// It is local knowledge: it goes to the journal and never to a trace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lease {
    /// A container that was found running, and must run again, thawed and joined.
    Container {
        /// The engine's address, as `DOCKER_HOST` would give it.
        engine: String,
        /// The container's id.
        id: String,
        /// The container's name, for people.
        name: String,
        /// The networks it was joined to, with the addresses and aliases to join it by again.
        networks: Vec<serde_json::Value>,
    },
    /// A group of processes that the run itself started: it must end.
    ProcessGroup {
        /// The group's id, which is its leader's process id.
        pgid: i32,
        /// When the leader started, in clock ticks since boot: tells it from a later process of the
        /// same id.
        start_ticks: u64,
        /// The service's name, for people.
        name: String,
    },
    /// Whatever the run starts carries this mark in its environment: it must end. It is written
    /// down before anything is started.
    Marked {
        /// The mark, which nothing else carries.
        mark: String,
        /// The service's name, for people.
        name: String,
    },
    /// A service that commands drive: it must run again.
    Commands(command::Driven),
}

/// A service that could not be driven. The message names the service and, where there is one, the
/// remedy.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DriverError {
    /// The service, or what it runs on, is not there. This is an error of the configuration or the
    /// environment.
    #[error("{service}: {message}")]
    Missing {
        /// The service.
        service: String,
        /// What is missing, and what to do.
        message: String,
    },
    /// The service could not be brought back as it was, so nothing is done to it.
    #[error("{service}: {message}")]
    Irreversible {
        /// The service.
        service: String,
        /// Why, and what to do.
        message: String,
    },
    /// An act failed.
    #[error("{service}: cannot {act}: {message}")]
    Act {
        /// The service.
        service: String,
        /// The act.
        act: String,
        /// What the environment said.
        message: String,
    },
    /// This driver cannot do such an act.
    #[error("{service}: this driver cannot {act} a service")]
    Unsupported {
        /// The service.
        service: String,
        /// The act.
        act: String,
    },
}

impl Stack {
    /// Looks a backend up by name.
    pub fn backend(&self, name: &str) -> Option<&Backend> {
        self.backends.iter().find(|backend| backend.name == name)
    }

    /// Every service's name and driver, the backends first: the order in which they are brought up.
    pub fn services(&self) -> impl Iterator<Item = (&str, &dyn Driver)> {
        let backends = self.backends.iter().map(|b| (b.name.as_str(), &*b.driver));
        backends.chain(self.api.iter().map(|api| (crate::model::API, &**api)))
    }
}
