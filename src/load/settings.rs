//! What the load stage is told by the configuration.

use serde::Deserialize;

/// How connections to the API are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Connections {
    /// A new connection for every exchange.
    #[default]
    Fresh,
    /// Connections are kept and used again, as a service's client would.
    Pooled,
}

impl Connections {
    /// The mode's name, as in the configuration and in a trace's header.
    pub fn name(self) -> &'static str {
        match self {
            Connections::Fresh => "fresh",
            Connections::Pooled => "pooled",
        }
    }
}

/// How much load one trial may ever make, whatever its plan asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Caps {
    /// Requests in flight at once.
    pub in_flight: usize,
    /// Requests in all.
    pub requests: u64,
    /// Requests begun per second.
    pub rate_per_s: f64,
}

impl Default for Caps {
    fn default() -> Self {
        Caps {
            in_flight: 256,
            requests: 100_000,
            rate_per_s: 1_000.0,
        }
    }
}
