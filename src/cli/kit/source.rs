//! Which stack a command is about: a configuration's, or the demo.

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use procfs::{Current, LoadAverage};

use super::{folder, stream};
use crate::app::Variant;
use crate::assembly::{Blueprint, Presence, configured};
use crate::campaign::StackHandle;
use crate::config::Config;
use crate::demo;
use crate::nemesis::Journal;
use crate::redact::SHORTEST;
use crate::trace::StackInfo;

/// A demo's failure is shrunk on this many demos a processor: they wait more than they work. More
/// in all would be of little use.
const DEMOS_A_PROCESSOR: usize = 3;
const MOST_DEMOS: usize = 6;

/// Trials are run on at most this many demos at once, so that they do not slow each other down.
const MOST_TRIALS: usize = 4;

/// If more tasks than this wanted each processor in the last minute, it is shrunk on two demos.
const BUSY: f32 = 1.5;

/// Without either option, `./comeback.toml` is used.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Source {
    /// The stack's configuration.
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "demo")]
    config: Option<PathBuf>,
    /// The embedded demo with one of its bugs, or `healthy`; `comeback demo --list` lists them.
    #[arg(long, global = true, value_name = "BUG")]
    demo: Option<Variant>,
    /// Let the stack, or its container engine, be on another machine: load and faults go there.
    #[arg(long, global = true)]
    allow_remote: bool,
    /// Whether trials are simulated. Only some verbs can do that, so it is theirs to offer.
    #[arg(skip)]
    simulated: bool,
    /// Whether to wait while another run uses the stack. Only some verbs can do that, so it is
    /// theirs to offer.
    #[arg(skip)]
    wait: bool,
}

impl Source {
    /// This source, simulated if it is asked for.
    #[must_use]
    pub fn simulated(self, simulated: bool) -> Self {
        Source { simulated, ..self }
    }

    /// This source, waited for while another run uses it if that is asked for.
    #[must_use]
    pub fn waiting(self, wait: bool) -> Self {
        Source { wait, ..self }
    }

    /// Whether to wait while another run uses the stack.
    pub fn may_wait(&self) -> bool {
        self.wait
    }

    /// Whether trials are simulated, so that there is nothing to guard or to leave behind.
    pub fn is_simulated(&self) -> bool {
        // What a trace says of itself must not take the guard from a stack that is none of the
        // demo.
        self.simulated && self.is_demo()
    }

    /// This source; where none was asked for and the trace is a demo's, that demo. A demo is
    /// simulated where the trace was.
    ///
    /// # Errors
    /// When the trace is of a demo variant that is not known here.
    pub fn or_of_trace(&self, stack: &StackInfo) -> anyhow::Result<Self> {
        let mut source = self.clone();
        if let (None, demo::NAME) = (&self.config, stack.name.as_str()) {
            if let (None, Some(variant)) = (self.demo, &stack.variant) {
                source.demo = Some(variant.parse()?);
            }
            source.simulated |= stack.simulated;
        }
        Ok(source)
    }

    /// Whether a configuration was asked for or is to be found, so that traces can be of it.
    pub fn has_config(&self) -> bool {
        self.demo.is_none() && (self.config.is_some() || default_config().exists())
    }

    /// Everything that trials on this stack need, or on the nth of several that are alike and share
    /// nothing (from 0). Nothing is started yet.
    ///
    /// # Errors
    /// When the configuration is bad or allows fewer copies, or a service of it is not there.
    pub async fn handle(
        &self,
        nth: usize,
        journal: &Arc<Journal>,
        presence: Presence,
    ) -> anyhow::Result<StackHandle> {
        let mut blueprint = match self.demo {
            Some(variant) if self.simulated => return Ok(demo::simulated(variant)?),
            Some(variant) => return Ok(demo::live(my_executable()?, variant, journal)?),
            None if nth == 0 => Blueprint::of(&self.path()?)?,
            None => Blueprint::copy(&self.path()?, nth)?,
        };
        warn_of(&blueprint.unredacted);
        blueprint.config.allow_remote |= self.allow_remote;
        Ok(configured(blueprint, journal, presence).await?)
    }

    /// The configuration.
    ///
    /// # Errors
    /// When there is none, or it is bad.
    pub fn config(&self) -> anyhow::Result<Config> {
        let Blueprint {
            mut config,
            unredacted,
            ..
        } = Blueprint::of(&self.path()?)?;
        warn_of(&unredacted);
        config.allow_remote |= self.allow_remote;
        Ok(config)
    }

    fn path(&self) -> anyhow::Result<PathBuf> {
        let default = default_config();
        match &self.config {
            Some(path) => {
                // Its folder is where commands run, and the journal records that as text.
                folder::require_text("--config", path)?;
                Ok(path.clone())
            }
            None if default.exists() => Ok(default),
            None => bail!(
                "there is no ./comeback.toml: name a configuration with --config FILE, write one with `comeback init`, or try \
                 --demo stuck-busy"
            ),
        }
    }

    /// On how many stacks trials are run if nobody says so.
    pub fn usual_jobs(&self) -> usize {
        match self.is_demo() && !self.simulated {
            true => demos_at_once().min(MOST_TRIALS),
            false => 1,
        }
    }

    /// How many more stacks a failure can be shrunk on, beside those that trials are run on. Only
    /// live demos are there for the asking.
    pub fn spares(&self, jobs: usize) -> usize {
        match self.is_demo() && !self.simulated {
            true => demos_at_once().saturating_sub(jobs),
            false => 0,
        }
    }

    /// Whether it is the embedded demo, which has no configuration.
    pub fn is_demo(&self) -> bool {
        self.demo.is_some()
    }
}

/// Says which variables cannot be kept out of texts.
fn warn_of(variables: &[String]) {
    if !variables.is_empty() {
        stream::say(&format!(
            "comeback: not redacted, because shorter than {SHORTEST} characters: {}",
            variables.join(", ")
        ));
    }
}

/// How many demos this machine has the time for.
fn demos_at_once() -> usize {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let load = LoadAverage::current().map_or(0.0, |load| load.one);
    match load > BUSY * processors as f32 {
        true => 2,
        false => (DEMOS_A_PROCESSOR * processors).min(MOST_DEMOS),
    }
}

fn default_config() -> PathBuf {
    PathBuf::from("comeback.toml")
}

/// The file of this program.
///
/// # Errors
/// When the kernel does not say.
pub fn my_executable() -> anyhow::Result<PathBuf> {
    std::env::current_exe().context("cannot find my own executable")
}
