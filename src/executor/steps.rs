//! The steps of a plan: each waits for its anchor, and does what it does.

use futures_util::future::join_all;
use tokio::time::{Duration, sleep};

use super::anchors::{Active, Anchors};
use crate::load::{self, Client};
use crate::model::{Action, Fault, Step, StepId};
use crate::nemesis::Nemesis;
use crate::trace::{EventKind, Origin};
use crate::watched;

/// The steps of one plan under way.
pub(super) struct Steps<'a> {
    anchors: Anchors<'a>,
    client: &'a Client,
    nemesis: &'a Nemesis,
    /// How many steps still have something to do that the next phase waits for: a burst to start, a
    /// fault or a wait to end.
    open: watched::Sender<usize>,
    /// For each step, whether it has ended or was skipped.
    over: Vec<watched::Sender<bool>>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(anchors: Anchors<'a>, client: &'a Client, nemesis: &'a Nemesis) -> Self {
        let count = anchors.plan.steps.len();
        Steps {
            anchors,
            client,
            nemesis,
            open: watched::Sender::new(count),
            over: (0..count).map(|_| watched::Sender::new(false)).collect(),
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
        let step = &self.anchors.plan.steps[index];
        match self.anchors.wait(&step.anchor).await {
            Err(reason) => {
                let step = step.id.clone();
                self.record(EventKind::StepSkipped { step, reason });
                self.close();
            }
            Ok(active) => self.act(index, step, active).await,
        }
        self.over[index].send_replace(true);
    }

    async fn act(&self, index: usize, step: &Step, mut active: Active) {
        if let Action::Fault(fault) = &step.action {
            // A step that waits for its turn does nothing: else nobody would find out that the
            // event of an earlier fault never comes.
            drop(active);
            self.turn(index, fault).await;
            active = self.anchors.active();
        }
        let id = step.id.clone();
        self.record(EventKind::StepStarted { step: id.clone() });
        match &step.action {
            Action::Burst(burst) => {
                self.close();
                load::burst(self.client, &Origin::Step(id.clone()), burst).await;
            }
            Action::Fault(fault) => self.strike(&id, fault).await,
            Action::Wait(wait) => sleep(Duration::from_millis(wait.wait_ms)).await,
        }
        // The end is recorded while the step still counts as active, so that a step that waits for
        // it sees it in time.
        self.record(EventKind::StepEnded { step: id });
        if !matches!(step.action, Action::Burst(_)) {
            self.close();
        }
        drop(active);
    }

    /// Waits until the faults of the same backend that come before in the plan are over.
    async fn turn(&self, index: usize, fault: &Fault) {
        for (step, over) in self.anchors.plan.steps.iter().zip(&self.over).take(index) {
            if matches!(&step.action, Action::Fault(before) if before.backend == fault.backend) {
                let _ = over.subscribe().wait_for(|over| *over).await;
            }
        }
    }

    async fn strike(&self, id: &StepId, fault: &Fault) {
        let Anchors {
            readiness,
            recorder,
            ..
        } = self.anchors;
        readiness.struck(&fault.backend);
        match self.nemesis.strike(id, fault).await {
            Ok(()) => readiness.undone(&fault.backend, id),
            Err(error) => recorder.trouble(&format!("{id}: {fault}"), error.to_string()),
        }
    }

    fn record(&self, event: EventKind) {
        self.anchors.recorder.record(event);
    }

    fn close(&self) {
        self.open.send_modify(|open| *open -= 1);
    }
}
