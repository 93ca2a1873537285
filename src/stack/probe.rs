//! Readiness probes that work with every driver: a TCP connection, a command, a log line.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use regex::Regex;
use tokio::net::TcpStream;

use super::{Driver, Observation, Observations, Probe, ServiceState};

/// Ready when a TCP connection to `address` succeeds. Weak evidence: Docker's proxy accepts before
/// the program listens.
#[derive(Debug)]
pub struct TcpProbe {
    /// `host:port`.
    pub address: String,
}

#[async_trait]
impl Probe for TcpProbe {
    async fn ready(&self, _driver: &dyn Driver) -> Result<(), String> {
        TcpStream::connect(&self.address)
            .await
            .map(drop)
            .map_err(|e| e.to_string())
    }

    fn means(&self) -> String {
        format!("a TCP connection to {}", self.address)
    }

    fn address(&self) -> Option<String> {
        Some(self.address.clone())
    }
}

/// Ready when a command succeeds where the service runs.
#[derive(Debug)]
pub struct ExecProbe {
    /// The command and its arguments.
    pub command: Vec<String>,
}

#[async_trait]
impl Probe for ExecProbe {
    async fn ready(&self, driver: &dyn Driver) -> Result<(), String> {
        match driver.exec(&self.command).await {
            Ok((true, _)) => Ok(()),
            Ok((false, output)) if output.trim().is_empty() => Err("the command failed".to_owned()),
            Ok((false, output)) => Err(output.trim().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn means(&self) -> String {
        format!("`{}`, run where the service runs", self.command.join(" "))
    }
}

/// Ready when the service has logged a matching line since its last start. A service that was
/// already running counts as ready until it is restarted, because its earlier log is unknown.
#[derive(Debug)]
pub struct LogProbe {
    pattern: Regex,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    observations: Observations,
    /// Whether the line was seen since the last start; `None` before the first observed start.
    line: Option<bool>,
}

impl LogProbe {
    /// Searches a driver's observations for a pattern from now on.
    ///
    /// # Errors
    /// When the pattern is not a regular expression.
    pub fn new(pattern: &str, observations: Observations) -> Result<Self, regex::Error> {
        let seen = Mutex::new(Seen {
            observations,
            line: None,
        });
        Ok(LogProbe {
            pattern: Regex::new(pattern)?,
            seen,
        })
    }
}

#[async_trait]
impl Probe for LogProbe {
    async fn ready(&self, driver: &dyn Driver) -> Result<(), String> {
        let state = driver.state().await.map_err(|error| error.to_string())?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(observation) = seen.observations.try_recv() {
            match observation {
                Observation::Started { .. } | Observation::Exited { .. } => seen.line = Some(false),
                Observation::Log { line, .. } if self.pattern.is_match(&line) => {
                    seen.line = Some(true);
                }
                _ => {}
            }
        }
        match (state, seen.line) {
            (ServiceState::Running, None | Some(true)) => Ok(()),
            (ServiceState::Running, Some(false)) => Err("the line was not logged yet".to_owned()),
            (ServiceState::Paused, _) => Err("the service is frozen".to_owned()),
            (ServiceState::Stopped, _) => Err("the service is not running".to_owned()),
        }
    }

    fn means(&self) -> String {
        format!("a log line that matches `{}`", self.pattern)
    }
}
