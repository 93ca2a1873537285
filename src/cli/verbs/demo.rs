//! `comeback demo`: serve the demo in the foreground, or list its variants.

use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use futures_util::future::select_all;
use serde_json::json;
use tokio::time::timeout;

use crate::app::Variant;
use crate::assembly::Signals;
use crate::cli::kit::{Exit, Format, Output, my_executable, stream};
use crate::demo::LiveDemo;
use crate::model::Act;
use crate::observe::until_ready;
use crate::report::Tone;
use crate::stack::{Observation, Observations, Stack};

/// How long the demo may take to be ready.
const READY_WITHIN: Duration = Duration::from_secs(10);

/// How long a line of the list may be, and how far it is indented.
const LINE: usize = 100;
const INDENT: usize = 4;

/// Serve the demo in the foreground, to try it by hand.
///
/// With `--format json`, its addresses and process ids are one line of JSON on standard output,
/// written when it is ready. The log of its services then goes to standard error.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  comeback demo --list\n  comeback demo stuck-busy")]
pub struct Demo {
    /// The variant.
    #[arg(value_name = "BUG", default_value_t = Variant::Healthy)]
    variant: Variant,
    /// List the variants: what they do, where such bugs were seen, and which invariants should
    /// catch them.
    #[arg(long)]
    list: bool,
}

impl Demo {
    /// Serves until Ctrl-C, SIGTERM or the terminal's end, then ends both services.
    ///
    /// # Errors
    /// When the demo cannot be started, or one of its services ends by itself.
    pub async fn run(self, output: &Output) -> anyhow::Result<Exit> {
        if self.list {
            output.document(&Vec::from_iter(Variant::ALL.iter().map(listed)), &list())?;
            return Ok(Exit::Success);
        }
        let executable = my_executable()?;
        let demo = LiveDemo::new(executable, self.variant)?;
        let served = serve(&demo, self.variant, output).await;
        for (_, driver) in demo.stack.services() {
            driver.release().await?;
        }
        served.map(|()| Exit::Success)
    }
}

/// A variant as JSON.
fn listed(variant: &Variant) -> serde_json::Value {
    json!({
        "name": variant.name(),
        "description": variant.description(),
        "seen_in": variant.seen(),
        "caught_by": variant.caught_by(),
    })
}

/// Every bug's description, where its like was seen, and what catches it; the correct variants
/// apart.
fn list() -> String {
    let (correct, bugs): (Vec<&Variant>, Vec<&Variant>) = Variant::ALL
        .iter()
        .partition(|variant| variant.is_correct());
    let heading = |count: usize, what| format!("{count} {what}:\n");
    let bugs = heading(
        bugs.len(),
        "bugs, each with the invariants that should catch it",
    ) + &bugs
        .into_iter()
        .map(|bug| explain(*bug))
        .collect::<String>();
    let correct = heading(
        correct.len(),
        "correct variants; most of them look suspicious, and nothing may be said against them",
    ) + &correct.into_iter().map(|v| explain(*v)).collect::<String>();
    format!(
        "{bugs}\n{correct}\n`comeback run --demo NAME` tests one, `comeback demo NAME` serves it."
    )
}

fn explain(variant: Variant) -> String {
    let mut text = format!("\n{variant}\n{}", paragraph("", variant.description()));
    if let Some(seen) = variant.seen() {
        text += &paragraph("seen in    ", seen);
        text += &paragraph("caught by  ", &variant.caught_by().join(", "));
    }
    text
}

/// A text that is wrapped, and indented beside its heading.
fn paragraph(heading: &str, text: &str) -> String {
    let indent = " ".repeat(INDENT + heading.len());
    let mut paragraph = format!("{}{heading}", " ".repeat(INDENT));
    let mut column = indent.len();
    for (place, word) in text.split_whitespace().enumerate() {
        if column + word.len() >= LINE {
            paragraph += &format!("\n{indent}");
            column = indent.len();
        } else if place > 0 {
            paragraph.push(' ');
            column += 1;
        }
        paragraph += word;
        column += word.len();
    }
    paragraph + "\n"
}

async fn serve(demo: &LiveDemo, variant: Variant, output: &Output) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let mut logs = Vec::new();
    for (name, driver) in demo.stack.services() {
        logs.push(Box::pin(follow(name, driver.observe(), output.format)));
        driver.act(Act::Start).await?;
    }
    let introduced = async {
        timeout(READY_WITHIN, ready(&demo.stack))
            .await
            .context("the demo's backend does not get ready")?;
        let introduction = introduction(&demo.url, variant);
        output.line(&facts(demo, variant).await, &introduction, Tone::Plain)?;
        std::future::pending().await
    };
    tokio::select! {
        biased;
        () = signals.next() => Ok(()),
        (ended, ..) = select_all(logs) => ended,
        failed = introduced => failed,
    }
}

/// Shows a service's log until it ends, which is an error. It is on standard error where standard
/// output has a JSON document.
async fn follow(name: &str, mut seen: Observations, format: Format) -> anyhow::Result<()> {
    while let Some(observation) = seen.recv().await {
        match observation {
            Observation::Log { line, .. } => {
                let line = format!("{name:>7} | {line}");
                match format {
                    Format::Json => stream::say(&line),
                    Format::Human => {
                        stream::out(&format!("{line}\n"))?;
                    }
                }
            }
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

/// Where the demo is, as JSON.
async fn facts(demo: &LiveDemo, variant: Variant) -> serde_json::Value {
    let mut pids = serde_json::Map::new();
    for (name, driver) in demo.stack.services() {
        pids.insert(name.to_owned(), json!(driver.leader().await));
    }
    json!({
        "name": variant.name(),
        "description": variant.description(),
        "url": demo.url,
        "backend": demo.backend,
        "pids": pids,
    })
}

/// Where the demo is and what can be tried, for people.
fn introduction(url: &str, variant: Variant) -> String {
    format!(
        r#"
The demo ({variant}) is at {url}. {description}
    curl -d '{{"prompt": "hello", "token": "t1"}}' {url}/request
    curl {url}/response/1
    curl -d '{{"prompt": "hello", "token": "t2"}}' {url}/sync
    curl {url}/status
Ctrl-C ends it.
"#,
        description = variant.description(),
    )
}
