//! Runs whose terminal is closed. What they print goes nowhere; that must not change what they do.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use procfs::process::Process;
use rustix::process::{Pid, Signal, kill_process};

use super::killed::parts;
use crate::support::desk::Desk;
use crate::support::live::{self, until};
use crate::support::turn::{self, Group};

/// A run in a terminal of its own, which `script` provides.
struct InTerminal<'a> {
    desk: &'a Desk,
    terminal: Child,
}

impl<'a> InTerminal<'a> {
    /// Starts `comeback` by a shell, with these words before it.
    fn start(desk: &'a Desk, first: &str, arguments: &str) -> Self {
        let this = env!("CARGO_BIN_EXE_comeback");
        let mut command = Command::new("script");
        command
            .args(["--quiet", "--flush", "--command"])
            .arg(format!("{first} {this} {arguments}"))
            .arg("typescript")
            .current_dir(desk.path())
            .env("COMEBACK_STATE_DIR", desk.state())
            .env("SHELL", "/bin/sh")
            .env("TERM", "xterm")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .process_group(0);
        let run = InTerminal {
            desk,
            terminal: command.spawn().unwrap(),
        };
        // The fault may end one of them at once.
        live::until_both_serve(desk);
        until("a fault's intent is in the trace", || {
            let traces = live::traces(desk);
            let struck = |trace: &String| trace.contains("\"fault-intent\"");
            traces.iter().any(struck)
        });
        run
    }

    /// Closes the window.
    fn close(&mut self) {
        self.terminal.kill().unwrap();
        self.terminal.wait().unwrap();
    }

    /// The run itself.
    fn run(&self) -> Option<Process> {
        live::processes(self.desk).into_iter().find(|process| {
            let command = process.cmdline().unwrap_or_default();
            command.get(1).is_some_and(|verb| verb == "run")
        })
    }

    fn until_nothing_is_left(&self) {
        until("the run has ended and left nothing", || {
            self.run().is_none() && live::left_behind(self.desk).is_empty()
        });
    }
}

impl Drop for InTerminal<'_> {
    fn drop(&mut self) {
        let _ = self.terminal.kill();
        let _ = self.terminal.wait();
        live::processes(self.desk).iter().for_each(live::kill);
    }
}

/// Whoever started the tests may have asked them to ignore hangups, which is inherited.
const HEEDS_HANGUPS: &str = "exec env --default-signal=HUP";

#[test]
fn a_run_whose_terminal_is_closed_heals_and_ends() {
    let _turn = turn::with(Group::Cli);
    for arguments in ["run --seed 1", "run --seed 1 --quiet"] {
        let desk = Desk::new();
        let parts = parts();
        parts.write(&desk, &parts.api());
        let mut run = InTerminal::start(&desk, HEEDS_HANGUPS, arguments);
        run.close();
        run.until_nothing_is_left();
    }
}

/// `nohup` asks a run to go on; it must still hear the signals that come later.
#[test]
fn a_run_that_outlives_its_terminal_still_ends_when_it_is_asked_to() {
    let _turn = turn::with(Group::Cli);
    let desk = Desk::new();
    let parts = parts();
    parts.write(&desk, &parts.api());
    let mut run = InTerminal::start(&desk, "trap '' HUP; exec", "run --seed 1");
    run.close();
    let process = run.run().expect("the run goes on");
    let pid = Pid::from_raw(process.pid()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    run.until_nothing_is_left();
}
