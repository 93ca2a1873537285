//! What a driver observes of a service.

use std::time::Duration;

use crate::link::Sight;

/// The state of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceState {
    /// It runs.
    Running,
    /// It is frozen.
    Paused,
    /// It does not run.
    Stopped,
}

/// The resources that all processes of a service use together. `None` means unknown, not zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Identifies this start of the process or container. Figures of different starts are not
    /// comparable.
    pub identity: String,
    /// CPU time since the start. One busy core adds one second per second.
    pub cpu: Duration,
    /// Allocated memory, without cached and mapped files.
    pub memory_bytes: Option<u64>,
    /// Open file descriptors.
    pub fds: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
}

/// Something that a driver observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// A line of its log.
    Log {
        /// The line, without its line break.
        line: String,
        /// The source's own time (RFC 3339).
        source_at: Option<String>,
    },
    /// This many log lines were dropped here, because they came faster than they were processed.
    LinesDropped(u64),
    /// It ended.
    Exited {
        /// The exit code; 128 + n for signal n.
        code: Option<i64>,
        /// Whether the kernel killed it because memory ran out.
        oom: bool,
        /// The source's own time (RFC 3339).
        source_at: Option<String>,
    },
    /// It started.
    Started {
        /// Identifies this start: a process id, or a container's id with a time.
        identity: String,
        /// The source's own time (RFC 3339).
        source_at: Option<String>,
    },
    /// It was frozen (true) or thawed (false).
    Paused(bool),
    /// Its link saw something.
    Link(Sight),
    /// The service can no longer be observed, and why.
    Lost(String),
}
