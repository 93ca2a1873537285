//! The catalogue of the demo's variants: the healthy one, and one for each seeded bug.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A variant of the demo's API. Its `Display` and `FromStr` are its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variant {
    /// Without a bug.
    Healthy,
    /// Trusts a flag that nobody clears.
    StaleConnected,
    /// Stays busy for ever after a job was lost.
    StuckBusy,
    /// Waits for ever.
    NoDeadline,
}

/// How the API behaves. The defaults are those of the healthy variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How long a call may wait for its answer.
    pub call_deadline: Option<Duration>,
    /// How long an attempt to connect may take, greeting included.
    pub connect_deadline: Duration,
    /// How long after the channel was lost a call still waits for the next one; later it fails at once.
    pub patience: Duration,
    /// The pause after the first failed attempt to connect. It doubles with each further one.
    pub backoff_min: Duration,
    /// The longest pause between two attempts.
    pub backoff_max: Duration,
    /// How many jobs may be queued.
    pub max_queued: usize,
    /// How many jobs the processor gives to the backend at once.
    pub batch: usize,
    /// How many jobs are remembered. Of more, the oldest finished ones are forgotten.
    pub max_jobs: usize,
    /// The seeded bugs.
    pub bugs: Bugs,
}

/// The seeded bugs that no other setting can express. Each is switched on by one variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bugs {
    /// The provider keeps a channel that has broken.
    pub keeps_stale_channel: bool,
    /// The processor stays busy when the channel breaks under a job.
    pub stays_busy_when_broken: bool,
}

/// There is no such variant.
#[derive(Debug, thiserror::Error)]
#[error("the demo has no variant `{name}`; there are {}", names())]
pub struct UnknownVariant {
    /// What was asked for.
    pub name: String,
}

struct Entry {
    name: &'static str,
    description: &'static str,
    caught_by: &'static [&'static str],
    settings: Settings,
}

impl Variant {
    /// All variants, the healthy one first.
    pub const ALL: &[Variant] = &[
        Variant::Healthy,
        Variant::StaleConnected,
        Variant::StuckBusy,
        Variant::NoDeadline,
    ];

    /// Its name, as on the command line.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// What it does, in one sentence.
    pub fn description(self) -> &'static str {
        self.entry().description
    }

    /// The names of the invariants that it should violate; none for the healthy variant.
    pub fn caught_by(self) -> &'static [&'static str] {
        self.entry().caught_by
    }

    /// How its API behaves.
    pub fn settings(self) -> Settings {
        self.entry().settings
    }

    fn entry(self) -> Entry {
        let mut settings = Settings::default();
        let (name, description, caught_by): (_, _, &[_]) = match self {
            Variant::Healthy => (
                "healthy",
                "Notices at once that the backend is away, fails explicitly, and comes back by itself.",
                &[],
            ),
            Variant::StaleConnected => {
                settings.bugs.keeps_stale_channel = true;
                (
                    "stale-connected",
                    "Trusts a cached flag that nobody clears when the channel dies: every call fails for ever, and nothing reconnects.",
                    &["recovers"],
                )
            }
            Variant::StuckBusy => {
                settings.bugs.stays_busy_when_broken = true;
                (
                    "stuck-busy",
                    "Reconnects, but the processor stays BUSY when the channel breaks under a job: later jobs are accepted and never finished.",
                    &["no-hang", "recovers"],
                )
            }
            Variant::NoDeadline => {
                settings.call_deadline = None;
                (
                    "no-deadline",
                    "Calls have no deadline: while the backend is frozen, synchronous requests wait for as long as that lasts.",
                    &["no-hang"],
                )
            }
        };
        Entry {
            name,
            description,
            caught_by,
            settings,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            call_deadline: Some(Duration::from_millis(250)),
            connect_deadline: Duration::from_millis(250),
            patience: Duration::from_millis(300),
            backoff_min: Duration::from_millis(20),
            backoff_max: Duration::from_millis(100),
            max_queued: 1_024,
            batch: 16,
            max_jobs: 8_192,
            bugs: Bugs::default(),
        }
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
