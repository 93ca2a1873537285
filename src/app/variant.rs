//! The demo's variants: the healthy one, one for each seeded bug, and correct ones that look
//! suspicious. The `catalogue` describes them.

use std::fmt;
use std::str::FromStr;

use super::ApiSettings;
use super::catalogue::{CatalogueEntry, ENTRIES};

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

/// There is no variant with this name.
#[derive(Debug, thiserror::Error)]
#[error("the demo has no variant `{name}`; there are {}", names())]
pub struct UnknownVariant {
    /// The unknown name.
    pub name: String,
}

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

fn names() -> String {
    let names: Vec<_> = Variant::ALL.iter().map(|variant| variant.name()).collect();
    names.join(", ")
}

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
