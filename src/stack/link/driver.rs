//! A backend whose connections lead through a link.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::LinkSource;
use super::link_process::LinkProcess;
use crate::link::{LinkControl, LinkSights};
use crate::model::Act;
use crate::stack::process::Observers;
use crate::stack::{
    Driver, DriverError, Lease, Observation, Observations, ServiceState, Subject, Usage, feed,
};

/// How long a link may take to hand over its lease: a run that was just killed has it for some
/// milliseconds more.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// How long to wait for the last words of a link that is gone.
const LAST_WORDS_WITHIN: Duration = Duration::from_secs(1);

/// A backend's driver, and the link to this backend.
pub struct LinkedDriver {
    backend: Box<dyn Driver>,
    service: String,
    source: LinkSource,
    /// The link, once it is up. Held for the length of an act on it, so that acts don't mix.
    up: Mutex<Option<Up>>,
    observers: Observers,
}

/// A link that is up.
struct Up {
    control: LinkControl,
    process: Option<Arc<Mutex<LinkProcess>>>,
    /// Passes on what the link sees. Ends with this.
    watch: JoinSet<()>,
}

impl Up {
    /// Gives the lease back, and ends a link that comeback started. Nobody is told that it ends: it
    /// is meant to.
    async fn end(self) {
        let Up {
            control,
            process,
            mut watch,
        } = self;
        // It has a share in the process.
        watch.shutdown().await;
        drop(control);
        if let Some(process) = process.and_then(Arc::into_inner) {
            process.into_inner().end().await;
        }
    }
}

impl LinkedDriver {
    /// A backend with this name, which another driver drives, and the link to it.
    pub fn new(service: &str, backend: Box<dyn Driver>, source: LinkSource) -> Self {
        LinkedDriver {
            backend,
            service: service.to_owned(),
            source,
            up: Mutex::new(None),
            observers: Observers::default(),
        }
    }

    /// Brings the link up, unless it is.
    async fn bring_up(&self) -> Result<(), DriverError> {
        let mut up = self.up.lock().await;
        if up.as_ref().is_some_and(|up| !up.control.is_gone()) {
            return Ok(());
        }
        if let Some(old) = up.take() {
            old.end().await;
        }
        let missing = |why: String| {
            DriverError::missing(&self.service, format!("its link does not work: {why}"))
        };
        let (process, address) = match &self.source {
            LinkSource::Running(address) => (None, address.clone()),
            LinkSource::Started { program, paths } => {
                let started = LinkProcess::start(program, paths).await;
                let (process, address) = started.map_err(missing)?;
                (Some(Arc::new(Mutex::new(process))), address)
            }
        };
        let connected = LinkControl::connect(&address, CONNECT_WITHIN).await;
        let (control, sights) = connected.map_err(|error| missing(error.to_string()))?;
        let watch = watch(sights, process.clone(), self.observers.clone());
        *up = Some(Up {
            control,
            process,
            watch: JoinSet::from_iter([watch]),
        });
        Ok(())
    }

    /// Does an act of the link.
    async fn disturb(&self, act: Act) -> Result<(), DriverError> {
        let is_first = self.up.lock().await.is_none();
        if is_first && act.is_harm() {
            self.bring_up().await?;
        }
        let up = self.up.lock().await;
        let failed = |why: String| DriverError::failed(&self.service, act, why);
        match (&*up, act) {
            (Some(up), Act::Disturb(fault)) => {
                let done = up.control.fault(fault).await;
                done.map_err(|error| failed(error.to_string()))
            }
            // A link that lost its controller forwards plainly.
            (Some(up), _) if !up.control.is_gone() => {
                let done = up.control.lift().await;
                done.map_err(|error| failed(error.to_string()))
            }
            _ => Ok(()),
        }
    }
}

/// Passes on what a link sees, and that it is gone.
async fn watch(
    mut sights: LinkSights,
    process: Option<Arc<Mutex<LinkProcess>>>,
    observers: Observers,
) {
    while let Some(sight) = sights.next().await {
        observers.tell(&Observation::Link(sight));
    }
    let words = match process {
        Some(process) => {
            let words = async { process.lock().await.last_words().await };
            let words = timeout(LAST_WORDS_WITHIN, words).await;
            words.map_or(String::new(), |words| format!(" ({words})"))
        }
        None => String::new(),
    };
    let lost = format!("the link ended, or the connection to it broke{words}");
    observers.tell(&Observation::Lost(lost));
}

#[async_trait]
impl Driver for LinkedDriver {
    /// A link that runs already forwards whether it is controlled or not, and another command may
    /// have its lease.
    async fn prepare(&self) -> Result<(), DriverError> {
        if let LinkSource::Started { .. } = self.source {
            self.bring_up().await?;
        }
        self.backend.prepare().await
    }

    async fn act(&self, act: Act) -> Result<(), DriverError> {
        if act.is_of_link() {
            return self.disturb(act).await;
        }
        if act == Act::Start {
            self.bring_up().await?;
        }
        self.backend.act(act).await
    }

    async fn state(&self) -> Result<ServiceState, DriverError> {
        self.backend.state().await
    }

    fn supports(&self, act: Act) -> bool {
        act.is_of_link() || self.backend.supports(act)
    }

    /// That of the backend: the link undoes its own harm.
    fn lease(&self) -> Option<Lease> {
        self.backend.lease()
    }

    fn ended_by_itself(&self) -> Option<String> {
        self.backend.ended_by_itself()
    }

    fn identity(&self) -> Option<String> {
        self.backend.identity()
    }

    fn outlives_us(&self) -> bool {
        self.backend.outlives_us()
    }

    fn observe(&self) -> Observations {
        let (feed, both) = feed();
        let mut link = self.observers.subscribe();
        let mut backend = self.backend.observe();
        tokio::spawn(async move {
            loop {
                let seen = tokio::select! {
                    biased;
                    () = feed.closed() => return,
                    seen = backend.recv() => seen,
                    seen = link.recv() => seen,
                };
                let Some(seen) = seen else { return };
                if !feed.send(seen) {
                    return;
                }
            }
        });
        both
    }

    async fn exec(&self, command: &[String]) -> Result<(bool, String), DriverError> {
        self.backend.exec(command).await
    }

    async fn usage(&self) -> Result<Option<Usage>, DriverError> {
        self.backend.usage().await
    }

    fn subject(&self) -> Subject {
        self.backend.subject()
    }

    fn link(&self) -> Option<Subject> {
        let written = |address: &dyn ToString| address.to_string();
        Some(match &self.source {
            LinkSource::Started { paths, .. } => {
                let paths = paths.iter();
                Subject::StartedLink {
                    paths: paths
                        .map(|(listen, to)| (written(listen), written(to)))
                        .collect(),
                }
            }
            LinkSource::Running(control) => Subject::RunningLink {
                control: written(control),
            },
        })
    }

    async fn take_link(&self) -> Result<(), DriverError> {
        self.bring_up().await
    }

    async fn leader(&self) -> Option<u32> {
        self.backend.leader().await
    }

    async fn ignores_stop(&self) -> bool {
        self.backend.ignores_stop().await
    }

    async fn release(&self) -> Result<(), DriverError> {
        let released = self.backend.release().await;
        if let Some(up) = self.up.lock().await.take() {
            up.end().await;
        }
        released
    }
}
