//! Whether the API really goes through the links.

use crate::campaign::StackHandle;
use crate::link::Sight;
use crate::model::count;
use crate::report::Checkup;
use crate::stack::{Backend, Observation, Observations, Subject};

/// The links of a stack, watched since before the API was started, if it is started at all.
pub struct LinkCheck(Vec<(String, Observations)>);

impl LinkCheck {
    /// Watches from now on.
    pub fn watch(handle: &StackHandle) -> Self {
        let backends = handle.executor.stack.backends.iter();
        let linked = backends.filter(|backend| backend.driver.link().is_some());
        let watched = linked.map(|backend| (backend.name.clone(), backend.driver.observe()));
        LinkCheck(watched.collect())
    }

    /// Takes control of those that run already, which otherwise tell nothing. What cannot be
    /// controlled is not judged any more.
    pub async fn take(&mut self, handle: &StackHandle, checkup: &mut Checkup) {
        let mut controlled = Vec::new();
        for (name, seen) in self.0.drain(..) {
            let Some(backend) = handle.executor.stack.backend(&name) else {
                continue;
            };
            match backend.driver.take_link().await {
                Ok(()) => controlled.push((name, seen)),
                Err(error) => checkup.environment(
                    format!("link to {name}"),
                    error.to_string(),
                    "without it, none of its faults can be done",
                ),
            }
        }
        self.0 = controlled;
    }

    /// Says whether each has seen a connection by now.
    pub fn report(self, handle: &StackHandle, checkup: &mut Checkup) {
        let api = handle.executor.stack.api.as_deref();
        let is_own_api = api.is_some_and(|api| !api.outlives_us());
        for (name, seen) in self.0 {
            let Some(backend) = handle.executor.stack.backend(&name) else {
                continue;
            };
            let what = format!("link to {name}");
            let (opened, failed) = dials(seen);
            match (opened, failed) {
                (1.., None) => {
                    let found = format!(
                        "the API goes through it: it saw {}",
                        count(opened, "connection")
                    );
                    checkup.fine(what, found);
                }
                (1.., Some(why)) => checkup.environment(
                    what,
                    format!("the API dialled, and the link could not pass it on: {why}"),
                    "correct where the link leads to, or start what listens there",
                ),
                (0, _) if is_own_api => checkup.configuration(
                    what,
                    "no connection came through it, neither when the API started nor for its requests",
                    remedy(backend),
                ),
                (0, _) => checkup.notice(
                    what,
                    format!(
                        "no connection was opened through it during these requests. If the API has kept one open since before, \
                         restart the API and look again; otherwise {}",
                        remedy(backend)
                    ),
                ),
            }
        }
    }
}

/// The connections that were opened, and why the last dial failed if none got through.
fn dials(mut seen: Observations) -> (u64, Option<String>) {
    let (mut opened, mut failures, mut last) = (0, 0, None);
    while let Some(observation) = seen.try_recv() {
        match observation {
            Observation::Link(Sight::Opened { .. }) => opened += 1,
            Observation::Link(Sight::Counted { opened: more, .. }) => opened += more,
            Observation::Link(Sight::Failed { reason, .. }) => {
                failures += 1;
                last = Some(reason);
            }
            _ => {}
        }
    }
    (opened, last.filter(|_| failures == opened))
}

/// How the API is pointed at the link.
fn remedy(backend: &Backend) -> String {
    let name = &backend.name;
    match backend.driver.link() {
        Some(Subject::StartedLink { paths }) => {
            let listens: Vec<&str> = paths.iter().map(|(listen, _)| listen.as_str()).collect();
            let listens = listens.join(" and ");
            format!(
                "point the API at {listens} instead of at {name} itself (its settings or environment)"
            )
        }
        _ => format!("point the API at where this link listens instead of at {name} itself"),
    }
}
