//! What is seen of a service.

use std::time::Duration;

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
