//! The course of one trial: set up, baseline, plan, heal, recover, drain.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;

use tokio::time::Instant;

use super::Executor;
use super::early::EarlyEnd;
use super::steps::Steps;
use super::trial::Trial;
use crate::load::{self, Client, ClientParts, Draw, LoadError};
use crate::model::Plan;
use crate::nemesis::Nemesis;
use crate::observe::{ReadinessObserver, Resources, Services};
use crate::trace::{Event, EventKind, Follower, Origin, Phase, Recorder};
use crate::watched;

impl Executor {
    /// Executes a plan, records everything, and leaves the stack healed. It returns when the
    /// history is complete.
    ///
    /// Whatever goes wrong with the harness or the environment is in the history, as
    /// [`EventKind::Trouble`], and so is an interruption, which `interrupted` asks for by ending.
    /// `early` says when the trial may end before all that was to be seen of it has been.
    pub async fn trial(
        &self,
        plan: &Plan,
        recorder: &Recorder,
        interrupted: impl Future<Output = ()>,
        early: EarlyEnd<impl Fn(Vec<Event>) -> bool>,
    ) {
        let _services = Services::observe(&self.stack, recorder);
        let _resources = Resources::observe(&self.stack, recorder, self.settings.resources_every);
        let readiness = ReadinessObserver::probe(&self.stack, recorder);
        let (stack, journal) = (Arc::clone(&self.stack), Arc::clone(&self.journal));
        let nemesis = Nemesis::new(stack, journal, recorder.clone());
        let (away, api_readiness) = watched::channel(load::Readiness::Away);
        let client = match self.client(plan, recorder.clone(), api_readiness, "") {
            Ok(client) => client,
            Err(error) => {
                let (during, message) = ("preparing the load".to_owned(), error.to_string());
                recorder.record(EventKind::Trouble { during, message });
                return;
            }
        };

        let trial = Trial {
            executor: self,
            plan,
            recorder,
            readiness: &readiness,
            nemesis: &nemesis,
            client: &client,
        };
        let mut healed = false;
        {
            let mut course = pin!(trial.course(&mut healed, &early));
            tokio::select! {
                biased;
                () = interrupted => { recorder.record(EventKind::Interrupted); }
                () = trouble(recorder) => {}
                why = readiness.overdue(self.settings.ready_within) => {
                    let remedy = "mend it, or allow more by `[trial] ready-within`";
                    trial.trouble("waiting for the backend", format!("{why}; {remedy}"));
                }
                why = trial.backend_ended() => { trial.trouble("driving the backend", why); }
                why = trial.ended_early() => { trial.trouble("setting up", why); }
                () = self.tell_readiness(recorder.follow_from(0), &away) => {}
                () = &mut course => {}
            }
        }
        if !healed {
            trial.heal().await;
        }
    }

    /// A client for one recorder. The prefix tells its tokens from those of the trial's other
    /// clients.
    pub(super) fn client(
        &self,
        plan: &Plan,
        recorder: Recorder,
        readiness: watched::Receiver<load::Readiness>,
        prefix: &str,
    ) -> Result<Client, LoadError> {
        Client::new(ClientParts {
            transport: Arc::clone(&self.transport),
            kinds: &self.kinds,
            limits: &self.limits,
            caps: self.caps,
            recorder,
            readiness,
            draw: Draw {
                seed: plan.seed,
                index: plan.index,
                token_prefix: format!("{prefix}{:x}-{}", plan.seed, plan.index),
            },
        })
    }

    /// Tells the client, for ever, since when all backends are ready: a job's limit counts from
    /// there.
    async fn tell_readiness(&self, mut history: Follower, away: &watched::Sender<load::Readiness>) {
        let names = self.stack.backends.iter().map(|b| (b.name.clone(), false));
        let mut ready: BTreeMap<String, bool> = names.collect();
        loop {
            let (backend, now) = match history.next().await.kind {
                EventKind::Ready { backend, .. } => (backend, true),
                EventKind::FaultIntent { backend, .. } => (backend, false),
                _ => continue,
            };
            ready.insert(backend, now);
            away.send_replace(match ready.values().all(|ready| *ready) {
                true => load::Readiness::ReadySince(Instant::now()),
                false => load::Readiness::Away,
            });
        }
    }
}

impl Trial<'_> {
    /// Everything from the set-up to the last outcome. `healed` becomes true once every fault is
    /// undone.
    async fn course(&self, healed: &mut bool, early: &EarlyEnd<impl Fn(Vec<Event>) -> bool>) {
        self.enter(Phase::Setup);
        self.readiness.all_ready().await;
        if !self.settle().await {
            return;
        }
        self.enter(Phase::Baseline);
        let baseline_requests = self.executor.settings.baseline_requests;
        if !self.in_turn(&Origin::Baseline, baseline_requests).await {
            return;
        }
        let before = self.warmed().await;

        let from_seq = self.enter(Phase::Plan);
        let steps = Steps::new(self, from_seq);
        let (stop, stopped) = watched::channel(false);
        let (recovery, ready) = watched::channel(None);
        let background = async {
            if let Some(background) = &self.plan.background {
                load::background(self.client, background, told(stopped)).await;
            }
        };
        let rest = async {
            steps.settled().await;
            *healed = self.heal().await;
            stop.send_replace(true);
            self.enter(Phase::Recovery);
            self.readiness.all_ready().await;
            let ready = Instant::now();
            recovery.send_replace(Some(ready));
            self.recover(ready).await;
            self.enter(Phase::Drain);
        };
        let whole = async {
            tokio::join!(steps.run(), background, rest);
        };
        let ended = tokio::select! {
            biased;
            () = whole => true,
            () = self.decided(ready, early) => false,
        };
        match ended {
            true => self.after().await,
            false => self.cut_short(),
        }
        self.client.look_back().await;
        if let Some(before) = before {
            self.rest(Some(&before)).await;
        }
    }
}

/// Ends at the first trouble of the history.
async fn trouble(recorder: &Recorder) {
    let mut history = recorder.follow_from(0);
    while !matches!(history.next().await.kind, EventKind::Trouble { .. }) {}
}

/// Ends when a sender has said `true`.
async fn told(mut stop: watched::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        std::future::pending().await
    }
}
