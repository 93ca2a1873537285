//! A link that comeback starts.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::link::{LinkAddress, LinkReady, PathAddresses};
use crate::stack::tail::tail;

/// How long a link may take to listen, and to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much of what it says is kept, in bytes.
const KEPT_BYTES: usize = 2_000;

/// A running `comeback link`. It ends when this is dropped, or when this process ends, however it
/// does: the link sees the end of its standard input.
#[derive(Debug)]
pub(super) struct LinkProcess {
    child: Child,
    input: ChildStdin,
    /// What it has said by its end.
    said: JoinHandle<Vec<u8>>,
}

impl LinkProcess {
    /// Starts a link, and waits until it listens. Returns the address where it is controlled, too.
    ///
    /// # Errors
    /// When it cannot be started or cannot listen, in its own words.
    pub(super) async fn start(
        program: &Path,
        paths: &[PathAddresses],
    ) -> Result<(Self, LinkAddress), String> {
        let mut command = Command::new(program);
        command.arg("link").arg("--leased");
        for (listen, to) in paths {
            let (listen, to) = (listen.to_string(), to.to_string());
            command.args(["--listen", &listen, "--to", &to]);
        }
        command
            .args(["--control", "127.0.0.1:0"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let started = command.spawn();
        let mut child =
            started.map_err(|error| format!("cannot start {}: {error}", program.display()))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(input), Some(output), Some(errors)) = pipes else {
            return Err("it has no standard input and output".to_owned());
        };
        let said = async { tail(errors, KEPT_BYTES).await.unwrap_or_default() };
        let said = tokio::spawn(said);
        let mut output = BufReader::new(output);
        let mut line = String::new();
        let read = timeout(PATIENCE, output.read_line(&mut line)).await;
        let ready: Option<LinkReady> = serde_json::from_str(&line).ok();
        let control = ready.and_then(|ready| ready.control?.parse().ok());
        let mut process = LinkProcess { child, input, said };
        let Some(control) = control else {
            return Err(match read {
                Err(_) => "it does not say that it listens".to_owned(),
                Ok(_) => process.last_words().await,
            });
        };
        // Nothing more is expected, and a full pipe must not hold it up.
        tokio::spawn(async move { output.read_to_end(&mut Vec::new()).await });
        Ok((process, control))
    }

    /// Waits until it has ended, and returns what it said.
    pub(super) async fn last_words(&mut self) -> String {
        let said = timeout(PATIENCE, &mut self.said).await;
        let said = said.ok().and_then(Result::ok).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let last = said.lines().map(str::trim).rfind(|line| !line.is_empty());
        match last {
            Some(line) => line.trim_start_matches("error: ").to_owned(),
            None => "it says nothing".to_owned(),
        }
    }

    /// Lets it end, and waits for that.
    pub(super) async fn end(mut self) {
        drop(self.input);
        // One that does not end is killed when it is dropped.
        let _ = timeout(PATIENCE, self.child.wait()).await;
    }
}
