//! Faults on a machine whose disk is slow or fails.

use std::fs;
use std::io;
use std::thread;

use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::*;
use crate::app::Variant;
use crate::demo::{self, SimulatedDemo};
use crate::model::{FaultKind, StepId};
use crate::nemesis::{Owner, Record};
use crate::trace::script::Script;
use crate::trace::{Disk, Event, Redaction, Trace, TraceWriter};

/// How long a sync takes on the slow disk.
const SLOW: Duration = Duration::from_millis(150);

/// How often something else happens.
const TICK: Duration = Duration::from_millis(10);

/// A nemesis on a simulated stack that is up, with a trace and a journal on a disk.
struct Site {
    folder: TempDir,
    nemesis: Nemesis,
    ticks: JoinHandle<()>,
}

impl Site {
    async fn on(disk: Disk) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stack = Arc::new(SimulatedDemo::new(Variant::Healthy, 1).stack);
        bring_up(&stack, &Journal::nowhere()).await.unwrap();
        let Trace { header, plan, .. } = Script::new(&[]).finish(0);
        let writer = TraceWriter::create(&folder.path().join("trace.jsonl"), &header, &plan);
        let writer = writer.unwrap().on(disk.clone());
        let recorder = Recorder::new(Some(writer), Redaction::default(), u64::MAX);
        let owner = Owner {
            pid: 1,
            start_ticks: 1,
        };
        let journal = Journal::begin(&folder.path().join("state"), &owner).unwrap();
        let ticks = tokio::spawn(ticking(recorder.clone()));
        Site {
            folder,
            nemesis: Nemesis::new(stack, Arc::new(journal.on(disk)), recorder),
            ticks,
        }
    }

    /// Does a fault, and returns the events recorded meanwhile.
    async fn strike(&self, kind: FaultKind, outage_ms: u64) -> Vec<Event> {
        let fault = Fault {
            backend: demo::BACKEND.to_owned(),
            kind,
            outage_ms,
        };
        let from = self.nemesis.recorder.next_seq() as usize;
        let step = StepId("f1".to_owned());
        self.nemesis.strike(&step, &fault).await.unwrap();
        self.nemesis.recorder.history().split_off(from)
    }

    /// The content of the journal's file.
    fn written(&self) -> Vec<Record> {
        let mut files = fs::read_dir(self.folder.path().join("state")).unwrap();
        Journal::read(&files.next().unwrap().unwrap().path()).unwrap()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.ticks.abort();
    }
}

/// Records an event repeatedly.
async fn ticking(recorder: Recorder) {
    loop {
        recorder.record(tick());
        sleep(TICK).await;
    }
}

fn tick() -> EventKind {
    EventKind::Log {
        service: "api".to_owned(),
        line: "tick".to_owned(),
        source_at: None,
    }
}

/// A disk that takes [`SLOW`] of tokio's time for each sync.
fn slow() -> Disk {
    Disk::new(|_| {
        Box::pin(async {
            sleep(SLOW).await;
            Ok(())
        })
    })
}

/// The intents and acts among some events: which, when in milliseconds, and how long the act took.
fn acts(events: &[Event]) -> Vec<(Act, u64, Option<u64>)> {
    let acts = events.iter().filter_map(|event| match event.kind {
        EventKind::FaultIntent { act, .. } => Some((act, event.at_us / 1_000, None)),
        EventKind::FaultActed { act, took_us, .. } => {
            Some((act, event.at_us / 1_000, Some(took_us / 1_000)))
        }
        _ => None,
    });
    acts.collect()
}

