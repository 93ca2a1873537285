//! The trials of a campaign, on one stack or on several side by side.
//!
//! Each stack has a worker, which begins the next trial as soon as its stack is free. Results are
//! recorded in plan order: the worker that finishes the trial that is due records it, and those
//! after it that were finished earlier. Where a failure is new, that worker runs the control and
//! shrinks on its own stack, while the others finish their trials and wait: executions that are
//! compared with each other have the machine to themselves. So a campaign on several stacks gives
//! the same result as on one.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{panic, thread};

use futures_util::future::join_all;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::Mutex;
use tokio::task::block_in_place;

use super::ledger::{Entry, Ledger};
use super::progress::CampaignProgress;
use super::{Audience, Bench, Campaign, CampaignError, Interrupt, PlanSource, save};
use crate::latency::Latencies;
use crate::model::{Judgement, Verdict};
use crate::trace::{Phase, Trace, View};

/// A stack, and how many trials it has been through since its last reset.
pub(super) type UsedStack<'a> = (&'a Bench, u64);

/// The trials that are left of a campaign.
pub(super) struct TrialQueue<'a> {
    campaign: &'a Campaign,
    interrupt: &'a Interrupt,
    audience: &'a dyn Audience,
    folder: PathBuf,
    began: Instant,
    /// How long after that new trials are begun, if that is limited. The sum of the two may be more
    /// than a clock can tell.
    left: Option<Duration>,
    /// The trial that is begun next.
    next: AtomicU64,
    /// Whether it is decided that nothing more is to be done.
    is_ended: AtomicBool,
    results: Mutex<OrderedResults<'a>>,
}

/// Results, recorded in plan order.
struct OrderedResults<'a> {
    progress: &'a mut CampaignProgress,
    ledger: &'a mut Ledger,
    /// Trials that are done while one before them is not.
    waiting: BTreeMap<u64, Trace>,
}

impl<'a> TrialQueue<'a> {
    pub fn new(
        campaign: &'a Campaign,
        progress: &'a mut CampaignProgress,
        ledger: &'a mut Ledger,
        interrupt: &'a Interrupt,
        audience: &'a dyn Audience,
    ) -> Self {
        TrialQueue {
            campaign,
            interrupt,
            audience,
            folder: ledger.folder().to_owned(),
            began: Instant::now(),
            left: campaign.left(progress),
            next: AtomicU64::new(progress.summary.plans_executed),
            is_ended: AtomicBool::new(progress.ways_to_fail() >= campaign.max_failures),
            results: Mutex::new(OrderedResults {
                progress,
                ledger,
                waiting: BTreeMap::new(),
            }),
        }
    }

