//! The trials of a campaign, on one stack or on several in parallel.
//!
//! Each stack has a worker, which begins the next trial as soon as its stack is free. Results are
//! recorded in plan order: the worker that finishes the trial that is due records it, and those
//! after it that were finished earlier. If a failure is new, that worker runs the control, and
//! shrinks on its own stack and on those of the others, which finish their trials and wait. So a
//! campaign on several stacks gives the same result as on one.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, MutexGuard};

use super::ledger::{Entry, Ledger};
use super::progress::CampaignProgress;
use super::shared_stack::{SharedStack, StackUse};
use super::shrinking::{Shrinking, shrink_on};
use super::side_by_side::side_by_side;
use super::{Attempt, Audience, Campaign, CampaignError, Interrupt, PlanSource, save};
use crate::latency::Latencies;
use crate::model::{Judgement, Verdict};
use crate::trace::{Phase, Trace, View};

/// The remaining trials of a campaign.
pub(super) struct TrialQueue<'a> {
    campaign: &'a Campaign,
    interrupt: &'a Interrupt,
    audience: &'a dyn Audience,
    places: &'a [SharedStack<'a>],
    folder: PathBuf,
    began: Instant,
    /// How long after that new trials are begun, if that is limited. The sum of the two may be
    /// beyond what `Instant` can hold.
    time_left: Option<Duration>,
    /// The index of the next trial.
    next: AtomicU64,
    /// Whether no more trials are begun.
    is_ended: AtomicBool,
    results: Mutex<OrderedResults<'a>>,
}

/// Results, recorded in plan order.
struct OrderedResults<'a> {
    progress: &'a mut CampaignProgress,
    ledger: &'a mut Ledger,
    /// Finished trials that wait for an earlier one.
    waiting: BTreeMap<u64, Trace>,
}

