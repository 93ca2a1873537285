//! A live stack in the hands of a Rust test.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use tokio::runtime::Runtime;

use super::assemble::{self, Presence};
use super::blueprint::Blueprint;
use super::hold::Hold;
use super::journals;
use super::stream;
use crate::campaign::{Bench, Interrupt, Unseen};
use crate::generator::Space;
use crate::model::Plan;
use crate::nemesis::Journal;
use crate::trace::Trace;
use crate::watch;

/// Executions of this process, so that those of several stacks do not share a file.
static EXECUTIONS: AtomicU64 = AtomicU64::new(0);

/// The stack of a configuration, brought up for the length of a Rust test. `tests/with_proptest.rs` shows its use.
///
/// Every plan is executed on a fresh stack. When it is dropped, faults are undone, and the stack is left as it was found. If the test's process
/// is killed before that, `comeback heal` does it: there is no reaper here, for it is the program's own.
pub struct LiveStack {
    runtime: Runtime,
    bench: Bench,
    interrupt: Interrupt,
    is_fresh: bool,
    /// Given up last, when the stack is as it was found.
    _hold: Hold,
}

impl LiveStack {
    /// Reads a configuration and brings its stack up, when no other run uses it any more.
    ///
    /// # Errors
    /// When the configuration is bad, or the stack is not there or does not come up.
    pub fn open(config: &Path) -> anyhow::Result<Self> {
        let blueprint = Blueprint::of(config)?;
        let runtime = Runtime::new().context("cannot start a runtime")?;
        let journal = Arc::new(journals::begin()?);
        // Nobody will ever ask it to end early.
        let (_, interrupt) = watch::channel(false);
        let interrupt = Interrupt::new(interrupt);
        let meant = Blueprint::of(config)?;
        let hold = runtime.block_on(async {
            let nowhere = Arc::new(Journal::nowhere());
            let meant = assemble::configured(meant, &nowhere, Presence::Any).await?;
            Hold::of(&meant.executor.stack, true, &interrupt).await
        })?;
        let bench = runtime.block_on(async {
            let bench = assemble::configured(blueprint, &journal, Presence::Running).await;
            let Ok(bench) = bench else {
                journal.end()?;
                return bench;
            };
            if let Err(error) = bench.executor.bring_up().await {
                bench.executor.release().await?;
                return Err(error.into());
            }
            Ok(bench)
        })?;
        Ok(LiveStack {
            runtime,
            bench,
            interrupt,
            is_fresh: true,
            _hold: hold,
        })
    }

    /// The plans that fit the stack, for [`strategy::plans`](crate::strategy::plans).
    pub fn space(&self) -> &Space {
        &self.bench.space
    }

    /// Executes a plan once on a fresh stack, and judges it. Its judgement says what came of it; an inconclusive one says nothing of the API.
    ///
    /// # Errors
    /// When the stack cannot be reset, or the trace cannot be written to the folder for temporary files.
    pub fn execute(&mut self, plan: &Plan) -> anyhow::Result<Trace> {
        let nth = EXECUTIONS.fetch_add(1, Ordering::Relaxed);
        let name = format!("comeback-{}-{nth}.jsonl", std::process::id());
        let path = std::env::temp_dir().join(name);
        let is_fresh = std::mem::replace(&mut self.is_fresh, false);
        self.runtime.block_on(async {
            if !is_fresh {
                self.bench.refresh(&Unseen).await?;
            }
            let trial = self.bench.trial(plan, &path, 0, &self.interrupt, &Unseen);
            let trace = trial.await?;
            fs::remove_file(&path)?;
            Ok(trace)
        })
    }
}

impl Drop for LiveStack {
    fn drop(&mut self) {
        if let Err(error) = self.runtime.block_on(self.bench.executor.leave()) {
            stream::say(&format!(
                "the stack could not be left as it was found: {error}; `comeback heal` tries again"
            ));
        }
    }
}
