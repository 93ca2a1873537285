//! The catalogue of the demo's variants.
//!
//! An entry says what a variant does, where its like was seen, and, before anybody has run it,
//! which invariants should catch it.

use std::time::Duration;

use super::{ApiSettings, Variant};

/// What there is to say of a variant.
pub(super) struct CatalogueEntry {
    pub variant: Variant,
    pub name: &'static str,
    pub description: &'static str,
    /// A public report of the like; none for a correct variant.
    pub seen: &'static str,
    /// The invariants that should catch it, the one that is most to be expected first; none for a
    /// correct variant.
    pub caught_by: &'static [&'static str],
    /// What it changes in the settings.
    pub change: fn(&mut ApiSettings),
}

/// Nothing but the code that asks for the variant.
const IN_CODE: fn(&mut ApiSettings) = |_| {};

/// All entries, in the order of the variants.
pub(super) const ENTRIES: &[CatalogueEntry] = &[
    CatalogueEntry {
        variant: Variant::Healthy,
        name: "healthy",
        description: "Notices at once that the backend is away, fails explicitly, and comes back by itself.",
        seen: "",
        caught_by: &[],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::StuckBusy,
        name: "stuck-busy",
        description: "Reconnects, but the processor stays BUSY when the channel breaks under a job: later jobs are accepted and never finished.",
        seen: "celery/celery#8030: after a reconnect to the broker the worker runs on and takes no more tasks",
        caught_by: &["no-hang", "recovers"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::StaleConnected,
        name: "stale-connected",
        description: "Trusts a cached flag that nobody clears when the channel dies: every call fails for ever, and nothing reconnects.",
        seen: "aio-libs-abandoned/aioredis-py#1314: connect() returns early by a flag, though the reader holds an error",
        caught_by: &["recovers"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::NoDeadline,
        name: "no-deadline",
        description: "Calls have no deadline: while the backend is frozen, synchronous requests wait for as long as that lasts.",
        seen: "grpc/grpc-java#2066: a call without a deadline blocks for ever, and that is the default",
        caught_by: &["no-hang"],
        // BUG no-deadline: the one setting that nobody sets.
        change: |settings| settings.call_deadline = None,
    },
    CatalogueEntry {
        variant: Variant::SwallowedError,
        name: "swallowed-error",
        description: "When the connection breaks under a synchronous request, the error is swallowed: the answer is 200 with nothing in it.",
        seen: "microservices-demo/catalogue#10: status 200 and an empty list while the database is not reachable",
        caught_by: &["explicit-errors"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::LostJob,
        name: "lost-job",
        description: "Jobs that wait behind a batch whose connection breaks are thrown away with it: they were accepted, and are unknown later.",
        seen: "celery/celery#1789: Redis goes down and up, the worker reconnects, and some tasks are gone",
        caught_by: &["accounting"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::DoubledJob,
        name: "doubled-job",
        description: "A job that is in flight when the connection breaks is reported as failed, and queued once more all the same: it runs twice, and a failed job becomes a completed one.",
        seen: "celery/celery#2481: unacknowledged tasks are restored to the queue while the first copy is still at work",
        caught_by: &["accounting"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::CrossedReplies,
        name: "crossed-replies",
        description: "Who waits for an answer is carried over to the next connection, whose calls are numbered anew: after a quick reconnect a waiter is given somebody else's answer.",
        seen: "aio-libs/aiohttp#7864: the response to a request that timed out is returned for the next one",
        caught_by: &["accounting"],
        // Its callers are patient enough for a backend that is started anew.
        change: |settings| settings.call_deadline = Some(Duration::from_millis(600)),
    },
    CatalogueEntry {
        variant: Variant::ForgottenStart,
        name: "forgotten-start",
        description: "A job that is just being started when the backend dies is in nobody's list: it stays STARTING for ever, while all others go on.",
        seen: "ray-project/ray#63405: the request to start a task goes to a node that died, and hangs: the task stays pending for ever",
        caught_by: &["no-hang"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::DeafProcessor,
        name: "deaf-processor",
        description: "One reconnect in three forgets to subscribe the processor to its queue again: jobs stay QUEUED, while synchronous requests work.",
        seen: "apache/james-project#516: once in a while messages are consumed no more: after a reconnect nobody resumes the consumers",
        caught_by: &["no-hang", "recovers"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::FirstCallFails,
        name: "first-call-fails",
        description: "Each lane of the processor keeps a handle of the old session: its first job after a reconnect fails, however long after.",
        seen: "ostinelli/pgpool#6: after a reconnect the pool still uses prepared statements that the new connection does not know",
        caught_by: &["bounded-failures"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::RedialFlood,
        name: "redial-flood",
        description: "Where nobody listens it dials again at once, without any pause, and logs each attempt.",
        seen: "cockroachdb/cockroach#35152: while the server is down the client reconnects in a busy loop, two processors full",
        caught_by: &["calm-reconnect"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::BackoffReset,
        name: "backoff-reset",
        description: "Takes an accepted connection for success and begins its pauses anew: it hammers a backend that is booting, until the backend blocks it.",
        seen: "vitorpamplona/amethyst#3219: a relay that accepts and then resets is dialled every few seconds, since each accept resets the backoff",
        caught_by: &["recovers", "calm-reconnect"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::UncappedBackoff,
        name: "uncapped-backoff",
        description: "The pauses between attempts double without a cap: after a long outage it sleeps on, though the backend is back.",
        seen: "slack-go/slack#1585: the cap is never applied, and the delay grows to hours",
        caught_by: &["recovers"],
        // BUG uncapped-backoff: a cap that is never reached.
        change: |settings| settings.backoff_max = Duration::from_secs(3_600),
    },
    CatalogueEntry {
        variant: Variant::GivesUp,
        name: "gives-up",
        description: "Gives up for good after eight failed attempts to connect.",
        seen: "apache/storm#429: at the maximum of attempts the client closes for ever, and its task lives on without it",
        caught_by: &["recovers"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::LostRestart,
        name: "lost-restart",
        description: "A connection that is lost within 100 ms of a reconnect is taken for the tail of the old loss: the second restart is missed, and nothing reconnects.",
        seen: "quartiq/minimq#125: a connection that is lost just after it was opened leaves the client stuck until a power cycle",
        caught_by: &["recovers"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::LossAfterReset,
        name: "loss-after-reset",
        description: "After it has once reset a connection itself, because an answer was late, it misses every loss that is not its own doing. It needs a freeze, then a restart.",
        seen: "sahlberg/libnfs#424: the state of the socket before is not reset on a reconnect, and spoils the next one",
        caught_by: &["recovers"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::SessionRefused,
        name: "session-refused",
        description: "After an outage longer than the session's grace (1 s) the backend refuses the old session, and the API presents it again and again.",
        seen: "ray-project/ray#60600: attempted to reconnect a session that has already been cleaned up",
        caught_by: &["recovers"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::ThirdReconnectCrash,
        name: "third-reconnect-crash",
        description: "The third reconnect in a process's life closes something twice, and the API ends.",
        seen: "eclipse-paho/paho.mqtt.golang#488: panic, close of closed channel, on connection lost and reconnecting",
        caught_by: &["api-stays-up"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::BlockingReconnect,
        name: "blocking-reconnect",
        description: "Reconnecting blocks the event loop: until the backend is back, no request is answered at all, not even a ping.",
        seen: "leporo/tornado-redis#84: connecting to Redis blocks the whole process, also for requests that do not need it",
        caught_by: &["no-hang"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::RetryStampede,
        name: "retry-stampede",
        description: "Each waiting call queues a retry every 2 ms and calls none of them off: on the reconnect all are sent at once, and the backend blocks the API.",
        seen: "gravitational/teleport#6889: thundering herd when the auth server restarts, for there is no jitter",
        caught_by: &["recovers"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::GrowingLatency,
        name: "growing-latency",
        description: "Each reconnect adds a listener and removes none: every answer passes through all of them, 60 ms each.",
        seen: "jaredwray/keyv#2069: event listeners accumulate with every reconnect to Redis",
        caught_by: &["latency-returns"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::LeakedDescriptor,
        name: "leaked-descriptor",
        description: "The socket of a lost connection is never closed: one descriptor more for each restart.",
        seen: "kaeawc/auto-mobile#5045: one socket is leaked per reconnect, for the channel is not closed at its end",
        caught_by: &["no-leak"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::RetainedBuffers,
        name: "retained-buffers",
        description: "The buffers of a lost connection are kept: 32 MiB more for each restart.",
        seen: "permitio/opal#844: memory accumulates over reconnections",
        caught_by: &["no-leak"],
        change: IN_CODE,
    },
    CatalogueEntry {
        variant: Variant::LateReply,
        name: "late-reply",
        description: "A call that is given up leaves the line, its answer does not: what comes late goes to whoever waits by then, so the callers at the end of a freeze are given the answers of those at its begin.",
        seen: "redis/redis-py#2624: a cancelled command leaves its reply on the connection, and the next command reads it",
        caught_by: &["accounting"],
        change: |settings| settings.resets_when_late = false,
    },
    CatalogueEntry {
        variant: Variant::LeakedSlots,
        name: "leaked-slots",
        description: "Calls take turns in six slots. Who gives up waiting for one stays in the line, and a slot that is passed to him is never given back: after a freeze under load none is left.",
        seen: "MagicStack/asyncpg#467: a timeout of pool.acquire leaks the connection, until the pool is empty",
        caught_by: &["recovers"],
        change: |settings| settings.slots = Some((6, Duration::from_millis(200))),
    },
    CatalogueEntry {
        variant: Variant::FullQueue,
        name: "full-queue",
        description: "Keeps jobs in the queue while the backend is away, and looks for it only when another job arrives. A full queue takes no job, so it is never drained.",
        seen: "eclipse-mosquitto/mosquitto#2256: when the queue is full before the connection is back, the bridge never sends anything again",
        caught_by: &["recovers", "no-hang"],
        change: |settings| settings.max_queued = 32,
    },
    CatalogueEntry {
        variant: Variant::SlowStart,
        name: "slow-start",
        description: "Refuses calls for 400 ms after a reconnect, in words, because it is warming up; then all is well.",
        seen: "",
        caught_by: &[],
        change: |settings| settings.warm_up = Duration::from_millis(400),
    },
    CatalogueEntry {
        variant: Variant::BoundedRetry,
        name: "bounded-retry",
        description: "Makes a call whose connection broke again, at most twice, after a random pause, and within its deadline: work is idempotent.",
        seen: "",
        caught_by: &[],
        change: |settings| settings.retries = 2,
    },
    CatalogueEntry {
        variant: Variant::CircuitBreaker,
        name: "circuit-breaker",
        description: "After three failed calls in a row fails the next ones at once, for 200 ms, then tries again.",
        seen: "",
        caught_by: &[],
        change: |settings| settings.breaker = Some((3, Duration::from_millis(200))),
    },
    CatalogueEntry {
        variant: Variant::RejectingQueue,
        name: "rejecting-queue",
        description: "While the backend is away it queues four jobs and rejects the others, in words.",
        seen: "",
        caught_by: &[],
        change: |settings| settings.max_queued_away = 4,
    },
    CatalogueEntry {
        variant: Variant::ChattyLog,
        name: "chatty-log",
        description: "Logs every request, but at most ten lines in half a second.",
        seen: "",
        caught_by: &[],
        change: |settings| settings.request_lines = 10,
    },
];
