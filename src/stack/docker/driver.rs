//! The driver of a container.

use std::time::SystemTime;

use async_trait::async_trait;
use bollard::models::ContainerInspectResponse;
use tokio::task::spawn_blocking;

use super::container::{Condition, Container};
use super::exec::{self, Beginnings};
use super::network::Attachment;
use super::observer::Observer;
use super::ports::PublishedPorts;
use super::refusal::{losses, refusal};
use super::selector::list;
use super::{Engine, Selector, network, stop_signal, usage};
use crate::model::Act;
use crate::stack::{Driver, DriverError, Lease, Observations, ServiceState, Subject, Usage, feed};

/// Drives and observes one container that somebody else has created and started.
///
/// It only ever touches this container, and not a new one with the same name.
#[derive(Debug)]
pub struct DockerDriver {
    container: Container,
    /// The engine's address.
    engine: String,
    /// The signal that asks it to end.
    stop_signal: String,
    has_log: bool,
    /// The networks that it was on when it was found.
    networks: Vec<Attachment>,
    /// Where its ports were published when it was found.
    ports: PublishedPorts,
    beginnings: Beginnings,
    lease: Lease,
    /// Why it must not be faulted; `None` if it may.
    irreversible: Option<DriverError>,
    /// What a restart loses.
    losses: Vec<String>,
}

impl DockerDriver {
    /// Finds the running container of a service. `service` is the service's name in the
    /// configuration.
    ///
    /// # Errors
    /// [`DriverError::Missing`] when there is no such container, more than one, or it does not run;
    /// [`DriverError::Irreversible`] when it could not be brought back as it is.
    pub async fn find(
        engine: &Engine,
        service: &str,
        selector: &Selector,
    ) -> Result<Self, DriverError> {
        let (container, found) = selector.find(engine, service).await?;
        let driver = Self::of(engine, container, &found).await?;
        driver.may_be_harmed()?;
        selector.must_run(&driver.container, &found)?;
        Ok(driver)
    }

    /// Finds the container of a service, running or not. Undoing its lease will start it.
    ///
    /// # Errors
    /// [`DriverError::Missing`] when there is no such container, or more than one;
    /// [`DriverError::Irreversible`] when it could not be brought back as it is.
    pub async fn find_in_any_state(
        engine: &Engine,
        service: &str,
        selector: &Selector,
    ) -> Result<Self, DriverError> {
        let driver = Self::find_to_observe(engine, service, selector).await?;
        driver.may_be_harmed()?;
        Ok(driver)
    }

    /// Finds the container of a service, running or not, for observation. The driver refuses every
    /// act if the container could not be brought back.
    ///
    /// # Errors
    /// [`DriverError::Missing`] when there is no such container, or more than one.
    pub async fn find_to_observe(
        engine: &Engine,
        service: &str,
        selector: &Selector,
    ) -> Result<Self, DriverError> {
        let (container, found) = selector.find(engine, service).await?;
        Self::of(engine, container, &found).await
    }

    async fn of(
        engine: &Engine,
        container: Container,
        found: &ContainerInspectResponse,
    ) -> Result<Self, DriverError> {
        let others = list(engine).await;
        let others = others.map_err(|message| container.failed("list containers", message))?;
        let irreversible = refusal(found, &others).map(|why| DriverError::Irreversible {
            service: container.service.clone(),
            message: format!(
                "comeback refuses to fault the container `{}`: {why}",
                container.name
            ),
        });
        let networks = Attachment::all(found);
        let journalled = networks.iter().map(serde_json::to_value);
        let lease = Lease::Container {
            engine: engine.address().to_owned(),
            id: container.id.clone(),
            name: container.name.clone(),
            networks: journalled
                .collect::<Result<_, _>>()
                .map_err(|error| container.failed("describe its networks", error))?,
        };
        Ok(DockerDriver {
            engine: engine.address().to_owned(),
            stop_signal: stop_signal::of(found),
            has_log: has_log(found),
            ports: PublishedPorts::of(found),
            networks,
            beginnings: Beginnings::default(),
            lease,
            irreversible,
            losses: losses(found),
            container,
        })
    }

    /// What a stop and a start lose, each in one sentence.
    pub fn losses(&self) -> &[String] {
        &self.losses
    }

    fn may_be_harmed(&self) -> Result<(), DriverError> {
        self.irreversible.clone().map_or(Ok(()), Err)
    }

