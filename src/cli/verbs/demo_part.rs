//! `comeback demo-part`: one of the demo's two services, as the demo stack and a container start
//! it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Subcommand};
use tokio::time::timeout;

use crate::app::backend::BackendSettings;
use crate::app::tcp::{TcpNetwork, TcpPort};
use crate::app::{Host, Log, Meter, Network, Variant, api, backend, health};
use crate::assembly::Signals;
use crate::cli::kit::{Exit, stream};
use crate::model::ceiling;

/// How long `health` waits for an answer.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(2);

/// Serve one part of the demo.
#[derive(Debug, Args)]
pub struct DemoPart {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Serve the API.
    Api {
        /// Where to listen, as HOST:PORT.
        #[arg(long)]
        listen: String,
        /// Where the backend listens, as HOST:PORT.
        #[arg(long)]
        backend: String,
        /// The variant.
        #[arg(long, default_value_t = Variant::Healthy)]
        variant: Variant,
        /// What jitter, and whatever fails only sometimes, is drawn from. [default: the process id]
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Serve the backend.
    Backend {
        /// Where to listen, as HOST:PORT.
        #[arg(long)]
        listen: String,
        /// How long to accept connections before serving.
        #[arg(long, default_value = "100ms", value_parser = ceiling::duration)]
        boot: Duration,
    },
    /// Succeed if the backend is ready.
    Health {
        /// Where the backend listens, as HOST:PORT.
        address: String,
    },
}

impl DemoPart {
    /// Serves until it is asked to end, or asks once.
    ///
    /// # Errors
    /// When it cannot listen where it should.
    pub async fn run(self) -> anyhow::Result<Exit> {
        match self.part {
            Part::Api {
                listen,
                backend,
                variant,
                seed,
            } => {
                let port = bind(&listen).await?;
                let network = Arc::new(TcpNetwork { address: backend });
                let host = Host {
                    log: stdout(),
                    meter: Meter::default(),
                    seed: seed.unwrap_or_else(|| std::process::id().into()),
                };
                let serve = async {
                    let crash = api::serve(port, network, variant.settings(), host).await;
                    stream::say(&crash.to_string());
                    Exit::Violated
                };
                until_asked_to_end(serve).await
            }
            Part::Backend { listen, boot } => {
                let port = bind(&listen).await?;
                let settings = BackendSettings {
                    boot,
                    ..BackendSettings::default()
                };
                let serve = async {
                    backend::serve(port, settings, stdout()).await;
                    Exit::Success
                };
                until_asked_to_end(serve).await
            }
            Part::Health { address } => Ok(ask(address).await),
        }
    }
}

async fn bind(address: &str) -> anyhow::Result<TcpPort> {
    let port = TcpPort::bind(address).await.with_context(|| {
        format!("cannot listen at {address}; end what uses it, or choose another")
    })?;
    stdout().line(format_args!("listening at {address}"));
    Ok(port)
}

/// The signals are handled, not left to their default, because the first process of a container has
/// no default.
async fn until_asked_to_end(serve: impl Future<Output = Exit>) -> anyhow::Result<Exit> {
    let mut signals = Signals::listen()?;
    tokio::select! {
        biased;
        () = signals.next() => Ok(Exit::Success),
        exit = serve => Ok(exit),
    }
}

async fn ask(address: String) -> Exit {
    let answer = async {
        let stream = TcpNetwork { address }.connect().await;
        health(stream.map_err(|error| error.to_string())?).await
    };
    match timeout(HEALTH_TIMEOUT, answer).await {
        Ok(Ok(())) => Exit::Success,
        Ok(Err(why)) => not_ready(&why),
        Err(_) => not_ready("no answer"),
    }
}

fn not_ready(why: &str) -> Exit {
    stream::say(&format!("not ready: {why}"));
    Exit::Violated
}

fn stdout() -> Log {
    Log::new(|line| {
        // The log's reader may be gone; that must not end the service.
        let _ = stream::out(&format!("{line}\n"));
    })
}
