//! `comeback run`: random plans against a live stack, or a simulated one.

use std::collections::BTreeSet;
use std::iter::repeat_n;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::known;
use crate::assembly::Presence;
use crate::campaign::{Campaign, Interrupt, Ledger, PlanSource, ShrinkBudget, StackHandle, Stacks};
use crate::cli::kit::{
    Budget, Exit, Output, Progress, Session, Source, above_zero, folder, reports, saved, scope,
    seed, seed_of_now, share, stream, whole, with_stacks, words,
};
use crate::model::{Plan, Summary};
use crate::nemesis::Journal;
use crate::report::{Forecast, Scope, terminal};
use crate::scenario::Scenario;

/// Execute random plans against a stack, and say whether its API comes back.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  comeback run --demo stuck-busy --seed 1\n  \
    comeback run --demo stuck-busy --sim --plans 1000\n  \
    comeback run --config comeback.toml --plans 20\n  \
    comeback run --config comeback.toml --scenario in-flight"
)]
pub struct Run {
    #[command(flatten)]
    source: Source,
    /// If another comeback uses the stack, wait until it has ended instead of giving up.
    #[arg(long)]
    wait: bool,
    /// Simulate the demo instead of starting it: in memory, on a clock of its own, the same for
    /// each seed, and fast.
    #[arg(long, requires = "demo", conflicts_with = "config")]
    sim: bool,
    /// Try this fixed scenario instead, once with a stop and once with a kill: idle, in-flight or
    /// rapid.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["plans", "seed"])]
    scenario: Option<Scenario>,
    /// How many plans to try at most [default: 100, or without end where --for is given].
    #[arg(long, alias = "trials", value_name = "N", value_parser = whole(1..=u64::MAX))]
    plans: Option<u64>,
    /// For how long to begin new trials, such as 30m or 8h.
    #[arg(long = "for", value_name = "TIME", value_parser = above_zero)]
    at_most: Option<Duration>,
    /// Decides the plans: the same seed gives the same plans. Drawn by chance if it is not given.
    #[arg(long, value_name = "N", value_parser = seed)]
    seed: Option<u64>,
    /// Run trials on N stacks in parallel: several demos; copies of a configured stack, by its
    /// `instances` or by `${port:NAME}`; or simulated trials. They find the same, unless trials
    /// slow each other down. A failure is shrunk on all of them; a demo's on up to six [default: 1;
    /// for a demo that is not simulated up to 4, by the processors and their load].
    #[arg(long, value_name = "N", value_parser = whole(1..=64_u64))]
    jobs: Option<u64>,
    /// The folder below which everything about this run is saved.
    #[arg(long, default_value = "runs", value_name = "DIR")]
    out: PathBuf,
    /// The folder in which failing traces are kept.
    #[arg(long, default_value = "traces", value_name = "DIR")]
    traces: PathBuf,
    /// Stop at this many different failures. One that shows in less than a quarter of its
    /// executions is kept, and is not counted.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = whole(1..=u64::MAX))]
    max_failures: u64,
    /// The tolerated share of inconclusive trials, such as `5%` or `0.05`.
    #[arg(long, default_value = "5%", value_name = "SHARE", value_parser = share)]
    max_inconclusive: f64,
    /// A file of tolerated signatures, one a line (`v1/explicit-errors/*/no-message/*`: `*` stands
    /// for any part). They are counted, and neither stop the run nor make it exit with 1.
    #[arg(long, value_name = "FILE", conflicts_with = "scenario")]
    known: Option<PathBuf>,
    /// Continue the interrupted or killed run in this folder, with its settings. Finished trials
    /// are not repeated; one that was under way is.
    #[arg(long, value_name = "RUN", conflicts_with_all = ["sim", "scenario", "plans", "at_most", "seed", "out", "traces",
        "max_failures", "max_inconclusive", "known", "no_shrink", "shrink_runs", "shrink_for"])]
    resume: Option<PathBuf>,
    /// Only list what would be touched and by which acts (every container by its id, every
    /// command), and how long it may take. Nothing is done.
    #[arg(long, conflicts_with = "resume")]
    dry_run: bool,
    /// Keep failing plans as they were found.
    #[arg(long)]
    no_shrink: bool,
    #[command(flatten)]
    budget: Budget,
}

