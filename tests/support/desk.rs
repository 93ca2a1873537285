//! A folder of its own for one test, in which the real binary works.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// A command that takes so long hangs: none here takes a third of it, however busy the machine is. It is killed, and its reaper cleans up.
const PATIENCE: Duration = Duration::from_secs(600);

/// A trace that ends with its plan.
pub const TRACE: &str = r#"{"comeback_trace":1,"comeback":"0.1.0","generator":1,"stack":{"name":"demo","variant":"healthy","backends":["backend"],"kinds":[],"connections":"fresh","api_observed":true},"limits":{"answer_ms":1000,"job_ms":1500,"recovery_ms":2000,"grace_ms":null,"failures":null,"stragglers":0},"trials_since_reset":0,"started_at":"2026-01-01T00:00:00.000Z"}
{"plan":{"seed":1,"index":0,"steps":[{"id":"b1","anchor":{"at":{"offset_ms":12}},"burst":{"count":2,"concurrency":1,"pace":{"closed":{"think_ms":8}},"mix":{"job":1}}},{"id":"f1","anchor":{"at":{"offset_ms":20}},"fault":{"backend":"backend","kind":"stop","grace_ms":1,"outage_ms":20}}]}}
"#;

/// A folder of its own, with the journals below it.
pub struct Desk(TempDir);

/// What a command has left.
pub struct Finished {
    /// Its exit code; -1 if a signal ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    /// What was written as JSON.
    pub fn document(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|_| panic!("{}{}", self.stdout, self.stderr))
    }
}

impl Desk {
    pub fn new() -> Self {
        Desk(TempDir::new().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    /// The folder of the journals, which tells this desk's processes from all others as well: they inherit its name.
    pub fn state(&self) -> String {
        self.path().join("state").display().to_string()
    }

    /// `comeback` with these arguments, separated by blanks.
    pub fn comeback(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_comeback"));
        command
            .args(arguments.split_whitespace())
            .current_dir(self.path())
            .env("COMEBACK_STATE_DIR", self.state())
            .env_remove("COMEBACK_LOG");
        command
    }

    /// Runs `comeback` to its end.
    pub fn run(&self, arguments: &str) -> Finished {
        finish(self.comeback(arguments))
    }
}

/// Runs a command to its end.
pub fn finish(command: Command) -> Finished {
    let output = assert_cmd::Command::from_std(command)
        .timeout(PATIENCE)
        .output()
        .unwrap();
    Finished {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A command that ended well or badly leaves no journal behind.
pub fn assert_nothing_to_heal(folder: &Path) {
    let left = fs::read_dir(folder.join("state")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "a journal was left behind");
}
