//! `comeback init`: a first configuration, by asking the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use serde::Serialize;
use tokio::time::timeout;

use crate::cli::kit::{Exit, Output, stream};
use crate::config::{ReadyCheck, Sketch, SketchedBackend};
use crate::load::{HttpRequest, Transport, Unpooled};
use crate::stack::docker::{ComposeService, Engine, compose_services};

/// How long a published port may take to answer before it counts as no HTTP.
const HTTP_WITHIN: Duration = Duration::from_secs(2);

/// Write a first configuration by asking the container engine what runs.
///
/// The API is the service with a published port that answers HTTP, and the others are its backends.
/// Where that leaves a choice, it is asked for on a terminal; otherwise the options decide.
/// Published ports are asked for `/` on 127.0.0.1, and nothing else is touched. Adapt the request
/// in the file, then let `comeback doctor` check it.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  comeback init\n  comeback init --project dev --api web --backend ray --output -"
)]
pub struct Init {
    /// The compose project.
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// The API's service.
    #[arg(long, value_name = "SERVICE")]
    api: Option<String>,
    /// A backend's service; may be given several times.
    #[arg(long = "backend", value_name = "SERVICE")]
    backends: Vec<String>,
    /// Where to write it; `-` is standard output.
    #[arg(long, default_value = "comeback.toml", value_name = "FILE")]
    output: PathBuf,
    /// Overwrite the file if it is there.
    #[arg(long)]
    force: bool,
}

/// What was written, for people and as JSON.
#[derive(Debug, Serialize)]
struct Written {
    file: PathBuf,
    project: String,
    api: String,
    backends: Vec<String>,
    /// Services of the project that were not considered, and why.
    refused: Vec<String>,
    /// The configuration itself, where it was written to no file.
    text: Option<String>,
}

impl Init {
    pub async fn run(self, output: &Output) -> anyhow::Result<Exit> {
        let to_stdout = self.output == Path::new("-");
        // Asked for first, so that nobody answers questions in vain.
        if !to_stdout && !self.force && self.output.exists() {
            bail!(
                "{} is there already: name another file with --output, or overwrite it with --force",
                self.output.display()
            );
        }
        let engine = Engine::connect().await?;
        let services = compose_services(&engine).await?;
        let refused = refusals(&services);
        let sketch = self.sketch(services).await?;
        let refused = refused.get(&sketch.project).cloned().unwrap_or_default();
        let text = commented(&refused) + &sketch.text();
        if !to_stdout {
            self.write(&text)
                .with_context(|| format!("cannot write {}", self.output.display()))?;
        }
        let written = Written {
            file: self.output,
            refused,
            project: sketch.project,
            api: sketch.api,
            backends: sketch.backends.into_iter().map(|b| b.service).collect(),
            text: to_stdout.then_some(text),
        };
        output.document(&written, &written.text())?;
        Ok(Exit::Success)
    }

    async fn sketch(&self, services: Vec<ComposeService>) -> anyhow::Result<Sketch> {
        let projects: BTreeSet<&str> = services.iter().map(|s| s.project.as_str()).collect();
        let project = one_of(
            "compose project",
            "--project",
            self.project.as_deref(),
            projects,
        )?;
        let mut services = services.clone();
        services.retain(|service| service.project == project);
        let chosen = self.api.iter().chain(&self.backends);
        for service in services
            .iter()
            .filter(|s| chosen.clone().any(|name| *name == s.service))
        {
            if let Some(refusal) = refusal(service) {
                bail!("{refusal}");
            }
        }
        let refused = Vec::from_iter(services.iter().filter_map(refusal));
        services.retain(|service| service.refusal.is_none());
        if services.is_empty() && !refused.is_empty() {
            bail!("{}", refused.join("; "));
        }

        let names: BTreeSet<&str> = match &self.api {
            Some(_) => services.iter().map(|s| s.service.as_str()).collect(),
            None => answering(&services).await,
        };
        let api = one_of(
            "API (a service that answers HTTP)",
            "--api",
            self.api.as_deref(),
            names,
        )?;
        let port = http_port(services.iter().find(|s| s.service == api))
            .await
            .with_context(|| {
                format!("the service `{api}` publishes no TCP port on this machine: publish the one that it serves at")
            })?;

        let others = services.iter().filter(|service| service.service != api);
        let names: BTreeSet<&str> = others.map(|service| service.service.as_str()).collect();
        let backends: Vec<String> = match self.backends[..] {
            [] => vec![one_of("backend", "--backend", None, names)?],
            _ => {
                let wanted = self.backends.iter();
                wanted
                    .map(|name| one_of("backend", "--backend", Some(name), names.clone()))
                    .collect::<Result<_, _>>()?
            }
        };
        let chosen = services.iter().filter(|s| backends.contains(&s.service));
        Ok(Sketch {
            backends: chosen.map(backend).collect(),
            project,
            api,
            port,
        })
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let mut options = File::options();
        match self.force {
            true => options.write(true).create(true).truncate(true),
            // Somebody may have written it since it was looked for.
            false => options.write(true).create_new(true),
        };
        options.open(&self.output)?.write_all(text.as_bytes())
    }
}

