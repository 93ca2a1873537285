//! The times at which a backend was away.

use std::collections::BTreeMap;

use super::{Event, EventKind, Moment, Phase, Span};
use crate::model::{Act, StepId};

/// A time at which a backend was away: by a fault, or by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window<'a> {
    /// The fault's step; none where the backend was seen not ready though no fault was done to it.
    pub fault: Option<&'a StepId>,
    /// The backend.
    pub backend: &'a str,
    /// The intent of the fault's first act, or the probe that said "not ready".
    pub began: Moment,
    /// The first confirmed ready after the fault's last act; none where it never came.
    pub ready: Option<Ready>,
}

/// A confirmed ready. The backend became ready between `not_ready_us` and `moment`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ready {
    /// The probe's answer.
    pub moment: Moment,
    /// When the backend was last known not to be ready, in microseconds since the trial began.
    pub not_ready_us: u64,
}

impl Window<'_> {
    /// From its beginning to ready; to `u64::MAX` if that never came.
    pub fn span(&self) -> Span {
        Span {
            from_us: self.began.at_us,
            to_us: self.ready.map_or(u64::MAX, |ready| ready.moment.at_us),
        }
    }
}

/// Finds the windows while the events pass by.
#[derive(Debug, Default)]
pub(super) struct Windows<'a> {
    all: Vec<Window<'a>>,
    of_fault: BTreeMap<&'a StepId, usize>,
    under_test: bool,
}

impl<'a> Windows<'a> {
    /// Takes the next event in.
    pub(super) fn take(&mut self, event: &'a Event) {
        let moment = event.moment();
        match &event.kind {
            // Before the baseline the stack is being brought up, and of course a backend is not ready.
            EventKind::Phase { phase } => self.under_test |= *phase >= Phase::Baseline,
            EventKind::FaultIntent { step, backend, act } if harms(*act) => {
                self.strike(step, backend, moment);
            }
            EventKind::NotReady { backend, .. }
                if self.under_test && self.open(backend).next().is_none() =>
            {
                self.all.push(Window {
                    fault: None,
                    backend,
                    began: moment,
                    ready: None,
                });
            }
            EventKind::Ready {
                backend,
                fault,
                not_ready_us,
            } => {
                let ready = Ready {
                    moment,
                    not_ready_us: *not_ready_us,
                };
                self.close(backend, fault.as_ref(), ready);
            }
            _ => {}
        }
    }

    /// The windows in the order of their beginning.
    pub(super) fn finish(self) -> Vec<Window<'a>> {
        self.all
    }

    fn strike(&mut self, step: &'a StepId, backend: &'a str, began: Moment) {
        if let Some(&known) = self.of_fault.get(step) {
            // A later act of the same fault: the ready that was seen in between was not its end.
            self.all[known].ready = None;
            return;
        }
        self.of_fault.insert(step, self.all.len());
        self.all.push(Window {
            fault: Some(step),
            backend,
            began,
            ready: None,
        });
    }

    /// A ready ends the window of the fault that it names and of those before it, and whatever had no fault.
    fn close(&mut self, backend: &str, fault: Option<&StepId>, ready: Ready) {
        let last = fault.and_then(|fault| self.of_fault.get(fault)).copied();
        for (place, window) in self.all.iter_mut().enumerate() {
            let undone = window.fault.is_none() || last.is_some_and(|last| place <= last);
            if window.backend == backend && window.ready.is_none() && undone {
                window.ready = Some(ready);
            }
        }
    }

    fn open(&self, backend: &'a str) -> impl Iterator<Item = &Window<'a>> {
        let of_backend = self.all.iter().filter(move |w| w.backend == backend);
        of_backend.filter(|w| w.ready.is_none())
    }
}

/// Whether an act takes a backend away, rather than bring it back.
fn harms(act: Act) -> bool {
    match act {
        Act::Stop { .. } | Act::Kill | Act::Pause | Act::Cut => true,
        Act::Start | Act::Unpause | Act::Join => false,
    }
}
