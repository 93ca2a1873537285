//! One simulated service: a future in place of a process.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::freezer::Freezer;
use super::network::{Door, Place};
use crate::app::{Log, Meter};
use crate::model::Act;
use crate::stack::process::Observers;
use crate::stack::{
    Driver, DriverError, Lease, Observation, Observations, ServiceState, Subject, Usage,
};

/// How long a service takes from its start until it listens. Until then it refuses connections, as
/// a starting process does; the demo's own processes take a few milliseconds.
const STARTUP: Duration = Duration::from_millis(5);

/// How long an act takes.
const ACT_TAKES: Duration = Duration::from_millis(1);

/// The exit code of a service that was killed: 128 and the number of the signal.
const KILLED: i64 = 137;

/// The memory and the descriptors that a service always holds. Only the growth beyond them is
/// measured.
const OWN_BYTES: u64 = 4 << 20;
const OWN_FDS: u64 = 10;

/// A running service, until it ends by itself with an exit code.
pub(super) type Serving = Pin<Box<dyn Future<Output = i64> + Send>>;

/// What a service does from the moment that it listens.
pub(super) type Serve = Arc<dyn Fn(Door, Start) -> Serving + Send + Sync>;

/// One start of a service.
#[derive(Debug, Clone)]
pub(super) struct Start {
    /// Its number, from 1.
    pub nth: u64,
    /// Where its log lines go.
    pub log: Log,
    /// Where its resource usage is counted.
    pub meter: Meter,
}

/// Drives one simulated service. It must be used within one tokio runtime, whose clock it uses.
pub(super) struct SimulatedService {
    name: &'static str,
    place: Place,
    serve: Serve,
    observers: Observers,
    last: Mutex<Last>,
}

/// The latest start of a service.
#[derive(Debug, Default)]
struct Last {
    nth: u64,
    /// Its task, until it is ended.
    task: Option<JoinHandle<()>>,
    freezer: Freezer,
    meter: Meter,
}

impl SimulatedService {
    /// A service that is not running yet.
    pub fn new(name: &'static str, place: Place, serve: Serve) -> Self {
        SimulatedService {
            name,
            place,
            serve,
            observers: Observers::default(),
            last: Mutex::default(),
        }
    }

    fn start(&self) {
        let mut last = self.last();
        if last.is_running() {
            return;
        }
        last.nth += 1;
        last.freezer = Freezer::default();
        last.meter = Meter::default();
        self.observers.tell(&Observation::Started {
            identity: last.nth.to_string(),
            source_at: None,
        });
        let (observers, freezer) = (self.observers.clone(), last.freezer.clone());
        let run = self.run(last.nth, last.meter.clone());
        last.task = Some(tokio::spawn(async move {
            let code = freezer.run(run).await;
            observers.tell(&exited(code));
        }));
    }

    fn run(&self, nth: u64, meter: Meter) -> impl Future<Output = i64> + Send + use<> {
        let (place, serve) = (self.place.clone(), Arc::clone(&self.serve));
        let observers = self.observers.clone();
        let log = Log::new(move |line| {
            observers.tell(&Observation::Log {
                line: line.to_owned(),
                source_at: None,
            });
        });
        async move {
            sleep(STARTUP).await;
            let door = place.listen();
            log.line("listening");
            serve(door, Start { nth, log, meter }).await
        }
    }

    /// Ends it at once; its connections break.
    async fn end(&self, code: i64) {
        let task = {
            let mut last = self.last();
            last.freezer.freeze(false);
            last.task.take()
        };
        if let Some(task) = task {
            task.abort();
            // An error means that it was aborted here. A service that ended by itself has reported
            // that.
            if task.await.is_err() {
                self.observers.tell(&exited(code));
            }
        }
    }

    fn freeze(&self, frozen: bool) {
        let last = self.last();
        if last.is_running() && last.freezer.is_frozen() != frozen {
            last.freezer.freeze(frozen);
            self.observers.tell(&Observation::Paused(frozen));
        }
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        // No change of the state can panic half-way.
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, act: &str, message: &str) -> DriverError {
        DriverError::Act {
            service: self.name.to_owned(),
            act: act.to_owned(),
            message: message.to_owned(),
        }
    }
}

impl Last {
    fn is_running(&self) -> bool {
        self.task.as_ref().is_some_and(|task| !task.is_finished())
    }
}

#[async_trait]
impl Driver for SimulatedService {
    async fn act(&self, act: Act) -> Result<(), DriverError> {
        match act {
            Act::Start => self.start(),
            Act::Kill => self.end(KILLED).await,
            // The demo's services end at once when they are asked to, with exit code 0.
            Act::Stop { .. } => self.end(0).await,
            Act::Pause if !self.last().is_running() => {
                return Err(self.failed("pause", "it is not running"));
            }
            Act::Pause => self.freeze(true),
            Act::Unpause => self.freeze(false),
            Act::Cut => self.place.cut(true),
            Act::Join => self.place.cut(false),
            Act::Disturb(_) | Act::Lift => {
                return Err(self.failed(&act.to_string(), "it has no link"));
            }
        }
        sleep(ACT_TAKES).await;
        Ok(())
    }

    async fn state(&self) -> Result<ServiceState, DriverError> {
        let last = self.last();
        Ok(match (last.is_running(), last.freezer.is_frozen()) {
            (false, _) => ServiceState::Stopped,
            (true, true) => ServiceState::Paused,
            (true, false) => ServiceState::Running,
        })
    }

    fn supports(&self, act: Act) -> bool {
        !act.is_of_link()
    }

    /// It ends with this process at the latest.
    fn lease(&self) -> Option<Lease> {
        None
    }

    fn outlives_us(&self) -> bool {
        false
    }

    fn observe(&self) -> Observations {
        self.observers.subscribe()
    }

    async fn exec(&self, _command: &[String]) -> Result<(bool, String), DriverError> {
        Err(self.failed("run a command", "a simulated service runs none"))
    }

    async fn usage(&self) -> Result<Option<Usage>, DriverError> {
        let last = self.last();
        Ok(last.is_running().then(|| Usage {
            identity: last.nth.to_string(),
            cpu: last.meter.busy(),
            memory_bytes: Some(OWN_BYTES + last.meter.bytes()),
            fds: Some(OWN_FDS + last.meter.streams()),
            threads: Some(1),
        }))
    }

    fn subject(&self) -> Subject {
        Subject::Simulated
    }

    async fn release(&self) -> Result<(), DriverError> {
        self.act(Act::Kill).await
    }
}

fn exited(code: i64) -> Observation {
    Observation::Exited {
        code: Some(code),
        oom: false,
        source_at: None,
    }
}
