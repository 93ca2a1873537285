//! One running process group, from its start until all of it is gone.

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::process::{ChildStderr, ChildStdout};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::members::{self, MARK, Member};
use super::observers::Observers;
use crate::stack::Observation;
use crate::watch;

/// How often to look whether the kernel has done what a signal asks: nothing announces it.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// How long the last lines of a dead group may take to arrive. Only a process that has left the group
/// can still hold the pipe's other end.
const LAST_LINES: Duration = Duration::from_millis(100);

/// A process group whose leader is our child.
///
/// The leader is reaped last. Until then the kernel gives its process id, and with it the group's, to nobody else, so no signal can
/// reach a stranger; signals are sent under the lock that reaping takes.
pub(super) struct Group {
    id: Pid,
    start_ticks: u64,
    leader: Mutex<Option<Child>>,
    ended: watch::Sender<bool>,
}

impl Group {
    /// Starts a command as the leader of a new group, and a task that follows the group to its end.
    pub fn spawn(mut command: Command, name: &str, observers: Observers) -> io::Result<Arc<Group>> {
        // Listened to before the child exists, so that its end cannot be missed.
        let ends = signal(SignalKind::child())?;
        let mut leader = command.process_group(0).env(MARK, name).spawn()?;
        match Group::adopt(&mut leader) {
            Ok((id, start_ticks, output)) => {
                let group = Arc::new(Group {
                    id,
                    start_ticks,
                    leader: Mutex::new(Some(leader)),
                    ended: watch::Sender::new(false),
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

    /// Sends a signal to every process of the group. A group that is gone is no error.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        match *self.leader() {
            Some(_) => Ok(kill_process_group(self.id, signal)?),
            None => Ok(()),
        }
    }

    /// Whether the group stands still.
    pub fn is_frozen(&self) -> io::Result<bool> {
        Ok(members::stand_still(&members::living(self.id())?))
    }

    /// Whether any process of the group is frozen.
    pub fn is_partly_frozen(&self) -> io::Result<bool> {
        Ok(members::any_frozen(&members::living(self.id())?))
    }

    /// Freezes the group and waits until all of it stands still.
    pub async fn freeze(&self) -> io::Result<()> {
        self.signal(Signal::STOP)?;
        self.until(members::stand_still).await
    }

    /// Thaws the group and waits until none of it is frozen.
    pub async fn thaw(&self) -> io::Result<()> {
        self.signal(Signal::CONT)?;
        self.until(|living| !members::any_frozen(living)).await
    }

    /// Whether every process of the group is gone and the leader reaped.
    pub fn has_ended(&self) -> bool {
        *self.ended.borrow()
    }

    /// Waits until [`Group::has_ended`].
    pub async fn ended(&self) {
        // The sender lives in `self`, so this cannot fail.
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
    }

    /// What is known of a new leader, and its output.
    fn adopt(leader: &mut Child) -> io::Result<(Pid, u64, Output)> {
        let id = Pid::from_child(leader);
        let start_ticks = members::process(id.as_raw_pid())
            .ok_or_else(|| io::Error::other("/proc does not show the new process"))?
            .start_ticks;
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
        Ok((id, start_ticks, output))
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
        while !self.leader_has_ended() && ends.recv().await.is_some() {}
        self.clear().await;
        let status = self.reap();
        // Without this the last words of a service would come after its end; that they are cut here is no error.
        let _ = timeout(LAST_LINES, lines.join_all()).await;
        observers.tell(&Observation::Exited {
            code: status.ok().and_then(exit_code),
            oom: false,
            source_at: None,
        });
        self.ended.send_replace(true);
    }

    async fn until(&self, wanted: impl Fn(&[Member]) -> bool) -> io::Result<()> {
        loop {
            let living = members::living(self.id())?;
            if living.is_empty() {
                return Err(io::Error::other("it has just ended"));
            }
            if wanted(&living) {
                return Ok(());
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Looks at the leader without reaping it. A leader that cannot be waited for is not ours any more.
    fn leader_has_ended(&self) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(self.id), look).map_or(true, |status| status.is_some())
    }

    /// Kills what the leader has left behind, and waits until it is gone.
    async fn clear(&self) {
        loop {
            // Neither of these fails for a group whose leader we have not reaped; if it did, the next look tells.
            let _ = self.signal(Signal::KILL);
            if members::living(self.id()).is_ok_and(|living| living.is_empty()) {
                return;
            }
            sleep(LOOK_EVERY).await;
        }
    }

    fn reap(&self) -> io::Result<ExitStatus> {
        match self.leader().take() {
            Some(mut leader) => leader.wait(),
            None => Err(io::Error::other("it was reaped before")),
        }
    }

    fn leader(&self) -> MutexGuard<'_, Option<Child>> {
        // The slot is only ever emptied, so a panic elsewhere cannot have left it half-made.
        self.leader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Output {
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
}

fn exit_code(status: ExitStatus) -> Option<i64> {
    let code = status.code().or(status.signal().map(|signal| 128 + signal));
    code.map(i64::from)
}
