//! One process group, from its start until all of it is gone.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::process::{ChildStderr, ChildStdout};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::mark::{MARK, SERVICE};
use super::members::{self, Member};
use super::observers::Observers;
use super::reach::{KERNEL_PATIENCE, Reach};
use crate::stack::Observation;
use crate::stack::program::exit_code;
use crate::watched;

/// How often a service's new processes are recorded, so that they are known after their parent has
/// ended.
const NOTE_EVERY: Duration = Duration::from_secs(1);

/// How long to wait for the last lines of a dead group. Only a process that has left the group can
/// still hold the pipe open.
const LAST_LINES: Duration = Duration::from_millis(100);

/// A process group whose leader is our child, and the processes that it has started outside of it.
///
/// The leader is reaped last. Until then the kernel does not reuse its process id and group id, so
/// no signal can hit another process. Signals are sent with the same lock held as for reaping.
pub(super) struct Group {
    id: Pid,
    start_ticks: u64,
    began: Instant,
    /// All processes of the service, inside and outside the group.
    reach: Arc<Reach>,
    leader: Mutex<Option<Child>>,
    /// Whether the driver has asked it to end.
    is_unwanted: AtomicBool,
    ended: watched::Sender<Option<GroupEnding>>,
}

/// How a group has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GroupEnding {
    /// The leader's exit code; 128 + n for signal n.
    pub code: Option<i64>,
    /// How long the leader lived.
    pub lived: Duration,
    /// Whether it ended without being asked to.
    pub is_by_itself: bool,
    /// The processes that could not be ended along with the leader.
    pub left: Option<String>,
}

impl Group {
    /// Starts a command as the leader of a new group, and a task that follows the group to its end.
    pub fn spawn(
        mut command: Command,
        name: &str,
        mark: &str,
        observers: Observers,
    ) -> io::Result<Arc<Group>> {
        // Registered before the child exists, so that its end cannot be missed.
        let ends = signal(SignalKind::child())?;
        command.process_group(0).env(SERVICE, name).env(MARK, mark);
        let began = Instant::now();
        let mut leader = command.spawn()?;
        match Group::adopt(&mut leader) {
            Ok((id, member, output)) => {
                let group = Arc::new(Group {
                    id,
                    start_ticks: member.start_ticks,
                    began,
                    reach: Reach::new(mark, &member),
                    leader: Mutex::new(Some(leader)),
                    is_unwanted: AtomicBool::new(false),
                    ended: watched::Sender::new(None),
                });
                observers.tell(&Observation::Started {
                    identity: group.id().to_string(),
                    source_at: None,
                });
                tokio::spawn(group.clone().follow(ends, output, observers));
                Ok(group)
            }
            Err(error) => {
                leader.kill()?;
                leader.wait()?;
                Err(error)
            }
        }
    }

    /// The group's id, which is its leader's process id.
    pub fn id(&self) -> i32 {
        self.id.as_raw_pid()
    }

    /// When the leader started, in clock ticks since boot.
    pub fn start_ticks(&self) -> u64 {
        self.start_ticks
    }

    /// All processes of the service.
    pub fn reach(&self) -> &Arc<Reach> {
        &self.reach
    }

    /// Sends a signal that asks the group to end. No error if the group is gone.
    pub async fn ask_to_end(&self, signal: Signal) -> io::Result<()> {
        self.is_unwanted.store(true, Ordering::Relaxed);
        // Find the leader's children now: after its end nothing links them to the service.
        self.reach.look_aside().await?;
        match *self.leader() {
            Some(_) => Ok(kill_process_group(self.id, signal)?),
            None => Ok(()),
        }
    }

    /// Kills all processes, and waits until they are gone and the leader is reaped. The caller
    /// limits the time.
    pub async fn kill(&self) -> io::Result<()> {
        self.is_unwanted.store(true, Ordering::Relaxed);
        self.reach.kill().await?;
        match self.ended().await.left {
            Some(left) => Err(io::Error::other(left)),
            None => Ok(()),
        }
    }

    /// How it ended; `None` while any process is left or the leader is not reaped.
    pub fn ending(&self) -> Option<GroupEnding> {
        self.ended.borrow().clone()
    }

    /// Waits until it has ended.
    pub async fn ended(&self) -> GroupEnding {
        loop {
            // The sender lives in `self`, so this cannot fail.
            let _ = self.ended.subscribe().wait_for(Option::is_some).await;
            if let Some(ending) = self.ending() {
                return ending;
            }
        }
    }

    /// A new leader's id, its facts from `/proc`, and its output.
    fn adopt(leader: &mut Child) -> io::Result<(Pid, Member, Output)> {
        let id = Pid::from_child(leader);
        let member = members::process(id.as_raw_pid())
            .ok_or_else(|| io::Error::other("/proc does not show the new process"))?;
        let output = Output {
            stdout: leader
                .stdout
                .take()
                .map(ChildStdout::from_std)
                .transpose()?,
            stderr: leader
                .stderr
                .take()
                .map(ChildStderr::from_std)
                .transpose()?,
        };
        Ok((id, member, output))
    }

    async fn follow(
        self: Arc<Self>,
        mut ends: tokio::signal::unix::Signal,
        output: Output,
        observers: Observers,
    ) {
        let mut lines = JoinSet::new();
        if let Some(stdout) = output.stdout {
            lines.spawn(observers.clone().forward(stdout));
        }
        if let Some(stderr) = output.stderr {
            lines.spawn(observers.clone().forward(stderr));
        }
        while !self.leader_has_ended() {
            tokio::select! {
                biased;
                _ = ends.recv() => {}
                // This fails only while the program ends.
                () = sleep(NOTE_EVERY) => drop(self.reach.scan_aside().await),
            }
        }
        let (lived, is_by_itself) = (
            self.began.elapsed(),
            !self.is_unwanted.load(Ordering::Relaxed),
        );
        let left = self.clear().await;
        let code = self.reap().ok().and_then(exit_code).map(i64::from);
        // Otherwise the last lines would be reported after the exit. Cutting them off is no error.
        let _ = timeout(LAST_LINES, lines.join_all()).await;
        observers.tell(&Observation::Exited {
            code,
            oom: false,
            source_at: None,
        });
        self.ended.send_replace(Some(GroupEnding {
            code,
            lived,
            is_by_itself,
            left,
        }));
    }

    /// Whether the leader has ended. Does not reap it. A leader that cannot be waited for counts as
    /// ended.
    fn leader_has_ended(&self) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(self.id), look).map_or(true, |status| status.is_some())
    }

    /// Kills the processes that the leader has left behind, and waits until they are gone. Returns
    /// those that could not be ended.
    async fn clear(&self) -> Option<String> {
        match timeout(KERNEL_PATIENCE, self.reach.kill()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!("partial: {} are still there", self.reach.awake())),
        }
    }

    fn reap(&self) -> io::Result<ExitStatus> {
        match self.leader().take() {
            Some(mut leader) => leader.wait(),
            None => Err(io::Error::other("the process was already reaped")),
        }
    }

    fn leader(&self) -> MutexGuard<'_, Option<Child>> {
        // The slot is only ever emptied, so a poisoned state is consistent.
        self.leader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Output {
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
}
