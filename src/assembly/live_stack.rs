//! A live stack in the hands of a Rust test.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::Mutex;

use super::program::installed;
use super::{AssemblyError, Blueprint, Hold, Presence, Reaper, Signals, begin_journal, configured};
use crate::campaign::{Attempt, Interrupt, StackHandle, Unseen};
use crate::generator::Space;
use crate::model::{Plan, Verdict};
use crate::nemesis::Journal;
use crate::redact;
use crate::report::{Report, html};
use crate::trace::Trace;
use crate::watched;
use crate::whole_file;

/// Where the last failure of each stack is kept, below the working folder.
const KEPT: &str = "runs/in-tests";

/// Exit code of an interrupted process.
const INTERRUPTED: i32 = 130;

/// The stacks of this process that are not yet left as they were found.
static OPEN: AtomicUsize = AtomicUsize::new(0);

/// The stack of a configuration, brought up for the length of a Rust test.
/// `examples/with_proptest.rs` shows its use.
///
/// The stack is restarted before every plan but the first. If `[api]` has no `docker`, `process` or
/// `command`, it cannot be, and what one plan broke stays broken for the next. When a `LiveStack`
/// is dropped, faults are undone, and the stack is left as it was found. The same happens on
/// SIGINT, SIGTERM and SIGHUP; the process then exits with 130. If the process is killed, a reaper
/// does it where the program `comeback` is on the `PATH`; without one, `comeback heal` does it
/// later.
pub struct LiveStack {
    runtime: Runtime,
    held: Arc<Mutex<Held>>,
    space: Space,
    interrupt: Interrupt,
    /// How many plans were executed since the stack was last restarted, or brought up.
    trials_since_reset: u64,
    traces: TempDir,
    executed: u64,
    kept: Option<PathBuf>,
    _reaper: Option<Reaper>,
    /// Released last, when the stack is as it was found.
    _hold: Hold,
}

/// A stack that is to be left as it was found, once.
struct Held {
    handle: StackHandle,
    is_left: bool,
}

impl LiveStack {
    /// Reads a configuration and brings its stack up, after waiting until no other run uses it.
    ///
    /// # Errors
    /// When the configuration is bad, or the stack is not there or does not come up.
    pub fn open(config: &Path) -> Result<Self, AssemblyError> {
        let blueprint = Blueprint::of(config)?;
        let runtime = Runtime::new().map_err(AssemblyError::io("cannot start a runtime"))?;
        let traces = tempfile::tempdir().map_err(AssemblyError::io("cannot make a folder"))?;
        let (sender, receiver) = watched::channel(false);
        let interrupt = Interrupt::new(receiver);
        // Nothing is started before signals are listened for: one in between would leave it behind.
        let mut signals = {
            let _context = runtime.enter();
            Signals::listen().map_err(AssemblyError::io("cannot listen for signals"))?
        };
        runtime.spawn(async move {
            signals.next().await;
            sender.send_replace(true);
            end_if_all_are_left();
        });
        let meant = Blueprint::of(config)?;
        let hold = runtime.block_on(async {
            let nowhere = Arc::new(Journal::nowhere());
            let meant = configured(meant, &nowhere, Presence::Any).await?;
            Hold::of(&meant.executor.stack, true, &interrupt, |_| {}).await
        })?;
        let journal = Arc::new(begin_journal()?);
        let reaper = match (journal.path(), installed()) {
            (Some(journal), Some(program)) => Some(Reaper::start(&program, journal)?),
            _ => None,
        };
        OPEN.fetch_add(1, Ordering::SeqCst);
        let handle = runtime.block_on(brought_up(blueprint, &journal));
        let handle = handle.inspect_err(|_| {
            OPEN.fetch_sub(1, Ordering::SeqCst);
        })?;
        let space = handle.space.clone();
        let is_left = false;
        let held = Arc::new(Mutex::new(Held { handle, is_left }));
        let (interrupted, at_end) = (interrupt.clone(), Arc::clone(&held));
        runtime.spawn(async move {
            // The trial that is under way ends by itself, and releases the stack.
            interrupted.requested().await;
            at_end.lock().await.leave().await;
            end_if_all_are_left();
        });
        Ok(LiveStack {
            runtime,
            held,
            space,
            interrupt,
            trials_since_reset: 0,
            traces,
            executed: 0,
            kept: None,
            _reaper: reaper,
            _hold: hold,
        })
    }