impl<'a> TrialQueue<'a> {
    pub fn new(
        campaign: &'a Campaign,
        places: &'a [SharedStack<'a>],
        progress: &'a mut CampaignProgress,
        ledger: &'a mut Ledger,
        interrupt: &'a Interrupt,
        audience: &'a dyn Audience,
    ) -> Self {
        TrialQueue {
            campaign,
            interrupt,
            audience,
            places,
            folder: ledger.folder().to_owned(),
            began: Instant::now(),
            time_left: campaign.time_left(progress),
            next: AtomicU64::new(progress.summary.plans_executed),
            is_ended: AtomicBool::new(progress.ways_to_fail() >= campaign.max_failures),
            results: Mutex::new(OrderedResults {
                progress,
                ledger,
                waiting: BTreeMap::new(),
            }),
        }
    }

    /// Runs the trials on the first `workers` stacks. The others are there for shrinking.
    ///
    /// # Errors
    /// When a stack cannot be reset, or a file cannot be written: the first of these errors, when
    /// all have ended.
    pub async fn run(&self, workers: usize) -> Result<(), CampaignError> {
        if workers == 1 {
            return self.work_on(0).await;
        }
        let workers = (0..workers).map(|nth| move || self.work_on(nth));
        let ((), ended) = side_by_side(async {}, workers.collect()).await;
        ended.into_iter().fold(Ok(()), Result::and)
    }

    async fn work_on(&self, place: usize) -> Result<(), CampaignError> {
        let done = self.trials(place).await;
        if done.is_err() {
            self.end();
        }
        done
    }

    async fn trials(&self, nth: usize) -> Result<(), CampaignError> {
        let place = &self.places[nth];
        let handle = place.handle;
        while let Some(index) = self.begin() {
            let plan = self
                .campaign
                .plans
                .plan(&handle.space, self.campaign.seed, index);
            let path = save::trial(&self.folder, index);
            let mut usage = place.usage.lock().await;
            let attempt = Attempt {
                trials_since_reset: usage.trials_since_reset,
                path: Some(&path),
                ..Attempt::of(&plan)
            };
            let trial = handle.execute(attempt, self.interrupt, self.audience);
            let trace = trial.await?;
            let held = trace.verdict();
            usage.trials_since_reset += 1;
            // While this waits until the result is due, a worker that shrinks may use the stack.
            drop(usage);
            self.add(index, trace, nth).await?;
            let mut usage = place.usage.lock().await;
            // The executions of shrinking need not have held.
            let verdict = match usage.is_borrowed {
                true => Verdict::Violated,
                false => held,
            };
            usage.is_borrowed = false;
            let is_last = self.is_ended() || !self.is_any_left();
            if self.interrupt.is_requested() || (is_last && !handle.executor.stands_alone()) {
                break;
            }
            if handle.wants_reset(verdict) && handle.reset(self.audience).await? {
                usage.trials_since_reset = 0;
            } else if verdict != Verdict::Holds && !handle.can_reset() {
                // A stack that may be broken and cannot be reset would only fail again.
                self.end();
            }
        }
        Ok(())
    }

    /// The index of the trial to begin now; none when the campaign ends.
    fn begin(&self) -> Option<u64> {
        let is_over = self
            .time_left
            .is_some_and(|left| self.began.elapsed() >= left);
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

    /// Adds a finished trial of a place, and records all results that are due.
    async fn add(&self, index: u64, trace: Trace, nth: usize) -> Result<(), CampaignError> {
        let mut results = self.results.lock().await;
        results.waiting.insert(index, trace);
        while !self.is_ended()
            && let Some(trace) = results.due()
        {
            self.record_result(&mut results, trace, nth).await?;
        }
        Ok(())
    }

    /// Records a result, with executions on the stack of a place, and on others, where it takes
    /// some.
    async fn record_result(
        &self,
        results: &mut OrderedResults<'_>,
        mut trace: Trace,
        nth: usize,
    ) -> Result<(), CampaignError> {
        let (campaign, interrupt) = (self.campaign, self.interrupt);
        let OrderedResults {
            progress, ledger, ..
        } = results;
        let index = trace.plan.index;
        let path = save::trial(&self.folder, index);
        let place = &self.places[nth];
        let control = match progress.is_known(&trace) {
            // A known failure needs no control.
            true => None,
            false => {
                let mut usage = place.usage.lock().await;
                let controls = &mut progress.controls;
                let weighed =
                    controls.weigh(&mut trace, &path, place.handle, interrupt, self.audience);
                let control = weighed.await?;
                if control.is_some() {
                    borrowed(&mut usage);
                }
                control
            }
        };
        if interrupt.is_requested() && is_cut_short(&trace) {
            // It has no result, and is done again if the campaign is resumed.
            self.end();
            return Ok(());
        }
        let latencies = Latencies::of(&View::new(&trace));
        let latency_bytes = save::latencies(&self.folder, &trace, &latencies)?;
        let failure = match progress.new_signature(&trace) {
            Some(signature) => {
                let (traces, plan) = (&campaign.traces, &trace.plan);
                let keep =
                    |folder| save::keep_trace(folder, &path, &place.handle.info, &signature, plan);
                // The failure counts even if its trace cannot be kept.
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
            // The failure counts whatever becomes of shrinking.
            progress.judge(campaign.max_inconclusive);
            save::summary(&self.folder, &progress.summary)?;
            let last = progress.summary.failures.len() - 1;
            let shrinking = Shrinking {
                kept: &PathBuf::from(&progress.summary.failures[last].trace),
                folder: &self.folder,
                budget: progress.share_of(budget),
            };
            let began = Instant::now();
            // This worker's own stack is free.
            let (before, own) = self.places.split_at(nth);
            let places = own.iter().chain(before);
            let shrunk = shrink_on(places, &trace, shrinking, interrupt, self.audience);
            progress.shrunk(last, shrunk.await?, ledger, interrupt)?;
            progress.spent_on_shrinking += began.elapsed();
        }
        progress.judge(campaign.max_inconclusive);
        save::summary(&self.folder, &progress.summary)?;
        // A stack that fails before any fault will fail in the other trials, too.
        let is_hopeless = index == 0 && View::new(&trace).phase(Phase::Plan).is_none();
        if is_hopeless || progress.ways_to_fail() >= campaign.max_failures {
            self.end();
        }
        Ok(())
    }
}

impl OrderedResults<'_> {
    /// The trial whose result is due, if it is finished.
    fn due(&mut self) -> Option<Trace> {
        self.waiting.remove(&self.progress.summary.plans_executed)
    }
}

/// The control of a trial was executed on the stack.
fn borrowed(usage: &mut MutexGuard<'_, StackUse>) {
    usage.trials_since_reset = 1;
    usage.is_borrowed = true;
}

/// Whether a trial was interrupted, so that its verdict does not count.
fn is_cut_short(trace: &Trace) -> bool {
    trace.verdict() == Verdict::Inconclusive
}
