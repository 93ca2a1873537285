//! Executions on several stacks at once: the one that shrinking waits for, and those that it will
//! probably ask for next.
//!
//! Their results are used in the order in which shrinking asks for them, whichever is known first,
//! and what was not asked for is thrown away unseen. So no result has a better chance to count than
//! another: failures take longer than passes.

use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::lane::ExecutionOrder;
use crate::campaign::{CampaignError, Interrupt, StackHandle};
use crate::model::Plan;
use crate::shrink::{Execution, Found, KnownRun, Purpose, foresee};
use crate::trace::Trace;
use crate::watched;

/// Foreseeing may take one part in this many of the time for which executions are waited for.
const DEAR: u32 = 4;
/// So much of it is always worth a try.
const ANYWAY: Duration = Duration::from_millis(50);

/// Where shrinking has plans executed.
pub(super) struct Pipeline<'a> {
    found: &'a Found,
    handle: &'a StackHandle,
    /// None once there are to be no more.
    orders: Option<mpsc::UnboundedSender<ExecutionOrder>>,
    /// How many executions there may be at once.
    most_at_once: usize,
    known: Vec<KnownRun>,
    under_way: Vec<UnderWay>,
    /// How long executions were waited for, and how long it took to foresee them.
    waited: Duration,
    looked_ahead: Duration,
}

/// An execution that was begun before it was asked for.
struct UnderWay {
    /// It is asked for when the next results are these.
    supposed: Vec<Execution>,
    plan: Plan,
    in_haste: bool,
    execution: Ordered,
}

/// An execution that was ordered.
struct Ordered {
    cancel: watched::Sender<bool>,
    trace: oneshot::Receiver<Result<Trace, CampaignError>>,
}

/// The plan of which a complete trace is at hand, if there is one: only the guard's runs of other
/// plans have to be complete.
pub(super) type Whole<'p> = Option<&'p Plan>;

/// Whether an execution may end as soon as the failure shows.
pub(super) fn is_in_haste(plan: &Plan, purpose: Purpose, whole: Whole<'_>) -> bool {
    purpose != Purpose::Guard || whole == Some(plan)
}

impl<'a> Pipeline<'a> {
    pub fn new(
        found: &'a Found,
        handle: &'a StackHandle,
        orders: mpsc::UnboundedSender<ExecutionOrder>,
        most_at_once: usize,
    ) -> Self {
        Pipeline {
            found,
            handle,
            orders: Some(orders),
            most_at_once,
            known: Vec::new(),
            under_way: Vec::new(),
            waited: Duration::ZERO,
            looked_ahead: Duration::ZERO,
        }
    }

    /// Whether a plan may be executed.
    pub fn fits(&self, plan: &Plan) -> bool {
        self.handle.space.fits(plan).is_ok()
    }

    /// Executes a plan; `nth` is which execution it is. None if it was interrupted, or if its
    /// worker is gone.
    pub async fn execute(
        &mut self,
        plan: &Plan,
        purpose: Purpose,
        nth: u64,
        whole: Whole<'_>,
        interrupt: &Interrupt,
    ) -> Option<Result<Trace, CampaignError>> {
        let in_haste = is_in_haste(plan, purpose, whole);
        let is_it = |other: &UnderWay| {
            other.supposed.is_empty() && other.plan == *plan && other.in_haste <= in_haste
        };
        let Ordered { cancel, trace } = match self.under_way.iter().position(is_it) {
            Some(place) => self.under_way.swap_remove(place).execution,
            None => {
                // What was foreseen will not come: this one is not to wait for it.
                self.cancel(|_| true);
                self.order(plan, nth, in_haste)?
            }
        };
        self.look_ahead(nth, whole);
        let began = Instant::now();
        let trace = tokio::select! {
            biased;
            () = interrupt.requested() => {
                cancel.send_replace(true);
                None
            }
            trace = trace => trace.ok(),
        };
        self.waited += began.elapsed();
        trace
    }

    /// What the plan that was executed last counts as.
    pub fn result(&mut self, run: KnownRun) {
        let result = run.execution;
        self.known.push(run);
        self.cancel(|other| other.supposed.first() != Some(&result));
        for other in &mut self.under_way {
            other.supposed.remove(0);
        }
    }

    /// From now on fewer executions are under way at once: they may have been in each other's way.
    pub fn narrow(&mut self) {
        self.most_at_once = (self.most_at_once / 2).max(1);
    }

    /// No more executions are needed.
    pub fn end(&mut self) {
        self.cancel(|_| true);
        self.orders = None;
    }

    fn look_ahead(&mut self, nth: u64, whole: Whole<'_>) {
        let is_dear = self.looked_ahead > self.waited / DEAR + ANYWAY;
        if is_dear || self.under_way.len() + 1 >= self.most_at_once {
            return;
        }
        let fits = |plan: &Plan| self.fits(plan);
        let (found, seed) = (self.found, self.found.plan.seed);
        let began = Instant::now();
        let foreseen = foresee(found, seed, &self.known, self.most_at_once, &fits);
        self.looked_ahead += began.elapsed();
        for next in foreseen {
            let is_known = |other: &UnderWay| other.supposed == next.supposed;
            let is_full = self.under_way.len() + 1 >= self.most_at_once;
            if next.supposed.is_empty() || is_full || self.under_way.iter().any(is_known) {
                continue;
            }
            let in_haste = is_in_haste(&next.plan, next.purpose, whole);
            let nth = nth + next.supposed.len() as u64;
            let Some(execution) = self.order(&next.plan, nth, in_haste) else {
                return;
            };
            self.under_way.push(UnderWay {
                supposed: next.supposed,
                plan: next.plan,
                in_haste,
                execution,
            });
        }
    }

    fn order(&self, plan: &Plan, nth: u64, in_haste: bool) -> Option<Ordered> {
        let (cancel, cancelled) = watched::channel(false);
        let (reply, trace) = oneshot::channel();
        let order = ExecutionOrder {
            plan: plan.clone(),
            nth,
            in_haste,
            interrupt: Interrupt::new(cancelled),
            reply,
        };
        self.orders.as_ref()?.send(order).ok()?;
        Some(Ordered { cancel, trace })
    }

    fn cancel(&mut self, is_needless: impl Fn(&UnderWay) -> bool) {
        self.under_way.retain(|other| {
            let needless = is_needless(other);
            if needless {
                other.execution.cancel.send_replace(true);
            }
            !needless
        });
    }
}
