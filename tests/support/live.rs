//! A run under way, and what it has started.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use procfs::process::{Process, all_processes};
use rustix::process::{Pid, Signal, kill_process};

use super::desk::{Desk, Finished};

/// Far more than anything awaited here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A run under way. Dropping it kills whatever is left of it.
pub struct Live<'a> {
    desk: &'a Desk,
    child: Option<Child>,
}

impl<'a> Live<'a> {
    /// Starts `comeback` with these arguments.
    pub fn start(desk: &'a Desk, arguments: &str) -> Self {
        Self::spawn(desk, desk.comeback(arguments))
    }

    /// Starts a command of the desk.
    pub fn spawn(desk: &'a Desk, mut command: Command) -> Self {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Live {
            desk,
            child: Some(command.spawn().unwrap()),
        }
    }

    /// Waits until the trace shows that a fault is about to strike.
    pub fn until_a_fault_strikes(&mut self) {
        let child = self.child.as_mut().unwrap();
        until("a fault's intent is in the trace", || {
            assert_eq!(child.try_wait().unwrap(), None, "it ended too early");
            let traces = traces(self.desk);
            traces
                .iter()
                .any(|trace| trace.contains("\"fault-intent\""))
        });
    }

    pub fn signal(&self, signal: Signal) {
        let child = self.child.as_ref().unwrap();
        kill_process(Pid::from_child(child), signal).unwrap();
    }

    /// Waits until it has been killed; what it has started may live on.
    pub fn wait_killed(&mut self) -> i32 {
        let status = self.child.as_mut().unwrap().wait().unwrap();
        status.code().unwrap_or(-1)
    }

    /// Waits for the end.
    pub fn finish(mut self) -> Finished {
        let mut child = self.child.take().unwrap();
        until("the run ends", || child.try_wait().unwrap().is_some());
        let output = child.wait_with_output().unwrap();
        Finished {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        for process in processes(self.desk) {
            kill(&process);
        }
    }
}

/// Waits until a signal no longer ends a process by itself.
pub fn until_it_heeds_signals(child: &Child) {
    until("it listens for signals", || {
        let status = Process::new(child.id().cast_signed()).and_then(|process| process.status());
        let terminate = 1 << (Signal::TERM.as_raw() - 1);
        status.is_ok_and(|status| status.sigcgt & terminate != 0)
    });
}

/// Waits until the API and its backend are both there.
pub fn until_both_serve(desk: &Desk) {
    until("both services are there", || services(desk).len() == 2);
}

/// Waits until something is so. Nothing announces what other processes have done.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "it never came about that {what}");
        sleep(Duration::from_millis(5));
    }
}

/// The contents of all trials' traces, in the order of the trials.
pub fn traces(desk: &Desk) -> Vec<String> {
    let mut paths = trace_paths(desk);
    paths.sort();
    paths
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

/// The trials' traces.
pub fn trace_paths(desk: &Desk) -> Vec<PathBuf> {
    let trials = files(&desk.path().join("runs"))
        .into_iter()
        .flat_map(|run| files(&run));
    trials
        .filter(|path| path.extension() == Some(OsStr::new("jsonl")))
        .collect()
}

/// The services that were started from this desk and still live.
pub fn services(desk: &Desk) -> Vec<Process> {
    let mut processes = processes(desk);
    processes.retain(|process| {
        let environment = process.environ().unwrap_or_default();
        environment.contains_key(OsStr::new("COMEBACK_SERVICE"))
    });
    processes
}

/// The reapers that were started from this desk and still live.
pub fn reapers(desk: &Desk) -> Vec<Process> {
    let mut processes = processes(desk);
    processes.retain(|process| {
        let command = process.cmdline().unwrap_or_default();
        command.iter().any(|word| word == "--when-input-ends")
    });
    processes
}

/// Services and journals that are still there.
pub fn left_behind(desk: &Desk) -> Vec<String> {
    let services = services(desk)
        .into_iter()
        .map(|process| format!("{:?}", process.cmdline()));
    let journals = files(Path::new(&desk.state()))
        .into_iter()
        .filter(|path| path.extension() == Some(OsStr::new("jsonl")))
        .map(|path| path.display().to_string());
    services.chain(journals).collect()
}

pub fn kill(process: &Process) {
    // It may have ended by itself meanwhile.
    let _ = kill_process(Pid::from_raw(process.pid()).unwrap(), Signal::KILL);
}

/// Everything that was started from this desk and still lives, whatever has become of its parents. What has ended and was
/// not reaped shows no environment.
pub fn processes(desk: &Desk) -> Vec<Process> {
    let state = desk.state();
    let ours = |process: &Process| {
        let environment = process.environ().unwrap_or_default();
        let value = environment.get(OsStr::new("COMEBACK_STATE_DIR"));
        value.is_some_and(|value| *value == *state)
    };
    all_processes()
        .unwrap()
        .filter_map(Result::ok)
        .filter(ours)
        .collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    // A folder that is not there is as good as an empty one.
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}
