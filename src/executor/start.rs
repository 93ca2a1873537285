//! The start of a stack, in order: backends first, each after those that it depends on are ready,
//! and then the API.
//!
//! Most APIs connect to their backends when they start, and exit if that fails. So every verb,
//! every reset and `LiveStack` start a stack here.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::Executor;
use crate::load::HttpRequest;
use crate::model::{API, Act, duration, duration_s};
use crate::nemesis::{NemesisError, do_act};
use crate::observe::until_ready;
use crate::stack::{Backend, Driver, DriverError, ServiceState, backoff};

/// The time between two checks whether a started service has ended.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How often a wait is shown again.
const SHOW_EVERY: Duration = Duration::from_millis(500);

/// How long to try a connection that tells whether an address is taken.
const CONNECT_WITHIN: Duration = Duration::from_millis(500);

/// How long a service may take to notice that its address was taken, and to end.
const NOTICE_WITHIN: Duration = Duration::from_secs(10);

/// How long a request may be retried on a stack that was running before.
const STANDING: Duration = Duration::from_secs(10);

/// Is told of every wait that takes a while, such as "waiting for backend db: 17 s of at most 2
/// min".
pub type OnWait<'a> = dyn Fn(&str) + Sync + 'a;

impl Executor {
    /// Starts every service that does not run, in order.
    ///
    /// # Errors
    /// When a service cannot be started, ends at once, or a backend is not ready in time.
    pub async fn bring_up(&self, on_wait: &OnWait<'_>) -> Result<(), NemesisError> {
        self.bring_up_where(|_| true, on_wait).await
    }

    /// As [`Executor::bring_up`], only for the services that end with this process. All others are
    /// left as they are, and not waited for.
    ///
    /// # Errors
    /// As for [`Executor::bring_up`].
    pub async fn bring_up_own(&self, on_wait: &OnWait<'_>) -> Result<(), NemesisError> {
        self.bring_up_where(|driver| !driver.outlives_us(), on_wait)
            .await
    }