    /// Checks that the engine lets us act on the container, by a request that changes nothing: to
    /// start it although it is running.
    ///
    /// # Errors
    /// When the engine refuses, as a read-only proxy for its socket does.
    pub async fn may_act(&self) -> Result<(), DriverError> {
        self.container.start_in_vain().await
    }

    /// Checks that the service is still published at the same ports.
    async fn check_ports(&self, act: Act) -> Result<(), DriverError> {
        let now = PublishedPorts::of(&self.container.inspect().await?);
        match self.ports.moved(&now) {
            Some(moved) => Err(self.container.failed(act, moved)),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Driver for DockerDriver {
    async fn act(&self, act: Act) -> Result<(), DriverError> {
        let container = &self.container;
        self.may_be_harmed()?;
        match act {
            Act::Stop { .. } => container.stop(&self.stop_signal, act.grace()).await,
            Act::Kill => container.bring(Condition::Killed).await,
            Act::Pause => {
                let freeze = container.bring(Condition::Frozen);
                self.beginnings.none_during(freeze).await
            }
            Act::Unpause => container.bring(Condition::Thawed).await,
            Act::Start => {
                container.bring(Condition::Started).await?;
                self.check_ports(act).await
            }
            Act::Disturb(_) | Act::Lift => Err(DriverError::unsupported(&container.service, act)),
            Act::Cut | Act::Join if !self.supports(act) => {
                Err(DriverError::unsupported(&container.service, act))
            }
            Act::Cut => network::cut(container).await,
            Act::Join => {
                network::join(container, &self.networks).await?;
                // A stopped container publishes nothing. Its start will check the ports.
                match self.state().await? {
                    ServiceState::Stopped => Ok(()),
                    ServiceState::Running | ServiceState::Paused => self.check_ports(act).await,
                }
            }
        }
    }

    async fn state(&self) -> Result<ServiceState, DriverError> {
        Ok(self.container.status().await?.into())
    }

    /// All acts are supported, except cutting off a container that uses the network of the host or
    /// of another container.
    fn supports(&self, act: Act) -> bool {
        match act {
            Act::Cut | Act::Join => !self.networks.is_empty(),
            Act::Start | Act::Stop { .. } | Act::Kill | Act::Pause | Act::Unpause => true,
            Act::Disturb(_) | Act::Lift => false,
        }
    }

    fn lease(&self) -> Option<Lease> {
        Some(self.lease.clone())
    }

    /// Ids are random and long, so they are unique across engines.
    fn identity(&self) -> Option<String> {
        Some(format!("container {}", self.container.id))
    }

    fn outlives_us(&self) -> bool {
        true
    }

    /// "From now on" compares this machine's clock with the engine's timestamps, so the clock of a
    /// remote engine should agree.
    fn observe(&self) -> Observations {
        let (sender, receiver) = feed();
        let observer = Observer::new(
            self.container.clone(),
            self.has_log,
            SystemTime::now(),
            sender,
        );
        tokio::spawn(observer.run());
        receiver
    }

    async fn exec(&self, command: &[String]) -> Result<(bool, String), DriverError> {
        exec::run(&self.container, &self.beginnings, command).await
    }

    async fn usage(&self) -> Result<Option<Usage>, DriverError> {
        usage::of(&self.container).await
    }

    fn subject(&self) -> Subject {
        Subject::Docker {
            engine: self.engine.clone(),
            id: self.container.id.clone(),
            name: self.container.name.clone(),
        }
    }

    async fn leader(&self) -> Option<u32> {
        usage::leader(&self.container).await
    }

    async fn ignores_stop(&self) -> bool {
        let Ok(Some(found)) = self.container.look().await else {
            return false;
        };
        let signal = self.stop_signal.clone();
        let asked = spawn_blocking(move || stop_signal::is_ignored(&found, &signal));
        asked.await.unwrap_or(false)
    }

    /// Does nothing: the container was already running, and keeps running.
    async fn release(&self) -> Result<(), DriverError> {
        Ok(())
    }
}

/// Whether the engine keeps the container's output.
fn has_log(found: &ContainerInspectResponse) -> bool {
    let log = found
        .host_config
        .as_ref()
        .and_then(|c| c.log_config.as_ref());
    log.and_then(|log| log.typ.as_deref()) != Some("none")
}
