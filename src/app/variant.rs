//! The demo's variants: the healthy one, one for each seeded bug, and correct ones that look
//! suspicious. The `catalogue` describes them.

/// A variant of the demo's API. `Display` and `FromStr` use its name; see its
/// [description](Variant::description) for what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the catalogue describes each variant")]
pub enum Variant {
    Healthy,
    StuckBusy,
    StaleConnected,
    NoDeadline,
    SwallowedError,
    LostJob,
    DoubledJob,
    CrossedReplies,
    ForgottenStart,
    DeafProcessor,
    FirstCallFails,
    RedialFlood,
    BackoffReset,
    UncappedBackoff,
    GivesUp,
    LostRestart,
    LossAfterReset,
    SessionRefused,
    ThirdReconnectCrash,
    BlockingReconnect,
    RetryStampede,
    GrowingLatency,
    LeakedDescriptor,
    RetainedBuffers,
    LateReply,
    LeakedSlots,
    FullQueue,
    SlowStart,
    BoundedRetry,
    CircuitBreaker,
    RejectingQueue,
    ChattyLog,
}
