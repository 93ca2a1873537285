//! `comeback demo`: serve the demo in the foreground, or list its variants.

use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use futures_util::future::select_all;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

use super::exit::Exit;
use crate::app::Variant;
use crate::model::Act;
use crate::observe::until_ready;
use crate::stack::demo::Demo as DemoStack;
use crate::stack::{Observation, Stack};

/// How long the demo may take to be ready.
const READY_WITHIN: Duration = Duration::from_secs(10);

/// Serve the demo in the foreground, to be looked at by hand.
#[derive(Debug, Args)]
pub struct Demo {
    /// The variant.
    #[arg(value_name = "BUG", default_value_t = Variant::Healthy)]
    variant: Variant,
    /// List the variants, and the invariants that catch them.
    #[arg(long)]
    list: bool,
}

impl Demo {
    /// Serves until Ctrl-C or SIGTERM, then ends both services.
    ///
    /// # Errors
    /// When the demo cannot be started, or one of its services ends by itself.
    pub async fn run(self) -> anyhow::Result<Exit> {
        if self.list {
            list();
            return Ok(Exit::Success);
        }
        let executable = std::env::current_exe().context("cannot find my own executable")?;
        let demo = DemoStack::new(executable, self.variant)?;
        let served = serve(&demo, self.variant).await;
        for (_, driver) in demo.stack.services() {
            driver.release().await?;
        }
        served.map(|()| Exit::Success)
    }
}

fn list() {
    for variant in Variant::ALL {
        println!("{variant}\n    {}", variant.description());
        if !variant.caught_by().is_empty() {
            println!("    caught by: {}", variant.caught_by().join(", "));
        }
    }
}

async fn serve(demo: &DemoStack, variant: Variant) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut logs = Vec::new();
    for (name, driver) in demo.stack.services() {
        logs.push(Box::pin(follow(name, driver.observe())));
        driver.act(Act::Start).await?;
    }
    let introduced = async {
        timeout(READY_WITHIN, ready(&demo.stack))
            .await
            .context("the demo's backend does not get ready")?;
        introduce(&demo.url, variant);
        std::future::pending().await
    };
    tokio::select! {
        biased;
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
        (ended, ..) = select_all(logs) => ended,
        failed = introduced => failed,
    }
}

/// Shows a service's log until it ends, which is an error.
async fn follow(name: &str, mut seen: UnboundedReceiver<Observation>) -> anyhow::Result<()> {
    while let Some(observation) = seen.recv().await {
        match observation {
            Observation::Log { line, .. } => println!("{name:>7} | {line}"),
            Observation::Exited { .. } => break,
            _ => {}
        }
    }
    bail!("the demo's {name} has ended");
}

async fn ready(stack: &Stack) {
    for backend in &stack.backends {
        until_ready(backend, |_| {}).await;
    }
}

fn introduce(url: &str, variant: Variant) {
    println!(
        r#"
The demo ({variant}) is at {url}. {description}
    curl -d '{{"prompt": "hello", "token": "t1"}}' {url}/request
    curl {url}/response/1
    curl -d '{{"prompt": "hello", "token": "t2"}}' {url}/sync
    curl {url}/status
Ctrl-C ends it.
"#,
        description = variant.description(),
    );
}
