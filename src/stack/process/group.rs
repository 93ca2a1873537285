//! One running process group, from its start until all of it is gone.

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::process::{ChildStderr, ChildStdout};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::driver::KERNEL_PATIENCE;
use super::mark::{MARK, SERVICE};
use super::members::{self, Member};
use super::observers::Observers;
use super::reach::Reach;
use crate::stack::Observation;
use crate::watched;

/// How often it is noted what a service has started meanwhile, so that it is still known when its
/// parent has ended.
const NOTE_EVERY: Duration = Duration::from_secs(1);

/// How long the last lines of a dead group may take to arrive. Only a process that has left the
/// group can still hold the pipe's other end.
const LAST_LINES: Duration = Duration::from_millis(100);

/// A process group whose leader is our child, and whatever that has started outside of it.
///
/// The leader is reaped last. Until then the kernel gives its process id, and with it the group's,
/// to nobody else, so no signal can reach a stranger; signals are sent under the lock that reaping
/// takes.
pub(super) struct Group {
    id: Pid,
    start_ticks: u64,
    began: Instant,
    /// Every process of the service, in the group or not.
    reach: Arc<Reach>,
    leader: Mutex<Option<Child>>,
    /// Whether somebody has asked it to end.
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
    /// Whether nobody had asked it to.
    pub is_by_itself: bool,
    /// What could not be ended along with the leader.
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
        // Listened to before the child exists, so that its end cannot be missed.
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

    /// Every process of the service.
    pub fn reach(&self) -> &Arc<Reach> {
        &self.reach
    }

    /// Asks the group to end by a signal. A group that is gone is no error.
    pub async fn ask_to_end(&self, signal: Signal) -> io::Result<()> {
        self.is_unwanted.store(true, Ordering::Relaxed);
        // What the leader has started is told by nothing else once the leader has ended.
        self.reach.look_aside().await?;
        match *self.leader() {
            Some(_) => Ok(kill_process_group(self.id, signal)?),
            None => Ok(()),
        }
    }

    /// Kills everything, and waits until it is gone and the leader reaped. The caller bounds the
    /// time.
    pub async fn kill(&self) -> io::Result<()> {
        self.is_unwanted.store(true, Ordering::Relaxed);
        self.reach.kill().await?;
        match self.ended().await.left {
            Some(left) => Err(io::Error::other(left)),
            None => Ok(()),
        }
    }

    /// How it ended; none while any process of it is left, or the leader is not reaped.
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

    /// What is known of a new leader, and its output.
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
                // Where there is nobody to look, there is nobody to follow it for either.
                () = sleep(NOTE_EVERY) => drop(self.reach.look_aside().await),
            }
        }
        let (lived, is_by_itself) = (
            self.began.elapsed(),
            !self.is_unwanted.load(Ordering::Relaxed),
        );
        let left = self.clear().await;
        let code = self.reap().ok().and_then(exit_code);
        // Without this the last words of a service would come after its end; that they are cut here
        // is no error.
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

    /// Looks at the leader without reaping it. A leader that cannot be waited for is not ours any
    /// more.
    fn leader_has_ended(&self) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(self.id), look).map_or(true, |status| status.is_some())
    }

    /// Kills what the leader has left behind, and waits until it is gone; or says what could not be
    /// ended.
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