    /// Does the trials on these stacks.
    ///
    /// # Errors
    /// When a stack cannot be reset, or a file cannot be written: the first of these errors, when
    /// all have ended.
    pub async fn share_out(&self, places: &[UsedStack<'_>]) -> Result<(), CampaignError> {
        if let [place] = places {
            return self.on(*place).await;
        }
        let handle = Handle::current();
        if handle.runtime_flavor() == RuntimeFlavor::CurrentThread {
            // The runtime's only thread may not be blocked: nothing would come or go on any stack.
            // So all share it, and simulated trials, which keep their thread busy, are done one
            // after the other.
            let workers = join_all(places.iter().map(|place| self.on(*place)));
            return workers.await.into_iter().fold(Ok(()), Result::and);
        }
        // A simulated trial keeps its thread busy, so that every stack needs one.
        let on = |place| handle.block_on(self.on(place));
        block_in_place(|| {
            thread::scope(|scope| {
                let workers = places.iter().map(|place| scope.spawn(|| on(*place)));
                let workers: Vec<_> = workers.collect();
                let joined = workers.into_iter().map(|worker| {
                    let joined = worker.join();
                    joined.unwrap_or_else(|lost| panic::resume_unwind(lost))
                });
                joined.fold(Ok(()), Result::and)
            })
        })
    }

    async fn on(&self, place: UsedStack<'_>) -> Result<(), CampaignError> {
        let done = self.trials(place).await;
        if done.is_err() {
            self.end();
        }
        done
    }

    async fn trials(
        &self,
        (bench, mut trials_since_reset): UsedStack<'_>,
    ) -> Result<(), CampaignError> {
        while let Some(index) = self.begin() {
            let plan = self
                .campaign
                .plans
                .plan(&bench.space, self.campaign.seed, index);
            let path = save::trial(&self.folder, index);
            let trial = bench.trial(
                &plan,
                &path,
                trials_since_reset,
                self.interrupt,
                self.audience,
            );
            let trace = trial.await?;
            let mut verdict = trace.verdict();
            trials_since_reset += 1;
            if self.bring(index, trace, bench).await? {
                // What was executed there is not known to have held.
                (trials_since_reset, verdict) = (1, Verdict::Violated);
            }
            let is_last = self.is_ended() || !self.is_any_left();
            if self.interrupt.is_requested() || (is_last && !bench.executor.stands_alone()) {
                break;
            }
            if bench.wants_reset(verdict) && bench.refresh(self.audience).await? {
                trials_since_reset = 0;
            } else if verdict != Verdict::Holds && !bench.executor.can_reset() {
                // A stack that may still be broken, and cannot be made anew, would only be blamed
                // again.
                self.end();
            }
        }
        Ok(())
    }

    /// The trial to begin now; none when enough was done.
    fn begin(&self) -> Option<u64> {
        let is_over = self.left.is_some_and(|left| self.began.elapsed() >= left);
        if self.is_ended() || self.interrupt.is_requested() || is_over || !self.is_any_left() {
            return None;
        }
        let index = self.next.fetch_add(1, Ordering::Relaxed);
        (index < self.campaign.plans.count()).then_some(index)
    }

    fn is_any_left(&self) -> bool {
        self.next.load(Ordering::Relaxed) < self.campaign.plans.count()
    }

    fn end(&self) {
        self.is_ended.store(true, Ordering::Relaxed);
    }

    fn is_ended(&self) -> bool {
        self.is_ended.load(Ordering::Relaxed)
    }

    /// Brings a trial, and takes in what is due. Tells whether more was executed on this stack for
    /// it.
    async fn bring(&self, index: u64, trace: Trace, bench: &Bench) -> Result<bool, CampaignError> {
        let mut results = self.results.lock().await;
        results.waiting.insert(index, trace);
        let mut is_used = false;
        while !self.is_ended()
            && let Some(trace) = results.due()
        {
            is_used |= self.record_result(&mut results, trace, bench).await?;
        }
        Ok(is_used)
    }

    async fn record_result(
        &self,
        results: &mut OrderedResults<'_>,
        mut trace: Trace,
        bench: &Bench,
    ) -> Result<bool, CampaignError> {
        let (campaign, interrupt) = (self.campaign, self.interrupt);
        let OrderedResults {
            progress, ledger, ..
        } = results;
        let index = trace.plan.index;
        let path = save::trial(&self.folder, index);
        let control = match progress.is_known(&trace) {
            // What is known already is not blamed on the stack by a run of two more minutes.
            true => None,
            false => {
                let controls = &mut progress.controls;
                controls
                    .weigh(&mut trace, &path, bench, interrupt, self.audience)
                    .await?
            }
        };
        let mut is_used = control.is_some();
        if interrupt.is_requested() && is_cut_short(&trace) {
            // It tells nothing, and is done again if the campaign is resumed.
            self.end();
            return Ok(is_used);
        }
        let latencies = Latencies::of(&View::new(&trace));
        let latency_bytes = save::latencies(&self.folder, &trace, &latencies)?;
        let failure = match progress.new_signature(&trace) {
            Some(signature) => {
                let (traces, plan) = (&campaign.traces, &trace.plan);
                let keep = |folder| save::keep_trace(folder, &path, &bench.info, &signature, plan);
                // That it failed is told, wherever its trace can be kept.
                let (kept, trouble) = match keep(traces) {
                    Ok(kept) => (kept, None),
                    Err(error) => (keep(&self.folder)?, Some(error)),
                };
                let mut failure = progress.failure(&trace, signature, &kept);
                if let Some(error) = trouble {
                    failure.message += &format!(" (its trace is in the run's folder: {error})");
                }
                Some(failure)
            }
            None => None,
        };
        let is_new = failure.is_some();
        let mut finished = progress.finished(&trace, failure, control, latency_bytes);
        if trace.judgement.as_ref().is_some_and(Judgement::is_doubted) {
            let kept = save::keep_doubted(&self.folder, index)?;
            finished.doubted = Some(kept.display().to_string());
        }
        ledger.write(&Entry::Trial(Box::new(finished.clone())))?;
        let verdict = finished.verdict;
        progress.add(finished, &latencies)?;
        if let PlanSource::Scenario(_) = campaign.plans {
            progress.rehearse(&trace, verdict);
        }
        if let (true, Some(budget)) = (is_new, campaign.shrink) {
            // Whatever becomes of shrinking, that it failed is told.
            progress.judge(campaign.max_inconclusive);
            save::summary(&self.folder, &progress.summary)?;
            let last = progress.summary.failures.len() - 1;
            let share = progress.share_of(budget);
            let kept = PathBuf::from(&progress.summary.failures[last].trace);
            let began = Instant::now();
            let shrunk = bench.shrink(&trace, &kept, &self.folder, share, interrupt, self.audience);
            progress.shrunk(last, shrunk.await?, ledger, interrupt)?;
            progress.spent_on_shrinking += began.elapsed();
            is_used = true;
        }
        progress.judge(campaign.max_inconclusive);
        save::summary(&self.folder, &progress.summary)?;
        // What is not healthy before anything was done to it will not be so for the other plans
        // either.
        let is_hopeless = index == 0 && View::new(&trace).phase(Phase::Plan).is_none();
        if is_hopeless || progress.ways_to_fail() >= campaign.max_failures {
            self.end();
        }
        Ok(is_used)
    }
}

impl OrderedResults<'_> {
    /// The trial that is taken in next, if it is done.
    fn due(&mut self) -> Option<Trace> {
        self.waiting.remove(&self.progress.summary.plans_executed)
    }
}

/// Whether a trial was ended by somebody, so that its verdict is not its own.
fn is_cut_short(trace: &Trace) -> bool {
    trace.verdict() == Verdict::Inconclusive
}
