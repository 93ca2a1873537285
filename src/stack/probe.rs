//! Readiness probes that every driver can serve: a TCP connect, and a command that succeeds.

use async_trait::async_trait;
use tokio::net::TcpStream;

use super::{Driver, Probe};

/// Ready when a TCP connect to `address` succeeds. That is weak evidence: Docker's proxy accepts before the program listens.
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
}

/// Ready when a command, run where the service runs, succeeds.
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
}