#[tokio::test(start_paused = true)]
async fn an_outage_lasts_as_long_as_planned_however_slow_the_disk_is() {
    const OUTAGE_MS: u64 = 400;
    let site = Site::on(slow()).await;
    let slow_ms = SLOW.as_millis() as u64;
    for kind in [
        FaultKind::Kill,
        FaultKind::Stop { grace_ms: 100 },
        FaultKind::Pause,
        FaultKind::Rapid {
            restarts: 3,
            gap_ms: 50,
        },
    ] {
        let acts = acts(&site.strike(kind, OUTAGE_MS).await);
        assert_eq!(acts.len() % 4, 0, "{acts:?}");
        for outage in acts.chunks(4) {
            let [intent, harmed, undoing, undone] = outage else {
                unreachable!()
            };
            assert!(intent.0.is_harm() && !undoing.0.is_harm(), "{outage:?}");
            // Nothing is done before trace and journal are on the disk. They are synced at the
            // same time.
            let waited_ms = harmed.1 - intent.1;
            assert!((slow_ms..slow_ms + 10).contains(&waited_ms), "{outage:?}");
            let lasted_ms = undone.1 - harmed.1;
            assert!(lasted_ms.abs_diff(OUTAGE_MS) <= 5, "{outage:?}");
            // Nor does the disk count for the duration of an act.
            assert!(harmed.2 < Some(10) && undone.2 < Some(10), "{outage:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_happens_while_the_disk_is_waited_for_is_recorded_when_it_happens() {
    let site = Site::on(slow()).await;
    let events = site.strike(FaultKind::Kill, 100).await;
    let ticks = events.iter().filter(|event| event.kind == tick());
    let times_us: Vec<u64> = ticks.map(|event| event.at_us).collect();
    let gaps = times_us.windows(2).map(|pair| pair[1] - pair[0]);
    let tick_us = TICK.as_micros() as u64;
    assert!(times_us.len() as u64 >= 250_000 / tick_us, "{times_us:?}");
    assert!(gaps.max() <= Some(tick_us + 1_000), "{times_us:?}");
}

/// On one thread, and in real time: a call that blocks is on another one.
#[tokio::test]
async fn a_sync_that_blocks_its_thread_holds_up_nothing_else() {
    let site = Site::on(Disk::blocking(|_| {
        thread::sleep(SLOW);
        Ok(())
    }))
    .await;
    let events = site.strike(FaultKind::Kill, 1).await;
    let harmed = |event: &Event| matches!(event.kind, EventKind::FaultActed { .. });
    let before = events.iter().take_while(|event| !harmed(event));
    let ticks = before.filter(|event| event.kind == tick()).count();
    // Fifteen, and fewer on a busy machine.
    assert!(ticks >= 3, "{ticks} ticks in {SLOW:?}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_done_whose_intent_does_not_reach_the_disk() {
    let site = Site::on(Disk::new(|_| {
        Box::pin(async { Err(io::Error::other("the disk is full")) })
    }))
    .await;
    let backend = &site.nemesis.stack.backends[0];
    let fault = Fault {
        backend: backend.name.clone(),
        kind: FaultKind::Kill,
        outage_ms: 1,
    };
    let step = StepId("f1".to_owned());
    let error = site.nemesis.strike(&step, &fault).await.unwrap_err();
    assert!(error.to_string().contains("the disk is full"), "{error}");
    let state = backend.driver.state().await.unwrap();
    assert_eq!(state, ServiceState::Running);
    // Healing completes acts in doubt. It must not do one that was never begun.
    assert_eq!(site.nemesis.journal.in_doubt(&backend.name), None);
}

#[tokio::test(start_paused = true)]
async fn every_act_is_announced_before_and_told_after() {
    let site = Site::on(slow()).await;
    site.strike(FaultKind::Pause, 10).await;
    let acts = site
        .written()
        .into_iter()
        .filter_map(|record| match record {
            Record::Intent { act, at_ms, .. } => Some((act, at_ms.is_some())),
            Record::Done { act, .. } => Some((act, false)),
            _ => None,
        });
    assert_eq!(
        acts.collect::<Vec<_>>(),
        [
            (Act::Pause, true),
            (Act::Pause, false),
            (Act::Unpause, true),
            (Act::Unpause, false),
        ]
    );
}
