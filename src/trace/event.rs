//! One thing that was observed.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{Mismatch, Moment, Origin, Phase};
use crate::model::{Act, BackendName, KindName, Outcome, StepId, UnknownReason};

/// One thing that was observed, with its place in the order of observation and its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its place in the order of observation, from 0 without gaps.
    pub seq: u64,
    /// Microseconds since the trial began, on the harness's monotonic clock.
    pub at_us: u64,
    /// What was observed.
    #[serde(flatten)]
    pub kind: EventKind,
}

impl Event {
    /// Reads a line of a trace. None if it is no event, or not one of a kind that is known here:
    /// only the slower way of reading any line tells which. This one builds no tree first, which
    /// makes long traces readable in half of the time.
    pub(super) fn of_line(line: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Place {
            seq: u64,
            at_us: u64,
        }
        let Place { seq, at_us } = serde_json::from_slice(line).ok()?;
        // The derived code, which knows no `Other`.
        let kind = EventKind::deserialize(&mut serde_json::Deserializer::from_slice(line)).ok()?;
        Some(Event { seq, at_us, kind })
    }

    /// Its place and time.
    pub fn moment(&self) -> Moment {
        Moment {
            seq: self.seq,
            at_us: self.at_us,
        }
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
    /// A step has done all it had to. For a burst: every request of it has an outcome.
    StepEnded {
        /// The step.
        step: StepId,
    },
    /// A step was not done.
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
        /// The earlier request that it follows, and reads what that one wrote.
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
    /// A poll of a job was answered, and the answer says something new: another state, an error, or
    /// it took longer than any poll of this request before.
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
    /// The answer to a request is not what is expected of it. Its end follows.
    Mismatched {
        /// The request.
        request: u64,
        /// Where, what was expected and what came.
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
        /// The token that the API echoed, where the configuration says where to look.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        echo: Option<String>,
    },
    /// A fault's act is about to be done. It was journalled and synced before.
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
    /// The direct probe says that a backend is not ready, after it was or for the first time.
    NotReady {
        /// The backend.
        backend: BackendName,
        /// The probe's own words.
        detail: String,
    },
    /// The direct probe says that a backend is ready, after it was not, or for the first time after
    /// a fault was undone. It became so between `not_ready_us` and this event.
    Ready {
        /// The backend.
        backend: BackendName,
        /// The last fault that was undone before, if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fault: Option<StepId>,
        /// When it was last known not to be ready, in microseconds since the trial began: the
        /// sending of the last probe that said no, or the moment the fault was undone.
        not_ready_us: u64,
    },
    /// A service's process or container has ended.
    Exited {
        /// The service.
        service: String,
        /// Its exit code; 128 + n for signal n.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<i64>,
        /// Whether the kernel killed it for want of memory.
        oom: bool,
        /// The source's own time, where it gives one (RFC 3339).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_at: Option<String>,
    },
    /// A service's process or container has started.
    Started {
        /// The service.
        service: String,
        /// What tells this process or container from the one before.
        identity: String,
        /// The source's own time, where it gives one (RFC 3339).
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
        /// The source's own time, where it gives one (RFC 3339).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_at: Option<String>,
    },
    /// Lines of a service's log were left out here, because they came faster than they could be
    /// recorded.
    LogDropped {
        /// The service.
        service: String,
        /// How many.
        lines: u64,
    },
    /// What a service used of its machine. What could not be read is left out.
    Resources {
        /// The service.
        service: String,
        /// What tells this process or container from the one before.
        identity: String,
        /// Processor time since its start, in microseconds.
        cpu_us: u64,
        /// Memory of its own.
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
    /// This machine kept the harness waiting: it wanted to wake earlier, and did not. What the API
    /// could do meanwhile is not known.
    Lag {
        /// How much later it woke than it wanted, in microseconds. Shorter waits are not told.
        late_us: u64,
    },
    /// More tasks than processors were running or waiting for one. Less than one and a half to a
    /// processor is not told.
    Crowded {
        /// Tasks to a processor on average, in percent.
        percent: u64,
        /// Over how long the average was taken, in microseconds.
        over_us: u64,
    },
    /// A service's thread waited so long for a processor in the time before this event. Less than a
    /// twentieth is not told.
    Waited {
        /// The service.
        service: String,
        /// The wait of the thread that waited longest, in microseconds.
        waited_us: u64,
        /// The time between the two looks, in microseconds.
        over_us: u64,
    },
    /// The harness polled jobs that had ended once more, one after the other, up to this event:
    /// meanwhile the API had something to do.
    LookedBack {
        /// How many.
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
    /// Nothing that was still to come could change the verdict, so what was in flight was not
    /// waited for any longer.
    Decided,
    /// Somebody ended the run early.
    Interrupted,
    /// An event of a kind that this version does not know: kept and ignored.
    #[serde(skip)]
    Other(Map<String, Value>),
}

/// The names of the kinds that this version knows. An event of one of these with wrong fields is an
/// error; of any other name, it is [`EventKind::Other`].
const KNOWN: [&str; 27] = [
    "phase",
    "step-started",
    "step-ended",
    "step-skipped",
    "sent",
    "accepted",
    "polled",
    "poll-lost",
    "mismatched",
    "ended",
    "fault-intent",
    "fault-acted",
    "not-ready",
    "ready",
    "exited",
    "started",
    "paused",
    "log",
    "log-dropped",
    "resources",
    "lag",
    "crowded",
    "waited",
    "looked-back",
    "trouble",
    "decided",
    "interrupted",
];

// With `remote = "Self"`, the derived code becomes two inherent functions. Only the choice between
// them and `Other` is written by hand: serde's own fallback, `untagged`, would also swallow a known
// kind whose fields are wrong.
impl Serialize for EventKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            EventKind::Other(fields) => fields.serialize(serializer),
            known => EventKind::serialize(known, serializer),
        }
    }
}

impl<'de> Deserialize<'de> for EventKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Map::deserialize(deserializer)?;
        match fields.get("event").and_then(Value::as_str) {
            Some(name) if !KNOWN.contains(&name) => Ok(EventKind::Other(fields)),
            _ => EventKind::deserialize(Value::Object(fields)).map_err(D::Error::custom),
        }
    }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn known_are_exactly_the_kinds_that_serde_knows() {
        let error = EventKind::deserialize(json!({"event": "?"})).unwrap_err();
        let names = KNOWN.map(|name| format!("`{name}`")).join(", ");
        let expected = format!("unknown variant `?`, expected one of {names}");
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_known_kind_with_wrong_fields_is_an_error_that_says_so() {
        let line =
            json!({"seq": 3, "at_us": 9, "event": "accepted", "request": 1, "latency_us": 2});
        let error = serde_json::from_value::<Event>(line).unwrap_err();
        assert_eq!(error.to_string(), "missing field `job`");
    }

    #[test]
    fn an_unknown_kind_is_kept_and_written_back_the_same() {
        let line = r#"{"seq":3,"at_us":9,"event":"eclipse","sun":{"r":[1,2.5,null]},"seen":true}"#;
        let event: Event = serde_json::from_str(line).unwrap();
        assert!(matches!(event.kind, EventKind::Other(_)));
        assert_eq!(serde_json::to_string(&event).unwrap(), line);
    }
}