    /// Waits until the API answers anything at all.
    ///
    /// # Errors
    /// When it exits before, or does not answer within `[trial] api-ready-within`.
    pub async fn until_api_answers(&self, on_wait: &OnWait<'_>) -> Result<(), NemesisError> {
        let limit = self.settings.api_ready_within;
        let answers = async {
            let began = Instant::now();
            loop {
                let asked = Instant::now();
                let answer = self.transport.exchange(HttpRequest::get("/")).await;
                if answer.is_ok() {
                    break;
                }
                let most = self.settings.probe_every;
                sleep(backoff::pause(began.elapsed(), asked.elapsed(), most)).await;
            }
        };
        let ended = async {
            match &self.stack.api {
                Some(api) => ended_by_itself(&**api).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            words = ended => Err(cannot_start(API, format!("it {words}"))),
            answered = timeout(limit, shown(on_wait, "the API", limit, answers)) => answered.map_err(|_| {
                let limit = duration(limit);
                cannot_start(API, format!(
                    "it does not serve within {limit}; its log may say why, or allow more by `[trial] api-ready-within`"
                ))
            }),
        }
    }

    /// Until when a failed request may be retried because the stack is starting: `[trial]
    /// api-ready-within` if comeback has started a service, otherwise a few seconds.
    pub fn settled_by(&self) -> Instant {
        let is_own = self
            .stack
            .services()
            .any(|(_, driver)| !driver.outlives_us());
        let limit = self.settings.api_ready_within;
        Instant::now() + if is_own { limit } else { limit.min(STANDING) }
    }

    /// The services that [`Executor::bring_up_own`] would start although something already listens
    /// at their address, each with that address. If such a service lives on nevertheless, nobody
    /// knows who answers there.
    pub async fn taken_of_own(&self) -> Vec<(&str, String)> {
        self.taken(&|driver| !driver.outlives_us()).await
    }

    /// Brings up the links that comeback starts, whatever already runs of the stack.
    ///
    /// # Errors
    /// When a link cannot be started.
    pub async fn prepare(&self) -> Result<(), NemesisError> {
        for backend in &self.stack.backends {
            backend.driver.prepare().await?;
        }
        Ok(())
    }

    async fn bring_up_where(
        &self,
        is_meant: impl Fn(&dyn Driver) -> bool,
        on_wait: &OnWait<'_>,
    ) -> Result<(), NemesisError> {
        let taken = self.taken(&is_meant).await;
        self.prepare().await?;
        self.start_backends(&is_meant, true, on_wait).await?;
        if let Some(api) = self.stack.api.as_deref().filter(|api| is_meant(*api)) {
            do_act(API, api, Act::Start, &self.journal).await?;
        }
        let notices = taken
            .into_iter()
            .map(|(name, address)| self.notice(name, address));
        try_join_all(notices).await?;
        Ok(())
    }

    /// Starts the backends in order, and waits for each. `is_strict` says whether a backend that is
    /// not ready in time is an error; if not, the next user of the stack finds that out.
    pub(super) async fn start_backends(
        &self,
        is_meant: &impl Fn(&dyn Driver) -> bool,
        is_strict: bool,
        on_wait: &OnWait<'_>,
    ) -> Result<(), NemesisError> {
        let mut started = BTreeSet::new();
        loop {
            let is_next = |backend: &&Backend| {
                let is_free = backend.after.iter().all(|name| started.contains(name));
                is_free && !started.contains(&backend.name)
            };
            let next: Vec<&Backend> = self.stack.backends.iter().filter(is_next).collect();
            if next.is_empty() {
                // The configuration has no cycles, so all are started.
                return Ok(());
            }
            started.extend(next.iter().map(|backend| backend.name.clone()));
            let meant = next
                .into_iter()
                .filter(|backend| is_meant(&*backend.driver));
            let ups = meant.map(|backend| self.start_backend(backend, is_strict, on_wait));
            // Wait for all: one that fails must not leave another half started.
            join_all(ups).await.into_iter().collect::<Result<(), _>>()?;
        }
    }

    async fn start_backend(
        &self,
        backend: &Backend,
        is_strict: bool,
        on_wait: &OnWait<'_>,
    ) -> Result<(), NemesisError> {
        do_act(&backend.name, &*backend.driver, Act::Start, &self.journal).await?;
        match self.until_backend_ready(backend, on_wait).await {
            Err(error) if is_strict => Err(error),
            _ => Ok(()),
        }
    }

    /// Waits until a backend is ready.
    async fn until_backend_ready(
        &self,
        backend: &Backend,
        on_wait: &OnWait<'_>,
    ) -> Result<(), NemesisError> {
        let limit = self.settings.ready_within;
        let name = format!("backend {}", backend.name);
        let refusal = std::sync::Mutex::new("it was not even asked".to_owned());
        let keep = |why: &str| {
            let mut refusal = refusal
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            why.clone_into(&mut refusal);
        };
        tokio::select! {
            biased;
            words = ended_by_itself(&*backend.driver) => {
                return Err(cannot_start(&backend.name, format!("it {words}")));
            }
            ready = timeout(limit, shown(on_wait, &name, limit, until_ready(backend, keep))) => if ready.is_ok() {
                return Ok(());
            }
        }
        let refusal = refusal
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let limit = duration(limit);
        Err(cannot_start(
            &backend.name,
            format!(
                "the backend {} was not ready within {limit}: {refusal}; mend it, or allow more by `[trial] ready-within`",
                backend.name
            ),
        ))
    }

    /// The services that are about to be started although something already listens at their
    /// address.
    async fn taken(&self, is_meant: &impl Fn(&dyn Driver) -> bool) -> Vec<(&str, String)> {
        let backends = self.stack.backends.iter();
        let backends = backends.map(|b| (b.name.as_str(), &*b.driver, b.probe.address()));
        let api = self.stack.api.as_deref();
        let api = api.map(|api| (API, api, self.transport.address()));
        let mut taken = Vec::new();
        for (name, driver, address) in backends.chain(api) {
            let (Some(address), true) = (address, is_meant(driver) && !driver.outlives_us()) else {
                continue;
            };
            let is_down = matches!(driver.state().await, Ok(ServiceState::Stopped));
            let connected = timeout(CONNECT_WITHIN, TcpStream::connect(&address)).await;
            if is_down && matches!(connected, Ok(Ok(_))) {
                taken.push((name, address));
            }
        }
        taken
    }

    /// Waits a while whether a service ends because its address was taken. Its probe proves nothing
    /// then: a stranger answers it.
    async fn notice(&self, name: &str, address: String) -> Result<(), NemesisError> {
        let mut services = self.stack.services();
        let Some((_, driver)) = services.find(|(service, _)| *service == name) else {
            return Ok(());
        };
        match timeout(NOTICE_WITHIN, ended_by_itself(driver)).await {
            Ok(words) => Err(cannot_start(
                name,
                format!(
                    "{address} was taken before by something that comeback did not start; end that, or choose another port: it {words}"
                ),
            )),
            Err(_) => Ok(()),
        }
    }
}

/// Waits for something, and says so again and again: what is waited for, how long already, and how
/// long at most.
async fn shown<T>(
    on_wait: &OnWait<'_>,
    what: &str,
    limit: Duration,
    until: impl Future<Output = T>,
) -> T {
    let began = Instant::now();
    let limit = duration(limit);
    let again = async {
        loop {
            sleep(SHOW_EVERY).await;
            let waited = duration_s(began.elapsed().as_secs());
            on_wait(&format!("waiting for {what}: {waited} of at most {limit}"));
        }
    };
    tokio::select! {
        biased;
        done = until => done,
        never = again => match never {},
    }
}

/// Waits until a started service has ended by itself, and returns how.
pub(super) async fn ended_by_itself(driver: &dyn Driver) -> String {
    loop {
        if let Some(words) = driver.ended_by_itself() {
            return words;
        }
        sleep(LOOK_EVERY).await;
    }
}

fn cannot_start(service: &str, message: String) -> NemesisError {
    NemesisError::Driver(DriverError::Act {
        service: service.to_owned(),
        act: "start".to_owned(),
        message,
    })
}
