//! A folder of its own for one test, in which the real binary works.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

/// A command that takes so long hangs: none here takes a third of it, however busy the machine is. It is killed, and its reaper cleans up.
const PATIENCE: Duration = Duration::from_secs(600);

/// A folder of its own, with the journals below it.
pub struct Desk(TempDir);

/// What a command has left.
pub struct Finished {
    /// Its exit code; -1 if a signal ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
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
