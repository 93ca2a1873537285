//! Waiting for a step's anchor.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Settings;
use super::watcher::Watcher;
use crate::model::{Anchor, Plan};
use crate::observe::ReadinessObserver;
use crate::stack::wait_until;
use crate::trace::Recorder;
use crate::watched;

/// Waits for the anchors of one plan.
#[derive(Debug)]
pub(super) struct Anchors<'a> {
    pub plan: &'a Plan,
    pub recorder: &'a Recorder,
    /// Whether the backends are ready: until they are, an event may still come.
    pub readiness: &'a ReadinessObserver,
    /// The `seq` from which the plan's events count.
    from_seq: u64,
    /// When the plan began.
    began: Instant,
    /// How many steps are doing something, or certainly will. While there are any, an event may
    /// still come, too.
    active: watched::Sender<usize>,
    /// How long to wait for an event when nothing is active and every backend is ready.
    timeout: Duration,
}

/// Counts a step as active for as long as it lives.
#[derive(Debug)]
pub(super) struct Active(watched::Sender<usize>);

impl Drop for Active {
    fn drop(&mut self) {
        self.0.send_modify(|active| *active -= 1);
    }
}

impl<'a> Anchors<'a> {
    /// The anchors of a plan that begins now.
    pub(super) fn new(
        plan: &'a Plan,
        recorder: &'a Recorder,
        from_seq: u64,
        readiness: &'a ReadinessObserver,
        settings: &Settings,
    ) -> Self {
        Anchors {
            plan,
            recorder,
            readiness,
            from_seq,
            began: Instant::now(),
            active: watched::Sender::new(0),
            timeout: settings.anchor_timeout,
        }
    }

    /// Counts one step as active.
    pub(super) fn active(&self) -> Active {
        self.active.send_modify(|active| *active += 1);
        Active(self.active.clone())
    }

    /// Waits until the anchor fires, and its offset has passed.
    ///
    /// # Errors
    /// The reason why it never will.
    pub(super) async fn wait(&self, anchor: &Anchor) -> Result<Active, String> {
        let offset = Duration::from_millis(anchor.offset_ms());
        if let Anchor::At { .. } = anchor {
            let active = self.active();
            wait_until(self.began + offset).await;
            return Ok(active);
        }
        if let Some(step) = anchor.awaits()
            && self.plan.step(step).is_none()
        {
            return Err(format!("the plan has no step {step}"));
        }
        let mut watcher = Watcher::new(self.plan, anchor)?;
        let mut follower = self.recorder.follow_from(self.from_seq);
        tokio::select! {
            biased;
            sign = watcher.watch(&mut follower) => sign?,
            () = self.idle() => return Err(format!("its anchor did not fire ({anchor})")),
        }
        let active = self.active();
        // Even a sleep of no length takes a millisecond.
        if !offset.is_zero() {
            sleep(offset).await;
        }
        Ok(active)
    }

    /// Ends once no step has been active for the whole timeout, which begins when every backend is
    /// ready. A backend that never becomes ready ends the trial by another timeout
    /// (`ready-within`).
    async fn idle(&self) {
        let mut changes = self.active.subscribe();
        loop {
            // The sender is in `self`, so the wait cannot fail.
            let _ = changes.wait_for(|active| *active == 0).await;
            self.readiness.all_ready().await;
            tokio::select! {
                biased;
                _ = changes.changed() => {}
                () = sleep(self.timeout) => return,
            }
        }
    }
}
