//! The catalogue of the demo's variants.
//!
//! An entry says what a variant does, where a similar bug was reported, and which invariants should
//! catch it. That prediction is written before the variant is first run.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::unknown_variant::UnknownVariant;
use super::{ApiSettings, Variant};

impl Variant {
    /// All variants: the healthy one, those with a bug, then the correct ones that look suspicious.
    pub const ALL: &[Variant] = &{
        let mut all = [Variant::Healthy; ENTRIES.len()];
        let mut place = 0;
        while place < all.len() {
            all[place] = ENTRIES[place].variant;
            place += 1;
        }
        all
    };

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// What it does, in a sentence or two.
    pub fn description(self) -> &'static str {
        self.entry().description
    }

    /// A public report of a similar bug: `owner/repository#number`, and what it says. `None` for a
    /// correct variant.
    pub fn seen(self) -> Option<&'static str> {
        Some(self.entry().seen).filter(|seen| !seen.is_empty())
    }

    /// The names of the invariants that should catch it, the most likely first; empty for a correct
    /// variant.
    pub fn caught_by(self) -> &'static [&'static str] {
        self.entry().caught_by
    }

    /// Whether it has no bug.
    pub fn is_correct(self) -> bool {
        self.caught_by().is_empty()
    }

    /// Whether its bug shows at random, so that the same plan may fail once and pass once.
    pub fn is_random(self) -> bool {
        self == Variant::DeafProcessor
    }

    /// Its settings.
    pub fn settings(self) -> ApiSettings {
        let mut settings = ApiSettings {
            variant: self,
            ..ApiSettings::default()
        };
        (self.entry().change)(&mut settings);
        settings
    }

    fn entry(self) -> &'static CatalogueEntry {
        // A test ensures that the table has the order of the variants.
        &ENTRIES[self as usize]
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Variant {
    type Err = UnknownVariant;

    fn from_str(name: &str) -> Result<Self, UnknownVariant> {
        let known = Variant::ALL.iter().find(|variant| variant.name() == name);
        known.copied().ok_or_else(|| UnknownVariant {
            name: name.to_owned(),
        })
    }
}

/// The facts about a variant.
struct CatalogueEntry {
    variant: Variant,
    name: &'static str,
    description: &'static str,
    /// A public report of a similar bug; empty for a correct variant.
    seen: &'static str,
    /// The invariants that should catch it, the most likely first; empty for a correct variant.
    caught_by: &'static [&'static str],
    /// The settings that it changes.
    change: fn(&mut ApiSettings),
}

/// For a variant that changes no settings: its bug is in the code, at the mark `BUG`.
const IN_CODE: fn(&mut ApiSettings) = |_| {};

