//! Two containers of the demo for one test: a compose project, a port and a configuration of their own.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{self, Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use comeback::stack::port::ReservedPort;
use tempfile::TempDir;

use crate::support::compose::{compose, succeed};

/// The configuration that is in this repository.
pub const CONFIG: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/stacks/docker/comeback.toml"
);
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stacks/docker");

/// The demo, up; taken down when dropped, also by a failing test.
pub struct Containers {
    project: String,
    variant: &'static str,
    /// The configuration, and everything that the program writes.
    folder: TempDir,
    port: ReservedPort,
    /// Where the link between the two is controlled, if there is one.
    link: Option<ReservedPort>,
}

impl Containers {
    /// Puts a variant up; `changes` are made to the configuration's text.
    pub fn up(variant: &'static str, changes: &[(&str, &str)]) -> Self {
        Self::put_up(variant, changes, None)
    }

    /// The same with a link between API and backend, which may do these faults.
    pub fn up_with_link(variant: &'static str, faults: &[&str]) -> Self {
        let port = ReservedPort::reserve().expect("a port");
        let control = port.address().expect("an address");
        let keys =
            format!("[backend.backend]\nlink = {{ control = \"{control}\" }}\nfaults = {faults:?}");
        Self::put_up(variant, &[("[backend.backend]", &keys)], Some(port))
    }

    fn put_up(variant: &'static str, changes: &[(&str, &str)], link: Option<ReservedPort>) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        build_image();
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let stack = Containers {
            project: format!("comeback-test-stack-{}-{next}", process::id()),
            variant,
            folder: tempfile::tempdir().expect("a folder"),
            port: ReservedPort::reserve().expect("a port"),
            link,
        };
        let mut config = std::fs::read_to_string(CONFIG).expect("a configuration");
        let address = stack.port.address().expect("an address").to_string();
        let own = [
            ("comeback-demo", &*stack.project),
            ("127.0.0.1:21450", &*address),
        ];
        for (from, to) in own.iter().chain(changes) {
            assert!(config.contains(from), "the configuration lacks {from}");
            config = config.replace(from, to);
        }
        std::fs::write(stack.config(), config).expect("a disk");
        succeed(stack.compose().args(["up", "--detach"]));
        stack
    }

    /// `comeback` on this stack, with all that it writes in a folder of its own.
    pub fn comeback(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_comeback"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("COMEBACK_STATE_DIR", self.folder.path().join("state"));
        command
    }

    /// Begins a run, and returns when it has frozen the backend.
    pub fn run_until_frozen(&self) -> Child {
        self.run_until_frozen_with(&[])
    }

    /// The same with these variables set.
    pub fn run_until_frozen_with(&self, variables: &[(&str, String)]) -> Child {
        let backend = self.container("backend");
        let filters = [
            "--filter",
            "event=pause",
            "--filter",
            &format!("container={backend}"),
        ];
        let mut events = Command::new("docker")
            .args(["events", "--since", "1s"])
            .args(filters)
            .stdout(Stdio::piped())
            .spawn()
            .expect("docker is installed");
        let run = self
            .comeback(&[
                "run",
                "--seed",
                "1",
                "--max-inconclusive",
                "0%",
                "--plans",
                "1",
                "--format",
                "json",
            ])
            .envs(variables.iter().cloned())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it is built");
        let mut line = String::new();
        let paused = BufReader::new(events.stdout.take().expect("a pipe")).read_line(&mut line);
        events.kill().expect("it is there");
        events.wait().expect("it ended");
        assert!(paused.expect("a line") > 0, "no events");
        run
    }

    /// Where the API answers.
    pub fn api(&self) -> String {
        self.port.address().expect("an address").to_string()
    }

    /// The compose project.
    pub fn project(&self) -> &str {
        &self.project
    }

    /// The id of a service's container.
    pub fn container(&self, service: &str) -> String {
        succeed(self.compose().args(["ps", "--quiet", service]))
    }

    /// What the engine calls a service's state.
    pub fn state(&self, service: &str) -> String {
        self.docker(&[
            "inspect",
            "--format",
            "{{.State.Status}}",
            &self.container(service),
        ])
    }

    /// Both containers run, and are not paused.
    pub fn assert_runs(&self) {
        for service in ["api", "backend"] {
            assert_eq!(self.state(service), "running", "{service}");
        }
    }

    /// The `docker` command, which must succeed; gives its trimmed output.
    pub fn docker(&self, arguments: &[&str]) -> String {
        succeed(Command::new("docker").args(arguments))
    }

    fn config(&self) -> std::path::PathBuf {
        self.folder.path().join("comeback.toml")
    }

    fn compose(&self) -> Command {
        let port = self.port.address().expect("an address").port();
        let mut command = compose();
        command
            .args(["--file", &format!("{FOLDER}/compose.yaml")])
            .env("VARIANT", self.variant)
            .env("PORT", port.to_string());
        if let Some(link) = &self.link {
            let port = link.address().expect("an address").port();
            command
                .args(["--file", &format!("{FOLDER}/compose.link.yaml")])
                .env("CONTROL_PORT", port.to_string());
        }
        command.args(["--project-name", &self.project]);
        command
    }
}

impl Drop for Containers {
    fn drop(&mut self) {
        // Whatever this says, there is nothing more to do.
        let _ = self.compose().args(["down", "--timeout", "0"]).output();
    }
}

/// Builds the image once, from the crates that the tests themselves are made of.
fn build_image() {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        let script = Path::new(FOLDER).join("build.sh");
        succeed(Command::new(script).args(["--profile", "dev"]));
    });
}
