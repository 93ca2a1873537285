//! The steps of a plan: each waits for its anchor, and does what it does.

use futures_util::future::join_all;
use tokio::time::{Duration, Instant, sleep};

use super::anchors::{Active, Anchors};
use super::trial::Trial;
use crate::load;
use crate::model::{Action, Fault, Step, StepId};
use crate::trace::{EventKind, Origin};
use crate::watched;

/// The steps of one plan under way.
pub(super) struct Steps<'a> {
    trial: &'a Trial<'a>,
    anchors: Anchors<'a>,
    /// How many steps still have something to do that the rest of the trial waits for: a burst to
    /// start, a fault or a wait to end.
    open: watched::Sender<usize>,
    /// For each step, whether it has ended or was skipped.
    over: Vec<watched::Sender<bool>>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(trial: &'a Trial<'a>, from_seq: u64) -> Self {
        let anchors = Anchors {
            plan: trial.plan,
            recorder: trial.recorder,
            from_seq,
            began: Instant::now(),
            active: watched::Sender::new(0),
            readiness: trial.readiness,
            timeout: trial.executor.settings.anchor_timeout,
        };
        let count = trial.plan.steps.len();
        let over = (0..count).map(|_| watched::Sender::new(false)).collect();
        Steps {
            trial,
            anchors,
            open: watched::Sender::new(count),
            over,
        }
    }

    /// Runs every step to its end.
    pub(super) async fn run(&self) {
        join_all((0..self.over.len()).map(|index| self.step(index))).await;
    }

    /// Waits until every burst has started, and every fault and wait has ended. Bursts may go on
    /// for as long as their requests hang.
    pub(super) async fn settled(&self) {
        // The sender is in `self`, so the wait cannot fail.
        let _ = self.open.subscribe().wait_for(|open| *open == 0).await;
    }

    async fn step(&self, index: usize) {
        let step = &self.trial.plan.steps[index];
        match self.anchors.wait(&step.anchor).await {
            Err(reason) => {
                let step = step.id.clone();
                self.trial
                    .recorder
                    .record(EventKind::StepSkipped { step, reason });
                self.close();
            }
            Ok(active) => self.act(index, step, active).await,
        }
        self.over[index].send_replace(true);
    }

    async fn act(&self, index: usize, step: &Step, mut active: Active) {
        if let Action::Fault(fault) = &step.action {
            // Whoever waits for a turn does nothing: an earlier fault whose event never comes must
            // be found out.
            drop(active);
            self.turn(index, fault).await;
            active = self.anchors.active();
        }
        let id = step.id.clone();
        self.trial
            .recorder
            .record(EventKind::StepStarted { step: id.clone() });
        match &step.action {
            Action::Burst(burst) => {
                self.close();
                load::burst(self.trial.client, &Origin::Step(id.clone()), burst).await;
            }
            Action::Fault(fault) => self.strike(&id, fault).await,
            Action::Wait(wait) => sleep(Duration::from_millis(wait.wait_ms)).await,
        }
        // The end is recorded while the step still counts as active, so that whoever waits for it
        // sees it in time.
        self.trial
            .recorder
            .record(EventKind::StepEnded { step: id });
        if !matches!(step.action, Action::Burst(_)) {
            self.close();
        }
        drop(active);
    }

    /// Waits until the faults of the same backend that come before in the plan are over.
    async fn turn(&self, index: usize, fault: &Fault) {
        for (step, over) in self.trial.plan.steps.iter().zip(&self.over).take(index) {
            if matches!(&step.action, Action::Fault(before) if before.backend == fault.backend) {
                let _ = over.subscribe().wait_for(|over| *over).await;
            }
        }
    }

    async fn strike(&self, id: &StepId, fault: &Fault) {
        self.trial.readiness.struck(&fault.backend);
        match self.trial.nemesis.strike(id, fault).await {
            Ok(()) => self.trial.readiness.undone(&fault.backend, id),
            Err(error) => self
                .trial
                .trouble(&format!("{id}: {fault}"), error.to_string()),
        }
    }

    fn close(&self) {
        self.open.send_modify(|open| *open -= 1);
    }
}