    /// The plans that fit the stack, for [`strategy::plans`](crate::strategy::plans).
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// Executes a plan once, and judges it. The trace's judgement is the result;
    /// an inconclusive one says nothing about the API.
    ///
    /// The last trace that was violated is kept, with a page about it: see [`LiveStack::kept`].
    ///
    /// # Errors
    /// When the stack cannot be reset, or the trace cannot be written.
    pub fn execute(&mut self, plan: &Plan) -> Result<Trace, AssemblyError> {
        let path = self.traces.path().join(format!("{}.jsonl", self.executed));
        self.executed += 1;
        let trace = self.runtime.block_on(async {
            let held = self.held.lock().await;
            if held.is_left {
                // The test was interrupted, and its process ends at any moment. A reset would start
                // services that nobody ends.
                return std::future::pending().await;
            }
            let is_first = self.trials_since_reset == 0;
            if !is_first && held.handle.reset(&Unseen).await? {
                self.trials_since_reset = 0;
            }
            let since = self.trials_since_reset;
            self.trials_since_reset += 1;
            let attempt = Attempt {
                trials_since_reset: since,
                path: Some(&path),
                ..Attempt::of(plan)
            };
            let trial = held.handle.execute(attempt, &self.interrupt, &Unseen);
            trial.await.map_err(AssemblyError::from)
        })?;
        if trace.verdict() == Verdict::Violated {
            self.kept = Some(keep(&path, &trace.header.stack.file_stem())?);
        }
        fs::remove_file(&path).map_err(AssemblyError::at("remove", &path))?;
        Ok(trace)
    }

    /// Where the last trace that was violated is: `runs/in-tests/NAME.jsonl`, with a page about it
    /// beside (`.html`).
    pub fn kept(&self) -> Option<&Path> {
        self.kept.as_deref()
    }
}

impl Held {
    /// Leaves the stack as it was found, unless that was tried before. What cannot be undone stays
    /// in the journal, for the reaper and for `comeback heal`.
    async fn leave(&mut self) {
        if std::mem::replace(&mut self.is_left, true) {
            return;
        }
        if let Err(error) = self.handle.executor.leave().await {
            tracing::error!("the stack was not left as it was found: {error}");
        }
        OPEN.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for LiveStack {
    fn drop(&mut self) {
        let leave = async { self.held.lock().await.leave().await };
        self.runtime.block_on(leave);
    }
}

/// Ends the interrupted process, unless another of its stacks still has to be left as it was found:
/// leaving the last one ends it.
fn end_if_all_are_left() {
    if OPEN.load(Ordering::SeqCst) == 0 {
        std::process::exit(INTERRUPTED);
    }
}

/// The stack, up.
async fn brought_up(
    blueprint: Blueprint,
    journal: &Arc<Journal>,
) -> Result<StackHandle, AssemblyError> {
    let handle = configured(blueprint, journal, Presence::Running).await;
    let Ok(handle) = handle else {
        journal.end()?;
        return handle;
    };
    if let Err(error) = handle.executor.bring_up(&|_| {}).await {
        handle.executor.release().await?;
        return Err(error.into());
    }
    Ok(handle)
}

/// Copies a failing trace to where it is kept, and writes its page beside it.
fn keep(trace: &Path, stem: &str) -> Result<PathBuf, AssemblyError> {
    let folder = Path::new(KEPT);
    fs::create_dir_all(folder).map_err(AssemblyError::at("make", folder))?;
    let kept = folder.join(format!("{stem}.jsonl"));
    whole_file::copy(trace, &kept).map_err(AssemblyError::at("write", &kept))?;
    let page = kept.with_extension("html");
    let report = Report::of_traces(std::slice::from_ref(&kept));
    let written = redact::write_file(&page, |out| html::write(&report, &page, out));
    written.map_err(AssemblyError::at("write", &page))?;
    Ok(kept)
}
