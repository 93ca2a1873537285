//! Settings of the load stage.

use serde::Deserialize;

/// How connections to the API are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Connections {
    /// A new connection for every exchange.
    #[default]
    Fresh,
    /// Connections are kept and reused, as in a service that calls another.
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

/// Upper bounds on the load of one trial, whatever its plan asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Caps {
    /// Requests in flight at the same time.
    pub in_flight: usize,
    /// Requests in total.
    pub requests: u64,
    /// Requests started per second.
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
