//! One event of a trial.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Mismatch, Moment, Origin, Phase};
use crate::model::UnknownReason;
use crate::model::{Act, BackendName, ClosedBy, Direction, KindName, Outcome, StepId};

/// One event of a trial, with its number and its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its number in the order of observation, from 0 without gaps.
    pub seq: u64,
    /// Microseconds since the trial began, on the harness's monotonic clock.
    pub at_us: u64,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

impl Event {
    /// Reads a line of a trace quickly: it builds no JSON tree first, which halves the time for a
    /// long trace. None if the line is not an event of a known kind; the slower way of reading any
    /// line finds out what it is.
    pub(super) fn of_line(line: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Place {
            seq: u64,
            at_us: u64,
        }
        let Place { seq, at_us } = serde_json::from_slice(line).ok()?;
        // The derived code, which does not know `Other`.
        let kind = EventKind::deserialize(&mut serde_json::Deserializer::from_slice(line)).ok()?;
        Some(Event { seq, at_us, kind })
    }

    /// Its number and time.
    pub fn moment(&self) -> Moment {
        let Event { seq, at_us, .. } = *self;
        Moment { seq, at_us }
    }
}

/// The kinds of event.
///
/// `service` is `api` or the name of a backend. `request` numbers the requests of a trial from 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", remote = "Self")]
pub enum EventKind {
    /// The trial enters a phase. Offsets of `at` anchors count from the phase `plan`.
    Phase {
        /// Which phase.
        phase: Phase,
    },
    /// A step's anchor fired.
    StepStarted {
        /// The step.
        step: StepId,
    },
    /// A step is completed. For a burst: each of its requests has an outcome.
    StepEnded {
        /// The step.
        step: StepId,
    },
    /// A step was skipped.
    StepSkipped {
        /// The step.
        step: StepId,
        /// Why, in words.
        reason: String,
    },
    /// A request's first exchange is about to be written to the wire.
    Sent {
        /// The request.
        request: u64,
        /// What it belongs to.
        origin: Origin,
        /// Its kind.
        kind: KindName,
        /// Its token, unique in the campaign.
        token: String,
        /// When it was due, in microseconds since the trial began. Latency counts from here.
        intended_us: u64,
        /// The earlier request that it follows and refers to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
    },
    /// The API has accepted the request as a job.
    Accepted {
        /// The request.
        request: u64,
        /// The job's id.
        job: String,
        /// From the intended send to this answer, in microseconds.
        latency_us: u64,
    },
    /// The answer to a poll of a job was new: another state, an error, or a longer latency than any
    /// earlier poll of this request.
    Polled {
        /// The request.
        request: u64,
        /// The answer's HTTP status.
        status: u16,
        /// The job's state as the answer gives it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        state: Option<String>,
        /// From the poll's sending to its answer, in microseconds.
        latency_us: u64,
    },
    /// A poll of a job was not answered. Polling goes on.
    PollLost {
        /// The request.
        request: u64,
        /// Why there is no answer.
        reason: UnknownReason,
        /// From the poll's sending to when it was given up, in microseconds.
        waited_us: u64,
    },
    /// The answer to a request is not the expected one. Its end follows.
    Mismatched {
        /// The request.
        request: u64,
        /// The difference.
        #[serde(flatten)]
        mismatch: Mismatch,
    },
    /// A request has ended.
    Ended {
        /// The request.
        request: u64,
        /// How.
        #[serde(flatten)]
        outcome: Outcome,
        /// The exchange that decided it.
        exchange: Exchange,
        /// From the intended send to this moment, in microseconds.
        latency_us: u64,
        /// The token that the API echoed, if the configuration says where to find it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        echo: Option<String>,
    },
    /// A fault's act is about to be written to the journal and done.
    FaultIntent {
        /// The fault's step.
        step: StepId,
        /// Its backend.
        backend: BackendName,
        /// The act.
        act: Act,
    },
    /// A fault's act has been done.
    FaultActed {
        /// The fault's step.
        step: StepId,
        /// Its backend.
        backend: BackendName,
        /// The act.
        act: Act,
        /// How long it took, in microseconds.
        took_us: u64,
    },
    /// The direct probe says that a backend is not ready, after it was ready or for the first time.
    NotReady {
        /// The backend.
        backend: BackendName,
        /// The probe's error.
        detail: String,
    },
    /// The direct probe says that a backend is ready, after it was not, or for the first time after
    /// a fault was undone. It became ready between `not_ready_us` and this event.
    Ready {
        /// The backend.
        backend: BackendName,
        /// The last fault undone before, if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fault: Option<StepId>,
        /// When it was last known not to be ready, in microseconds since the trial began: when the
        /// last failed probe was sent, or when the fault was undone.
        not_ready_us: u64,
    },
    /// A service's process or container has ended.
    Exited {
        /// The service.
        service: String,
        /// Its exit code; 128 + n for signal n.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<i64>,
        /// Whether the kernel killed it because it ran out of memory.
        oom: bool,
        /// The source's own time, if it gives one (RFC 3339).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_at: Option<String>,
    },
    /// A service's process or container has started.
    Started {
        /// The service.
        service: String,
        /// Identifies this process or container among those of the service.
        identity: String,
        /// The source's own time, if it gives one (RFC 3339).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_at: Option<String>,
    },
    /// A service was frozen or thawed.
    Paused {
        /// The service.
        service: String,
        /// True when frozen, false when thawed.
        paused: bool,
    },
    /// A line of a service's log, capped and redacted.
    Log {
        /// The service.
        service: String,
        /// The line.
        line: String,
        /// The source's own time, if it gives one (RFC 3339).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_at: Option<String>,
    },
    /// The API has dialled a backend through its link. `connection` numbers the link's connections
    /// since its start.
    LinkOpened {
        /// The backend.
        backend: BackendName,
        /// The connection.
        connection: u64,
        /// Which path of the link, from 0.
        #[serde(default, skip_serializing_if = "is_zero")]
        path: u64,
    },
    /// A dial through a link has failed: the backend did not take it, or a fault forbade it.
    LinkFailed {
        /// The backend.
        backend: BackendName,
        /// The connection.
        connection: u64,
        /// Why.
        reason: String,
    },
    /// The first byte on a connection in a direction.
    LinkFirstByte {
        /// The backend.
        backend: BackendName,
        /// The connection.
        connection: u64,
        /// The direction.
        direction: Direction,
    },
    /// A connection through a link has ended.
    LinkClosed {
        /// The backend.
        backend: BackendName,
        /// The connection.
        connection: u64,
        /// Who ended it.
        by: ClosedBy,
        /// Bytes from the API to the backend.
        to_backend_bytes: u64,
        /// Bytes from the backend to the API.
        from_backend_bytes: u64,
    },
    /// More happened on a link in a second than is recorded one by one. These were only counted.
    LinkCounted {
        /// The backend.
        backend: BackendName,
        /// Connections that the API opened.
        opened: u64,
        /// Connections that ended.
        closed: u64,
    },
    /// Lines of a service's log are missing here, because they came faster than they could be
    /// recorded.
    LogDropped {
        /// The service.
        service: String,
        /// How many.
        lines: u64,
    },
    /// The resources that a service uses. Values that could not be read are missing.
    Resources {
        /// The service.
        service: String,
        /// Identifies this process or container among those of the service.
        identity: String,
        /// Processor time since its start, in microseconds.
        cpu_us: u64,
        /// Its own memory.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        memory_bytes: Option<u64>,
        /// Open file descriptors.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fds: Option<u64>,
        /// Threads.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        threads: Option<u64>,
        /// Whether the harness had nothing in flight, and waited for the service to come to rest.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        at_rest: bool,
    },
    /// This machine woke the harness too late. What the API could do meanwhile is not known.
    Lag {
        /// The wake-up delay in microseconds. Short delays are not recorded.
        late_us: u64,
    },
    /// More tasks than processors were running or waiting to run. Averages below 1.5 tasks per
    /// processor are not recorded.
    Crowded {
        /// Tasks per processor on average, in percent.
        percent: u64,
        /// The time over which the average was taken, in microseconds.
        over_us: u64,
    },
    /// A service's thread waited for a processor in the time before this event. Waits below a
    /// twentieth of that time are not recorded.
    Waited {
        /// The service.
        service: String,
        /// The wait of the thread that waited longest, in microseconds.
        waited_us: u64,
        /// The time between the two samples, in microseconds.
        over_us: u64,
    },
    /// Until this event, the harness polled jobs that had ended once more. The API was not idle
    /// meanwhile.
    LookedBack {
        /// The number of jobs.
        polls: u64,
        /// How long that took, in microseconds.
        over_us: u64,
    },
    /// The environment or the harness itself failed: the trial can only be inconclusive.
    Trouble {
        /// What was being done.
        during: String,
        /// What went wrong.
        message: String,
    },
    /// Nothing could change the verdict any more, so the harness stopped waiting for requests in
    /// flight.
    Decided,
    /// The run was interrupted.
    Interrupted,
    /// An event of a kind that this version does not know. It is kept and ignored.
    #[serde(skip)]
    Other(Map<String, Value>),
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The exchange that decided an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exchange {
    /// The request itself.
    Submit,
    /// A poll of the job it became.
    Poll,
}
