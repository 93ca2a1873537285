//! A trial of a stack of containers, beside a loop that asks the engine only for what such a trial
//! must ask for.
//!
//! Both sides end and start the same containers the same number of times: API and backend for the
//! reset, the backend once more as the fault. The loop kills at the reset; comeback stops, and
//! kills what would not end by itself.

use std::fs;
use std::path::Path;
use std::process::{self, Command};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use bollard::Docker;
use bollard::query_parameters::{KillContainerOptionsBuilder, WaitContainerOptions};
use comeback::LiveStack;
use comeback::stack::docker::Engine;
use futures_util::StreamExt;
use tokio::runtime::Runtime;

use crate::kill::{self, OUTAGE_MS, REQUESTS};
use crate::{Effort, repeats, service};

/// The network of the containers. Fixed addresses need no names, which would be gone with a killed
/// container.
const SUBNET: &str = "10.217.65.0/24";

/// How long a service may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn measure(effort: Effort) -> anyhow::Result<()> {
    let runtime = Runtime::new()?;
    if let Err(error) = runtime.block_on(Engine::connect()) {
        println!("skipped: docker ({error})");
        return Ok(());
    }
    let mut made = Made::default();
    made.image()?;
    made.network()?;
    repeats::head("raw engine");
    for (what, options) in [
        ("with an init process", &["--init"][..]),
        ("that ignore SIGTERM", &[]),
    ] {
        let ours = Pair::run(&mut made, "ours", 21_766, options)?;
        let theirs = Pair::run(&mut made, "raw", 21_768, options)?;
        let folder = tempfile::tempdir()?;
        let mut stack = LiveStack::open(&ours.config(folder.path())?)?;
        let raw = Raw {
            runtime: &runtime,
            docker: Docker::connect_with_local_defaults()?,
            pair: &theirs,
        };
        let whole = repeats::in_turn(
            effort.repeats,
            || Ok(kill::trial(&mut stack)?.took_ms),
            || {
                let began = Instant::now();
                raw.trial()?;
                Ok(kill::ms_since(began))
            },
        )?;
        repeats::row(&format!("a trial of containers {what}"), "ms", &whole);
        let away = repeats::in_turn(
            effort.repeats,
            || Ok(kill::trial(&mut stack)?.away_ms),
            || raw.trial(),
        )?;
        repeats::row("kill, start, the first answer", "ms", &away);
    }
    Ok(())
}

/// What was made for the measurement. It is removed when dropped, the last first.
#[derive(Default)]
struct Made(Vec<Vec<String>>);

impl Made {
    fn remembered(&mut self, removal: &[&str]) {
        self.0
            .push(removal.iter().map(|word| word.to_string()).collect());
    }

    /// An image that holds the server and nothing else: there may be no registry.
    fn image(&mut self) -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let at = |name: &str| folder.path().join(name);
        let server = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/speed/server.rs");
        let program = format!(
            "#[path = {server:?}]\nmod server;\nfn main() -> std::io::Result<()> {{\n    \
             server::serve(std::env::args().skip(1))\n}}\n"
        );
        fs::write(at("main.rs"), program)?;
        let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        let mut compiler = Command::new("rustc");
        compiler.args([
            "--edition",
            "2024",
            "-O",
            "-C",
            "target-feature=+crt-static",
        ]);
        compiler
            .args(["--target", &target, "-o"])
            .arg(at("server"))
            .arg(at("main.rs"));
        succeed(&mut compiler)?;
        fs::remove_file(at("main.rs"))?;
        fs::write(
            at("Dockerfile"),
            "FROM scratch\nCOPY server /server\nENTRYPOINT [\"/server\"]\n",
        )?;
        let image = named("image");
        succeed(docker(&["build", "--quiet", "--tag", &image]).arg(folder.path()))?;
        self.remembered(&["rmi", "--force", &image]);
        Ok(())
    }

    fn network(&mut self) -> anyhow::Result<()> {
        let network = named("network");
        succeed(&mut docker(&[
            "network", "create", "--subnet", SUBNET, &network,
        ]))?;
        self.remembered(&["network", "rm", &network]);
        Ok(())
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for removal in self.0.iter().rev() {
            let words: Vec<&str> = removal.iter().map(String::as_str).collect();
            // Whatever this says, there is nothing more to do.
            let _ = docker(&words).output();
        }
    }
}

