//! The kinds of fault by name.

use std::fmt;

use super::{FaultKind, LinkFaultName};

/// A [`FaultKind`] without its numbers, as the configuration names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultName {
    /// [`FaultKind::Stop`].
    Stop,
    /// [`FaultKind::Kill`].
    Kill,
    /// [`FaultKind::Rapid`].
    Rapid,
    /// [`FaultKind::Pause`].
    Pause,
    /// [`FaultKind::Cut`].
    Cut,
    /// [`FaultKind::Link`].
    Link(LinkFaultName),
}

impl FaultName {
    /// Every kind that is done to a service itself.
    pub const OF_SERVICES: [FaultName; 5] = [
        FaultName::Stop,
        FaultName::Kill,
        FaultName::Rapid,
        FaultName::Pause,
        FaultName::Cut,
    ];

    /// Every kind: those done to a service itself, then those that need a link.
    pub fn all() -> impl Iterator<Item = FaultName> + Clone {
        let links = LinkFaultName::ALL.into_iter().map(FaultName::Link);
        FaultName::OF_SERVICES.into_iter().chain(links)
    }

    /// The kind with this name, if there is one.
    pub fn named(text: &str) -> Option<Self> {
        FaultName::all().find(|name| name.name() == text)
    }

    /// Whether it needs a link to the backend.
    pub fn needs_link(self) -> bool {
        matches!(self, FaultName::Link(_))
    }

    /// The name, as in a signature and in the configuration's `faults`.
    pub fn name(self) -> &'static str {
        match self {
            FaultName::Stop => "stop",
            FaultName::Kill => "kill",
            FaultName::Rapid => "rapid",
            FaultName::Pause => "pause",
            FaultName::Cut => "cut",
            FaultName::Link(link) => link.name(),
        }
    }
}

impl fmt::Display for FaultName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FaultKind {
    /// The kind's name, as in a signature and in the configuration's `faults`.
    pub fn name(&self) -> &'static str {
        let name = match self {
            FaultKind::Stop { .. } => FaultName::Stop,
            FaultKind::Kill => FaultName::Kill,
            FaultKind::Rapid { .. } => FaultName::Rapid,
            FaultKind::Pause => FaultName::Pause,
            FaultKind::Cut => FaultName::Cut,
            FaultKind::Link(link) => FaultName::Link(LinkFaultName::of(link)),
        };
        name.name()
    }
}