impl Run {
    pub async fn run(self, output: &Output) -> anyhow::Result<Exit> {
        if let Some(run) = &self.resume {
            return self.resume(run, output).await;
        }
        if self.dry_run {
            return self.list(output).await;
        }
        let known = match &self.known {
            Some(file) => known::read(file)?,
            None => BTreeSet::new(),
        };
        let source = self.source.clone().simulated(self.sim);
        let source = source.waiting(self.wait);
        let jobs = self.jobs(&source)?;
        let spares = if self.shrinks() {
            source.spares(jobs)
        } else {
            0
        };
        let sessions = Session::several(&source, jobs + spares).await?;
        let handle = sessions[0].handle();
        for contradiction in handle.contradictions() {
            output.aside(&format!(
                "warning: {}; {}",
                contradiction.what, contradiction.remedy
            ));
        }
        let plans = self.plans(handle);
        folder::require_text("--traces", &self.traces)?;
        folder::make("--out", &self.out)?;
        folder::make("--traces", &self.traces)?;
        if !source.is_simulated() {
            let scope = self.scope(handle, jobs);
            output.aside(&format!("stack `{}`: {}", scope.stack, scope.line()));
        }
        // A newcomer who tries the demo is to see a discovery.
        let (reuse, unreadable) = match self.scenario.is_some() || source.is_demo() {
            true => (Vec::new(), Vec::new()),
            false => saved::failures_of(&handle.info, &self.traces)?,
        };
        let campaign = Campaign {
            reuse,
            unreadable,
            known,
            seed: match self.scenario {
                Some(_) => 0,
                None => self.seed.unwrap_or_else(seed_of_now),
            },
            // A scenario is executed as a whole, whatever its first plan shows.
            max_failures: match self.scenario {
                Some(_) => usize::MAX,
                None => usize::try_from(self.max_failures)?,
            },
            plans,
            at_most: self.at_most,
            max_inconclusive: self.max_inconclusive,
            shrink: self.shrinks().then(|| ShrinkBudget {
                shared: Some(Duration::ZERO),
                ..self.budget()
            }),
            out: self.out,
            traces: self.traces,
        };
        let progress = Progress::within(output, of(&campaign), campaign.at_most);
        let stacks = stacks(&sessions, jobs);
        let mut found = None;
        let run = async |stacks: &Stacks<'_>, interrupt: &Interrupt| {
            found = Some(campaign.run(stacks, interrupt, &progress).await?);
            Ok(())
        };
        let ended = with_stacks(&stacks, sessions[0].interrupt(), &progress, run).await;
        progress.finish();
        finish(found, ended, output)
    }

    /// Lists what a run would touch. No journal is begun, for nothing is done.
    async fn list(self, output: &Output) -> anyhow::Result<Exit> {
        let source = self.source.clone().simulated(self.sim);
        let journal = Arc::new(Journal::nowhere());
        let mut scopes = Vec::new();
        let jobs = self.jobs(&source)?;
        let stacks = if source.is_simulated() { 1 } else { jobs };
        for nth in 0..stacks {
            let handle = source.handle(nth, &journal, Presence::Running).await?;
            scopes.push(self.scope(&handle, jobs));
        }
        let text = Vec::from_iter(scopes.iter().map(Scope::text)).join("\n");
        output.document(&scopes, &format!("{text}\nNothing was done."))?;
        Ok(Exit::Success)
    }

    /// How many trials are run at once.
    fn jobs(&self, source: &Source) -> anyhow::Result<usize> {
        let plans = self.plans.unwrap_or(u64::MAX);
        Ok(match self.jobs {
            Some(jobs) => usize::try_from(jobs)?,
            None => source
                .usual_jobs()
                .min(usize::try_from(plans).unwrap_or(usize::MAX)),
        })
    }

    /// The plans that are tried.
    fn plans(&self, handle: &StackHandle) -> PlanSource {
        match self.scenario {
            Some(scenario) => PlanSource::Scenario(scenario_plans(scenario, handle)),
            None => PlanSource::Random(self.plans.unwrap_or(match self.at_most {
                Some(_) => u64::MAX,
                None => 100,
            })),
        }
    }

    /// What is touched, and how long it may take.
    fn scope(&self, handle: &StackHandle, jobs: usize) -> Scope {
        let plans = self.plans(handle);
        let fixed = match &plans {
            PlanSource::Scenario(plans) => Some(&**plans),
            PlanSource::Random(_) => None,
        };
        let millis = |time: Duration| time.as_millis() as u64;
        let budget = self.budget();
        let forecast = Forecast {
            trials: Some(plans.count()).filter(|count| *count < u64::MAX),
            jobs: jobs as u64,
            plan_ms: plans.planned_ms(&handle.space, self.seed.unwrap_or(0)),
            at_most_ms: self.at_most.map(millis),
            shrink_ms: self.shrinks().then(|| millis(budget.within)),
        };
        Scope {
            forecast: Some(forecast),
            ..scope::of(handle, fixed)
        }
    }

    /// What may be spent on shrinking.
    fn budget(&self) -> ShrinkBudget {
        match self.source.is_demo() && !self.sim {
            true => self.budget.of_demo(),
            false => self.budget.usual(),
        }
    }

    /// Whether failing plans are shrunk. A scenario's plans are meant to be as they are.
    fn shrinks(&self) -> bool {
        !self.no_shrink && self.scenario.is_none()
    }

    /// Continues a run. A demo's needs only its folder; any other needs its configuration.
    async fn resume(&self, run: &Path, output: &Output) -> anyhow::Result<Exit> {
        folder::require_text("--resume", run)?;
        let mut ledger = Ledger::open(run)?;
        let source = match ledger.stack() {
            Some(stack) => self.source.or_of_trace(stack)?,
            None => self.source.clone(),
        };
        let source = source.waiting(self.wait);
        let jobs = self.jobs(&source)?;
        let sessions = Session::several(&source, jobs + source.spares(jobs)).await?;
        let handle = sessions[0].handle();
        let mut campaign = ledger.campaign(handle)?;
        folder::make("--traces", &campaign.traces)?;
        if ledger.finished() == 0 && !source.is_demo() {
            (campaign.reuse, campaign.unreadable) =
                saved::failures_of(&handle.info, &campaign.traces)?;
        }
        let progress = Progress::within(output, of(&campaign), campaign.at_most);
        progress.begin_at(ledger.finished());
        let stacks = stacks(&sessions, jobs);
        let mut found = None;
        let resume = async |stacks: &Stacks<'_>, interrupt: &Interrupt| {
            let resumed = campaign.resume(&mut ledger, stacks, interrupt, &progress);
            found = Some(resumed.await?);
            Ok(())
        };
        let ended = with_stacks(&stacks, sessions[0].interrupt(), &progress, resume).await;
        progress.finish();
        finish(found, ended, output)
    }
}