/// All entries, in the order of the variants.
const ENTRIES: &[CatalogueEntry] = &[
    CatalogueEntry {
        variant: Variant::Healthy,
        name: "healthy",
        description: "Notices at once that the backend is away, fails with explicit errors, and recovers by itself.",
        seen: "",
        caught_by: &[],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::StuckBusy,
        name: "stuck-busy",
        description: "Reconnects, but if the channel breaks during a job, the processor stays BUSY: later jobs are accepted and never finish.",
        seen: "celery/celery#8030: after a reconnect to the broker, the worker keeps running but takes no more tasks",
        caught_by: &["no-hang", "recovers"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::StaleConnected,
        name: "stale-connected",
        description: "Trusts a cached flag that is not cleared when the channel dies: every call fails forever, and nothing reconnects.",
        seen: "aio-libs-abandoned/aioredis-py#1314: connect() returns early because of a flag, though the reader has an error",
        caught_by: &["recovers"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::NoDeadline,
        name: "no-deadline",
        description: "Calls have no deadline: synchronous requests hang for as long as the backend is frozen.",
        seen: "grpc/grpc-java#2066: a call without a deadline blocks forever, and that is the default",
        caught_by: &["no-hang"],
        // BUG no-deadline: nobody sets this one setting.
        change: |settings| settings.call_deadline = None,
    },
    CatalogueEntry {
        variant: Variant::SwallowedError,
        name: "swallowed-error",
        description: "Swallows the error when the connection breaks during a synchronous request: the response is an empty 200.",
        seen: "microservices-demo/catalogue#10: status 200 and an empty list while the database is unreachable",
        caught_by: &["explicit-errors"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::LostJob,
        name: "lost-job",
        description: "When the connection breaks during a batch of jobs, the jobs queued behind it are discarded: they were accepted, and are unknown later.",
        seen: "celery/celery#1789: Redis goes down and up, the worker reconnects, and some tasks are gone",
        caught_by: &["accounting"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::DoubledJob,
        name: "doubled-job",
        description: "A job in flight when the connection breaks is reported as failed but also queued again: it runs twice, and the failed job becomes a completed one.",
        seen: "celery/celery#2481: unacknowledged tasks are restored to the queue while the first copy is still running",
        caught_by: &["accounting"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::CrossedReplies,
        name: "crossed-replies",
        description: "Calls that wait for a response are carried over to the next connection, which numbers its calls from 1 again: after a quick reconnect a call gets the response of another.",
        seen: "aio-libs/aiohttp#7864: the response to a request that timed out is returned for the next one",
        caught_by: &["accounting"],
        // Its calls wait long enough for a backend to restart.
        change: |settings| settings.call_deadline = Some(Duration::from_millis(600)),
    },
    CatalogueEntry {
        variant: Variant::ForgottenStart,
        name: "forgotten-start",
        description: "A job that is just starting when the backend dies is not tracked anywhere: it stays STARTING forever, while all others go on.",
        seen: "ray-project/ray#63405: the request to start a task goes to a node that died, and hangs: the task stays pending forever",
        caught_by: &["no-hang"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::DeafProcessor,
        name: "deaf-processor",
        description: "One reconnect in three does not subscribe the processor to its queue again: jobs stay QUEUED, while synchronous requests work.",
        seen: "apache/james-project#516: sometimes messages are no longer consumed: after a reconnect nobody resumes the consumers",
        caught_by: &["no-hang", "recovers"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::FirstCallFails,
        name: "first-call-fails",
        description: "Each lane of the processor keeps a handle of the old session: its first job after a reconnect fails, however late it comes.",
        seen: "ostinelli/pgpool#6: after a reconnect the pool still uses prepared statements that the new connection does not know",
        caught_by: &["bounded-failures"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::RedialFlood,
        name: "redial-flood",
        description: "After a refused connection it reconnects at once, without a pause, and logs each attempt.",
        seen: "cockroachdb/cockroach#35152: while the server is down the client reconnects in a busy loop and keeps two CPUs busy",
        caught_by: &["calm-reconnect"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::BackoffReset,
        name: "backoff-reset",
        description: "Counts an accepted connection as a success and resets its backoff: it hammers a booting backend until the backend blocks it.",
        seen: "vitorpamplona/amethyst#3219: a relay that accepts and then resets is dialled every few seconds, because each accept resets the backoff",
        caught_by: &["recovers", "calm-reconnect"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::UncappedBackoff,
        name: "uncapped-backoff",
        description: "The pauses between attempts double without a cap: after a long outage it keeps sleeping although the backend is back.",
        seen: "slack-go/slack#1585: the cap is never applied, and the delay grows to hours",
        caught_by: &["recovers"],
        // BUG uncapped-backoff: a cap that is never reached.
        change: |settings| settings.backoff_max = Duration::from_secs(3_600),
    },
    CatalogueEntry {
        variant: Variant::GivesUp,
        name: "gives-up",
        description: "Gives up for good after eight failed attempts to connect.",
        seen: "apache/storm#429: after the maximum number of attempts the client closes forever, and its task lives on without it",
        caught_by: &["recovers"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::LostRestart,
        name: "lost-restart",
        description: "A connection that is lost within 100 ms of a reconnect counts as part of the previous loss: the second restart is missed, and nothing reconnects.",
        seen: "quartiq/minimq#125: a connection that is lost just after it was opened leaves the client stuck until a power cycle",
        caught_by: &["recovers"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::LossAfterReset,
        name: "loss-after-reset",
        description: "After it has once reset a connection itself because of a late response, it misses every loss that it did not cause. Shows after a freeze followed by a restart.",
        seen: "sahlberg/libnfs#424: the state of the previous socket is not reset on a reconnect, and breaks the next one",
        caught_by: &["recovers"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::SessionRefused,
        name: "session-refused",
        description: "After an outage longer than the session's grace period (1 s) the backend refuses the old session, and the API presents it again and again.",
        seen: "ray-project/ray#60600: attempted to reconnect a session that has already been cleaned up",
        caught_by: &["recovers"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::ThirdReconnectCrash,
        name: "third-reconnect-crash",
        description: "The third reconnect of a process closes a channel twice, and the API crashes.",
        seen: "eclipse-paho/paho.mqtt.golang#488: panic, close of closed channel, on connection lost and reconnecting",
        caught_by: &["api-stays-up"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::BlockingReconnect,
        name: "blocking-reconnect",
        description: "Reconnecting blocks the event loop: until the backend is back, no request is answered, not even a ping.",
        seen: "leporo/tornado-redis#84: connecting to Redis blocks the whole process, even for requests that do not need it",
        caught_by: &["no-hang"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::RetryStampede,
        name: "retry-stampede",
        description: "Each waiting call queues a retry every 2 ms and cancels none of them: on the reconnect all are sent at once, and the backend blocks the API.",
        seen: "gravitational/teleport#6889: thundering herd when the auth server restarts, because there is no jitter",
        caught_by: &["recovers"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::GrowingLatency,
        name: "growing-latency",
        description: "Each reconnect adds a listener and removes none: every response passes through all of them, 60 ms each.",
        seen: "jaredwray/keyv#2069: event listeners accumulate with every reconnect to Redis",
        caught_by: &["latency-returns"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::LeakedDescriptor,
        name: "leaked-descriptor",
        description: "The socket of a lost connection is never closed: each restart leaks a descriptor.",
        seen: "kaeawc/auto-mobile#5045: each reconnect leaks a socket, because the channel is not closed at its end",
        caught_by: &["no-leak"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::RetainedBuffers,
        name: "retained-buffers",
        description: "The buffers of a lost connection are kept: each restart leaks 32 MiB.",
        seen: "permitio/opal#844: memory accumulates over reconnections",
        caught_by: &["no-leak"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::LateReply,
        name: "late-reply",
        description: "A call that times out leaves the line of waiting calls, but its late response goes to the next call in line: after a freeze, calls get the responses of earlier ones.",
        seen: "redis/redis-py#2624: a cancelled command leaves its reply on the connection, and the next command reads it",
        caught_by: &["accounting"],
        change: |settings| settings.resets_when_late = false,
    },
    CatalogueEntry {
        variant: Variant::LeakedSlots,
        name: "leaked-slots",
        description: "Calls share six slots. A call that gives up waiting stays in the line, and a slot passed to it is never returned: after a freeze under load none is left.",
        seen: "MagicStack/asyncpg#467: a timeout of pool.acquire leaks the connection, until the pool is empty",
        caught_by: &["recovers"],
        change: |settings| settings.slots = Some((6, Duration::from_millis(200))),
    },
    CatalogueEntry {
        variant: Variant::FullQueue,
        name: "full-queue",
        description: "Keeps jobs in the queue while the backend is away, and checks for it only when another job arrives. A full queue accepts no job, so it is never drained.",
        seen: "eclipse-mosquitto/mosquitto#2256: if the queue is full before the connection is back, the bridge never sends anything again",
        caught_by: &["recovers", "no-hang"],
        change: |settings| settings.max_queued = 32,
    },
    CatalogueEntry {
        variant: Variant::SlowStart,
        name: "slow-start",
        description: "Refuses calls with an explicit error for 400 ms after a reconnect, because it is warming up.",
        seen: "",
        caught_by: &[],
        change: |settings| settings.warm_up = Duration::from_millis(400),
    },
    CatalogueEntry {
        variant: Variant::BoundedRetry,
        name: "bounded-retry",
        description: "Retries a call whose connection broke at most twice, after a random pause and within its deadline: the work is idempotent.",
        seen: "",
        caught_by: &[],
        change: |settings| settings.retries = 2,
    },
    CatalogueEntry {
        variant: Variant::CircuitBreaker,
        name: "circuit-breaker",
        description: "After three failed calls in a row, all calls fail at once for 200 ms; then it tries again.",
        seen: "",
        caught_by: &[],
        change: |settings| settings.breaker = Some((3, Duration::from_millis(200))),
    },
    CatalogueEntry {
        variant: Variant::RejectingQueue,
        name: "rejecting-queue",
        description: "While the backend is away it queues four jobs and rejects the others with an explicit error.",
        seen: "",
        caught_by: &[],
        change: |settings| settings.max_queued_away = 4,
    },
    CatalogueEntry {
        variant: Variant::ChattyLog,
        name: "chatty-log",
        description: "Logs every request, but at most ten lines in 500 ms.",
        seen: "",
        caught_by: &[],
        change: |settings| settings.request_lines = 10,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_order_of_the_variants() {
        for (place, entry) in ENTRIES.iter().enumerate() {
            assert_eq!(entry.variant as usize, place, "{}", entry.name);
            assert_eq!(entry.name.parse::<Variant>().unwrap(), entry.variant);
        }
        assert_eq!(ENTRIES.len(), Variant::ChattyLog as usize + 1);
    }
}
