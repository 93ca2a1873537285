//! The kinds of fault by name.

use std::fmt;

use super::FaultKind;

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
}

impl FaultName {
    /// Every kind.
    pub const ALL: [FaultName; 5] = [
        FaultName::Stop,
        FaultName::Kill,
        FaultName::Rapid,
        FaultName::Pause,
        FaultName::Cut,
    ];

    /// The kind with this name, if there is one.
    pub fn named(text: &str) -> Option<Self> {
        FaultName::ALL.into_iter().find(|name| name.name() == text)
    }

    /// The name, as in a signature and in the configuration's `faults`.
    pub fn name(self) -> &'static str {
        match self {
            FaultName::Stop => "stop",
            FaultName::Kill => "kill",
            FaultName::Rapid => "rapid",
            FaultName::Pause => "pause",
            FaultName::Cut => "cut",
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
        };
        name.name()
    }
}
