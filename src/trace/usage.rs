//! Samples of the resources that a service used.

use super::{Event, EventKind, Moment};

/// One sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample<'a> {
    /// When it was taken.
    pub moment: Moment,
    /// Its process or container. Samples of different ones are not comparable.
    pub identity: &'a str,
    /// Processor time since its start, in microseconds.
    pub cpu_us: u64,
    /// Its own memory.
    pub memory_bytes: Option<u64>,
    /// Open file descriptors.
    pub fds: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
    /// Whether the harness had nothing in flight, and waited for the service to come to rest.
    pub at_rest: bool,
}

impl<'a> Sample<'a> {
    /// Reads an event, if it is a sample of a service.
    pub fn of(event: &'a Event, asked: &str) -> Option<Self> {
        match &event.kind {
            EventKind::Resources {
                service,
                identity,
                cpu_us,
                memory_bytes,
                fds,
                threads,
                at_rest,
            } if service == asked => Some(Sample {
                moment: event.moment(),
                identity,
                cpu_us: *cpu_us,
                memory_bytes: *memory_bytes,
                fds: *fds,
                threads: *threads,
                at_rest: *at_rest,
            }),
            _ => None,
        }
    }
}
