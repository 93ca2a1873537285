//! The course of one trial: set up, baseline, plan, heal, recover, drain.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::time::Instant;

use super::Executor;
use super::anchors::Anchors;
use super::early_end::{EarlyEnd, cut_short};
use super::exits::Exits;
use super::idle_api::IdleApi;
use super::recovery_probes::RecoveryProbes;
use super::rounds::Rounds;
use super::setup::Setup;
use super::steps::Steps;
use crate::load::{self, Draw, Readiness};
use crate::model::Plan;
use crate::nemesis::Nemesis;
use crate::observe::{ReadinessObserver, Resources, Services};
use crate::trace::{Event, EventKind, Follower, Origin, Phase, Recorder, Redaction};
use crate::watched;

impl Executor {
    /// Executes a plan, records everything, and leaves the stack healed. It returns when the
    /// history is complete.
    ///
    /// Whatever goes wrong with the harness or the environment is in the history, as
    /// [`EventKind::Trouble`], and so is an interruption, which `interrupted` asks for by ending.
    /// `early` says when the trial may end before everything has been seen of it.
    pub async fn trial(
        &self,
        plan: &Plan,
        recorder: &Recorder,
        interrupted: impl Future<Output = ()>,
        early: EarlyEnd<impl Fn(Vec<Event>) -> bool>,
    ) {
        let settings = &self.settings;
        let _services = Services::observe(&self.stack, recorder);
        let _resources = Resources::observe(&self.stack, recorder, settings.resources_every);
        let readiness = ReadinessObserver::probe(&self.stack, recorder);
        let (backends, backends_seen) = watched::channel(Readiness::Away);
        let clients = self.client(recorder.clone(), backends_seen, draw(plan, ""));
        // What the API answers while it starts is nobody's failure, so none of it is recorded.
        let scratch = Recorder::new(None, Redaction::default(), u64::MAX);
        let clients = clients.and_then(|client| {
            let setup_client = self.client_beside(scratch, draw(plan, "setup-"))?;
            Ok((client, setup_client))
        });
        let (client, setup_client) = match clients {
            Ok(clients) => clients,
            Err(error) => return recorder.trouble("preparing the load", error.to_string()),
        };
        let setup = Setup {
            client: setup_client,
            kinds: &self.kinds,
            settings,
            recorder,
        };
        let rounds = Rounds::new(&client, &self.kinds, plan);
        let (stack, journal) = (Arc::clone(&self.stack), Arc::clone(&self.journal));
        let nemesis = Nemesis::new(stack, journal, recorder.clone());
        let probes = RecoveryProbes::new(&client, self, recorder);

        let mut is_healed = false;
        let phases = async {
            recorder.phase(Phase::Setup);
            readiness.all_ready().await;
            if !setup.api_serves().await {
                return;
            }

            recorder.phase(Phase::Baseline);
            let times = settings.baseline_requests;
            let began = Instant::now();
            if !rounds.in_turn(&Origin::Baseline, times).await {
                return;
            }
            let sent = (times * self.kinds.len() as u32).max(1);
            let idle_api = IdleApi {
                stack: &self.stack,
                limits: &self.limits,
                settings,
                recorder,
                answer: began.elapsed() / sent,
            };
            let before = idle_api.warmed_up(&rounds).await;

            let from_seq = recorder.phase(Phase::Plan);
            let anchors = Anchors::new(plan, recorder, from_seq, &readiness, settings);
            let steps = Steps::new(anchors, &client, &nemesis);
            let (stop, stopped) = watched::channel(false);
            let background = async {
                if let Some(background) = &plan.background {
                    load::background(&client, background, is_true(stopped)).await;
                }
            };
            let until_drained = async {
                steps.settled().await;
                is_healed = self.heal_recorded(&readiness, recorder).await;
                stop.send_replace(true);
                recorder.phase(Phase::Recovery);
                readiness.all_ready().await;
                probes.until_sustained(Instant::now()).await;
                recorder.phase(Phase::Drain);
            };
            let is_drained = tokio::select! {
                biased;
                _ = async { tokio::join!(steps.run(), background, until_drained) } => true,
                () = early.reached(recorder, probes.begun()) => false,
            };
            client.idle().await;
            if !is_drained {
                cut_short(recorder);
            } else if probes.are_sustained() {
                rounds.after_recovery(times).await;
            }
            client.poll_finished_jobs().await;
            if let Some(before) = before {
                idle_api.at_rest(Some(&before)).await;
            }
        };
        tokio::select! {
            biased;
            () = self.broken_off(interrupted, &readiness, recorder) => {}
            () = self.forward_readiness(recorder.follow_from(0), &backends) => {}
            () = phases => {}
        }
        client.idle().await;
        if !is_healed {
            self.heal_recorded(&readiness, recorder).await;
        }
    }

    /// Ends when there is a reason to break the trial off, once that is recorded.
    async fn broken_off(
        &self,
        interrupted: impl Future<Output = ()>,
        readiness: &ReadinessObserver,
        recorder: &Recorder,
    ) {
        let exits = Exits {
            stack: &self.stack,
            recorder,
        };
        tokio::select! {
            biased;
            () = interrupted => { recorder.record(EventKind::Interrupted); }
            () = trouble(recorder) => {}
            why = readiness.overdue(self.settings.ready_within) => {
                let remedy = "mend it, or allow more by `[trial] ready-within`";
                recorder.trouble("waiting for the backend", format!("{why}; {remedy}"));
            }
            why = exits.of_backend() => recorder.trouble("driving the backend", why),
            why = exits.before_plan() => recorder.trouble("setting up", why),
        }
    }

    /// Undoes every fault, records that, and returns whether it worked.
    async fn heal_recorded(&self, readiness: &ReadinessObserver, recorder: &Recorder) -> bool {
        recorder.phase(Phase::Heal);
        match self.heal().await {
            Ok(()) => {
                readiness.healed();
                true
            }
            Err(error) => {
                recorder.trouble("healing", error.to_string());
                false
            }
        }
    }

    /// Keeps the client informed since when all backends are ready: a job's limit counts from
    /// there.
    async fn forward_readiness(
        &self,
        mut history: Follower,
        backends: &watched::Sender<Readiness>,
    ) {
        let names = self.stack.backends.iter().map(|b| (b.name.clone(), false));
        let mut ready: BTreeMap<String, bool> = names.collect();
        loop {
            let change = history.find(|event| match &event.kind {
                EventKind::Ready { backend, .. } => Some((backend.clone(), true)),
                EventKind::FaultIntent { backend, .. } => Some((backend.clone(), false)),
                _ => None,
            });
            let (backend, now) = change.await;
            ready.insert(backend, now);
            backends.send_replace(match ready.values().all(|ready| *ready) {
                true => Readiness::ReadySince(Instant::now()),
                false => Readiness::Away,
            });
        }
    }
}

/// What a client of the trial draws. The prefix distinguishes its tokens from those of the trial's
/// other clients.
fn draw(plan: &Plan, prefix: &str) -> Draw {
    Draw {
        seed: plan.seed,
        index: plan.index,
        token_prefix: format!("{prefix}{:x}-{}", plan.seed, plan.index),
    }
}

/// Ends at the first trouble of the history.
async fn trouble(recorder: &Recorder) {
    let mut history = recorder.follow_from(0);
    let is_trouble = |event: &Event| matches!(event.kind, EventKind::Trouble { .. }).then_some(());
    history.find(is_trouble).await;
}

/// Ends when a sender has said `true`.
async fn is_true(mut stop: watched::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending().await
    }
}