/// What was refused, as comments of a configuration.
fn commented(refused: &[String]) -> String {
    let lines = refused
        .iter()
        .map(|refusal| format!("# Not proposed: {refusal}\n"));
    lines.collect()
}

/// What is said of a service that comeback would refuse to touch.
fn refusal(service: &ComposeService) -> Option<String> {
    let why = service.refusal.as_ref()?;
    Some(format!(
        "the service `{}` is refused: {why}",
        service.service
    ))
}

/// The services of each project that comeback would refuse to touch, and why.
fn refusals(services: &[ComposeService]) -> BTreeMap<String, Vec<String>> {
    let mut refusals: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for service in services {
        let of_project = refusals.entry(service.project.clone()).or_default();
        of_project.extend(refusal(service));
    }
    refusals
}

/// The services with a published port that answers HTTP.
async fn answering(services: &[ComposeService]) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    for service in services {
        for port in &service.published {
            if answers_http(*port).await {
                names.insert(service.service.as_str());
            }
        }
    }
    names
}

/// The port at which a service answers HTTP, else the first one that it publishes.
async fn http_port(service: Option<&ComposeService>) -> Option<u16> {
    let published = &service?.published;
    for port in published {
        if answers_http(*port).await {
            return Some(*port);
        }
    }
    published.first().copied()
}

/// Whether anything that is HTTP comes back from a port of this machine.
async fn answers_http(port: u16) -> bool {
    let Ok(transport) = Unpooled::new(&format!("http://127.0.0.1:{port}"), None) else {
        return false;
    };
    let answer = timeout(HTTP_WITHIN, transport.exchange(HttpRequest::get("/")));
    matches!(answer.await, Ok(Ok(_)))
}

/// A backend, and the best way that is known to ask it whether it is ready.
fn backend(service: &ComposeService) -> SketchedBackend {
    let ready = match (&service.healthcheck, service.published.first()) {
        (Some(command), _) => ReadyCheck::Exec(command.clone()),
        (None, Some(port)) => ReadyCheck::Tcp(format!("127.0.0.1:{port}")),
        (None, None) => ReadyCheck::Log("(?i)ready|listening|started".to_owned()),
    };
    SketchedBackend {
        service: service.service.clone(),
        ready,
    }
}

/// The one that was named, the only one there is, or the one that somebody at a terminal chooses.
fn one_of(
    what: &str,
    option: &str,
    named: Option<&str>,
    names: BTreeSet<&str>,
) -> anyhow::Result<String> {
    let names = Vec::from_iter(names);
    let listed = names.join(", ");
    match (named, &names[..]) {
        (Some(named), names) if names.contains(&named) => Ok(named.to_owned()),
        (Some(named), []) => bail!("{option} {named}: nothing that runs could be the {what}"),
        (Some(named), _) => {
            bail!("{option} {named}: there is none of this name; there are {listed}")
        }
        (None, []) => bail!(
            "nothing that runs could be the {what}: start the stack first, or name it with {option}"
        ),
        (None, [only]) => Ok((*only).to_owned()),
        (None, _) if !io::stdin().is_terminal() => {
            bail!("which one is the {what}? There are {listed}; choose with {option}")
        }
        (None, names) => choose(what, names),
    }
}

/// Asks on the terminal until the answer is one of the names.
fn choose(what: &str, names: &[&str]) -> anyhow::Result<String> {
    let mut lines = io::stdin().lock().lines();
    loop {
        stream::ask(&format!("Which one is the {what}? ({}) ", names.join(", ")));
        let Some(answer) = lines.next() else {
            bail!("no {what} was chosen");
        };
        let answer = answer?;
        if let Some(name) = names.iter().find(|name| **name == answer.trim()) {
            return Ok((*name).to_owned());
        }
    }
}

impl Written {
    fn text(&self) -> String {
        match &self.text {
            Some(text) => text.trim_end().to_owned(),
            None => format!(
                "{} was written: API {}, backend {}, of the compose project {}.\n\
                 {}Adapt its request, then: comeback doctor --config {0}",
                self.file.display(),
                self.api,
                self.backends.join(", "),
                self.project,
                self.refused.iter().fold(String::new(), |text, refusal| text
                    + "Not proposed: "
                    + refusal
                    + "\n"),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(named: Option<&str>, names: &[&str]) -> Result<String, String> {
        let names = names.iter().copied().collect();
        one_of("backend", "--backend", named, names).map_err(|error| error.to_string())
    }

    #[test]
    fn what_was_named_or_is_the_only_one_is_taken() {
        assert_eq!(one(None, &["ray"]).unwrap(), "ray");
        assert_eq!(one(Some("ray"), &["db", "ray"]).unwrap(), "ray");
        assert_eq!(
            one(Some("rya"), &["db", "ray"]).unwrap_err(),
            "--backend rya: there is none of this name; there are db, ray"
        );
        assert!(
            one(None, &[])
                .unwrap_err()
                .contains("start the stack first")
        );
    }
}
