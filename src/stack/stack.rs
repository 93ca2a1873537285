//! The services of a stack.

use std::time::Duration;

use super::port::ReservedPort;
use super::{Driver, Probe};
use crate::model::BackendName;

/// The system under test: an API, its backends, and the handles to both.
pub struct Stack {
    /// The API's driver, where it can be observed and reset.
    pub api: Option<Box<dyn Driver>>,
    /// The backends, in the configuration's order.
    pub backends: Vec<Backend>,
    /// Kept for as long as the stack lives, so that a service that is started again finds its port
    /// free.
    pub ports: Vec<ReservedPort>,
}

/// A backend: how it is driven, and how it is asked whether it is ready, past the API.
pub struct Backend {
    /// Its name.
    pub name: BackendName,
    /// Its driver.
    pub driver: Box<dyn Driver>,
    /// The direct probe.
    pub probe: Box<dyn Probe>,
    /// The backends that must be ready before this one is started.
    pub after: Vec<BackendName>,
    /// How often the probe is sent while it waits for a change.
    pub probe_every: Duration,
    /// How long one probe may take; a probe that takes longer says "not ready".
    pub probe_timeout: Duration,
}

impl Stack {
    /// Looks a backend up by name.
    pub fn backend(&self, name: &str) -> Option<&Backend> {
        self.backends.iter().find(|backend| backend.name == name)
    }

    /// Every service's name and driver, the backends first: the order in which they are brought up.
    pub fn services(&self) -> impl Iterator<Item = (&str, &dyn Driver)> {
        let backends = self.backends.iter().map(|b| (b.name.as_str(), &*b.driver));
        backends.chain(self.api.iter().map(|api| (crate::model::API, &**api)))
    }
}
