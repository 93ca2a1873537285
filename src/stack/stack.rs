//! The services of a stack.

use std::time::Duration;

use super::port::ReservedPort;
use super::{Driver, Probe};
use crate::model::BackendName;

/// The system under test: the drivers of an API and its backends.
pub struct Stack {
    /// The API's driver, if the API can be observed and reset.
    pub api: Option<Box<dyn Driver>>,
    /// The backends, in the configuration's order.
    pub backends: Vec<Backend>,
    /// Reserved for the lifetime of the stack, so that a restarted service finds its port free.
    pub ports: Vec<ReservedPort>,
}

/// A backend: its driver and its direct readiness probe.
pub struct Backend {
    /// Its name.
    pub name: BackendName,
    /// Its driver.
    pub driver: Box<dyn Driver>,
    /// The direct probe.
    pub probe: Box<dyn Probe>,
    /// The backends that must be ready before this one is started.
    pub after: Vec<BackendName>,
    /// The longest pause between two probes. While a backend is awaited, the first ones follow each
    /// other faster.
    pub probe_every: Duration,
    /// The timeout of one probe. A probe that takes longer counts as "not ready".
    pub probe_timeout: Duration,
}

impl Stack {
    /// Looks a backend up by name.
    pub fn backend(&self, name: &str) -> Option<&Backend> {
        self.backends.iter().find(|backend| backend.name == name)
    }

    /// All services' names and drivers in start order: the backends first.
    pub fn services(&self) -> impl Iterator<Item = (&str, &dyn Driver)> {
        let backends = self.backends.iter().map(|b| (b.name.as_str(), &*b.driver));
        backends.chain(self.api.iter().map(|api| (crate::model::API, &**api)))
    }
}