/// Two running containers, and where they answer on this machine.
struct Pair {
    api: String,
    backend: String,
    api_at: String,
    backend_at: String,
}

impl Pair {
    fn run(made: &mut Made, name: &str, port: u16, options: &[&str]) -> anyhow::Result<Self> {
        let kind = if options.is_empty() { "deaf" } else { "init" };
        let pair = Pair {
            api: named(&format!("{name}-{kind}-api")),
            backend: named(&format!("{name}-{kind}-db")),
            api_at: format!("127.0.0.1:{port}"),
            backend_at: format!("127.0.0.1:{}", port + 1),
        };
        // The two kinds never run at once, so they share addresses and ports.
        let last = port % 100;
        let (api, backend) = (
            format!("10.217.65.{last}"),
            format!("10.217.65.{}", last + 1),
        );
        let asked = format!("{backend}:8080");
        for (name, at, address, asked) in [
            (&pair.backend, &pair.backend_at, &backend, None),
            (&pair.api, &pair.api_at, &api, Some(&asked)),
        ] {
            let published = format!("{at}:8080");
            let mut command = docker(&["run", "--detach", "--name", name, "--ip", address]);
            command.args(["--network", &named("network"), "--publish", &published]);
            command
                .args(options)
                .args([&named("image"), "0.0.0.0:8080"])
                .args(asked);
            succeed(&mut command)?;
            made.remembered(&["rm", "--force", name]);
        }
        Ok(pair)
    }

    fn config(&self, folder: &Path) -> anyhow::Result<std::path::PathBuf> {
        let config = folder.join("comeback.toml");
        let text = format!(
            "[api]\nurl = \"http://{}\"\ndocker = {{ name = {:?} }}\n\
             [backend.db]\ndocker = {{ name = {:?} }}\nready = {{ tcp = {:?} }}\n\
             [[request]]\nname = \"ask\"\npath = \"/ask\"\n",
            self.api_at, self.api, self.backend, self.backend_at
        );
        fs::write(&config, text)?;
        Ok(config)
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        let _ = docker(&["rm", "--force", &self.api, &self.backend]).output();
    }
}

/// The loop that asks the engine itself.
struct Raw<'a> {
    runtime: &'a Runtime,
    docker: Docker,
    pair: &'a Pair,
}

impl Raw<'_> {
    /// Returns how long it took from the kill to the first answer, in milliseconds.
    fn trial(&self) -> anyhow::Result<f64> {
        let Pair { api, backend, .. } = self.pair;
        self.runtime.block_on(async {
            self.end(api).await?;
            self.end(backend).await?;
            self.start(backend).await?;
            self.start(api).await
        })?;
        self.ask(REQUESTS)?;
        let began = Instant::now();
        self.runtime.block_on(self.end(backend))?;
        thread::sleep(Duration::from_millis(OUTAGE_MS));
        self.runtime.block_on(self.start(backend))?;
        self.ask(1)?;
        let away_ms = kill::ms_since(began);
        self.ask(REQUESTS - 1)?;
        Ok(away_ms)
    }

    async fn end(&self, container: &str) -> anyhow::Result<()> {
        let options = KillContainerOptionsBuilder::default().signal("SIGKILL");
        self.docker
            .kill_container(container, Some(options.build()))
            .await?;
        let mut ends = self
            .docker
            .wait_container(container, None::<WaitContainerOptions>);
        // An exit code other than zero is an error to this client.
        let _ = ends.next().await;
        Ok(())
    }

    async fn start(&self, container: &str) -> anyhow::Result<()> {
        Ok(self.docker.start_container(container, None).await?)
    }

    /// Asks until there were so many successes.
    fn ask(&self, times: usize) -> anyhow::Result<()> {
        let began = Instant::now();
        let mut successes = 0;
        while successes < times {
            match service::ask(&self.pair.api_at) {
                Ok(()) => successes += 1,
                Err(error) if began.elapsed() > PATIENCE => bail!("the API never answers: {error}"),
                Err(_) => thread::sleep(Duration::from_millis(1)),
            }
        }
        Ok(())
    }
}

/// A name that no other run uses.
fn named(what: &str) -> String {
    format!("comeback-speed-{}-{what}", process::id())
}

fn docker(words: &[&str]) -> Command {
    let mut command = Command::new("docker");
    command.args(words);
    command
}

fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output()?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {complaint}");
    Ok(())
}