/// The stacks of these sessions. Trials are run on the first ones, each used as often as it can be
/// at once, until there are as many as trials to run at once.
fn stacks(sessions: &[Session], jobs: usize) -> Stacks<'_> {
    let (first, others) = (&sessions[0], &sessions[1..]);
    let repeated = first.handle().runner.most_at_once().min(jobs) - 1;
    let workers = others.iter().map(Session::handle).take(jobs - 1);
    let copies = repeat_n(first.handle(), repeated).chain(workers);
    let spares = others.iter().map(Session::handle).skip(jobs - 1);
    Stacks::new(first.handle(), copies).with_spares(spares)
}

/// How many trials there will be, if that is known.
fn of(campaign: &Campaign) -> Option<u64> {
    Some(campaign.plans.count()).filter(|count| *count < u64::MAX)
}

/// Writes the reports of a run, and its result, even if the reports cannot be written or the stack
/// could not be left as it was found.
fn finish(
    summary: Option<Summary>,
    ended: anyhow::Result<Option<()>>,
    output: &Output,
) -> anyhow::Result<Exit> {
    let Some(summary) = summary else {
        return ended.map(|_| Exit::Interrupted);
    };
    let written = reports::write_beside(&summary);
    let page = match &written {
        Ok(()) => "; the page is report.html there.",
        Err(_) => ".",
    };
    let text = terminal::summary(&summary);
    output.document(&summary, &format!("{text}{page}"))?;
    if let Some(why) = &summary.broken_off {
        stream::say(&format!("comeback: the run was broken off: {why}"));
    }
    ended?;
    match (exit(&summary), written) {
        // A violation is not hidden by a disk that is full.
        (exit @ (Exit::Violated | Exit::Inconclusive | Exit::Interrupted), Err(error)) => {
            let why = words(&error);
            stream::say(&format!("comeback: the reports are not complete: {why}"));
            Ok(exit)
        }
        (exit, written) => written.map(|()| exit),
    }
}

/// The plans of a scenario for the stack's first backend, which is kept away for as long as the
/// stack's pace asks for: three seconds where outages last up to the default of 45.
fn scenario_plans(scenario: Scenario, handle: &StackHandle) -> Vec<Plan> {
    let kinds = &handle.executor.kinds;
    let outage_ms = handle.space.bounds().outage_ms.end() / 15;
    let backend = handle.info.backends.first();
    backend
        .map(|backend| scenario.plans(backend, kinds, outage_ms))
        .unwrap_or_default()
}

fn exit(summary: &Summary) -> Exit {
    match summary.interrupted {
        true => Exit::Interrupted,
        false => summary.verdict.into(),
    }
}
