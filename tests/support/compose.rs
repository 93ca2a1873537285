//! Compose, and other commands that have to succeed.

use std::process::Command;
use std::sync::OnceLock;

/// Compose, as a plugin of `docker` or as the program that it was before.
pub fn compose() -> Command {
    static IS_PLUGIN: OnceLock<bool> = OnceLock::new();
    let asked = || Command::new("docker").args(["compose", "version"]).output();
    if *IS_PLUGIN.get_or_init(|| asked().is_ok_and(|output| output.status.success())) {
        let mut command = Command::new("docker");
        command.arg("compose");
        return command;
    }
    Command::new("docker-compose")
}

/// Runs a command that has to succeed, and returns what it wrote, trimmed.
pub fn succeed(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {complaints}");
    String::from_utf8(output.stdout)
        .expect("UTF-8")
        .trim()
        .to_owned()
}
