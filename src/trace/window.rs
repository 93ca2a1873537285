//! The windows in which a backend was away.

use std::collections::BTreeMap;

use super::{Event, EventKind, Moment, Phase, Span};
use crate::model::StepId;

/// A window in which a backend was away, with or without a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window<'a> {
    /// The fault's step; none if the backend became unready without a fault.
    pub fault: Option<&'a StepId>,
    /// The backend.
    pub backend: &'a str,
    /// The intent of the fault's first act, or the probe that said "not ready".
    pub began: Moment,
    /// The first confirmed ready after the fault's last act; none if it never came.
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

    /// From ready until success is sustained (`settled`), but no longer than `at_most_us`. None if
    /// the backend stayed away.
    pub fn recovery(&self, settled: Option<Moment>, at_most_us: u64) -> Option<Span> {
        let from_us = self.ready?.moment.at_us;
        let latest = from_us.saturating_add(at_most_us);
        let settled = settled.map_or(latest, |moment| moment.at_us);
        Some(Span {
            from_us,
            to_us: settled.min(latest),
        })
    }
}

/// Collects the windows while a history is read event by event.
#[derive(Debug, Default)]
pub(super) struct Windows<'a> {
    all: Vec<Window<'a>>,
    of_fault: BTreeMap<&'a StepId, usize>,
    under_test: bool,
}

impl<'a> Windows<'a> {
    /// Reads the next event.
    pub(super) fn take(&mut self, event: &'a Event) {
        let moment = event.moment();
        match &event.kind {
            // While the stack is brought up, a backend is not ready, of course.
            EventKind::Phase { phase } => self.under_test |= *phase >= Phase::Baseline,
            EventKind::FaultIntent { step, backend, act } if act.is_harm() => {
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
            // A later act of the same fault: a ready in between was not its end.
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

    /// A ready ends the windows of the fault that it names and of earlier faults, and those without
    /// a fault.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Act;
    use crate::model::FaultKind;
    use crate::trace::script::Script;
    use crate::trace::{Trace, View};

    /// The windows as (fault, began, ready), in milliseconds.
    fn windows(trace: &Trace) -> Vec<(Option<String>, u64, Option<u64>)> {
        let view = View::new(trace);
        let row = |w: &Window<'_>| {
            let ready = w.ready.map(|ready| ready.moment.at_us / 1_000);
            (
                w.fault.map(ToString::to_string),
                w.began.at_us / 1_000,
                ready,
            )
        };
        view.windows().iter().map(row).collect()
    }

    fn f(name: &str) -> Option<String> {
        Some(name.to_owned())
    }

    #[test]
    fn a_window_opens_at_the_intent_and_closes_at_ready() {
        let trace = Script::new(&[])
            .not_ready(0)
            .ready(0, None)
            .fault("f1", FaultKind::Kill, 30, 80)
            .not_ready(40)
            .act(50, "f1", Act::Start)
            .fault("f2", FaultKind::Pause, 90, 99)
            .finish(100);
        let expected = [(f("f1"), 30, Some(80)), (f("f2"), 90, Some(99))];
        assert_eq!(windows(&trace), expected);
    }

    #[test]
    fn ready_between_rapid_restarts_ends_nothing() {
        let trace = Script::new(&[])
            .fault("f1", FaultKind::Kill, 30, 80)
            .ready(40, Some("f1"))
            .act(50, "f1", Act::Kill)
            .finish(100);
        assert_eq!(windows(&trace), [(f("f1"), 30, Some(80))]);
        let undone = Script::new(&[])
            .fault("f1", FaultKind::Kill, 30, 40)
            .act(50, "f1", Act::Start)
            .finish(100);
        assert_eq!(windows(&undone), [(f("f1"), 30, Some(40))]);
    }

    #[test]
    fn a_ready_ends_the_faults_up_to_the_one_it_names() {
        let trace = Script::new(&[])
            .unhealed("f1", FaultKind::Kill, 30)
            .unhealed("f2", FaultKind::Kill, 40)
            .unhealed("f3", FaultKind::Kill, 50)
            .ready(60, Some("f2"))
            .ready(70, None)
            .finish(100);
        let expected = [
            (f("f1"), 30, Some(60)),
            (f("f2"), 40, Some(60)),
            (f("f3"), 50, None),
        ];
        assert_eq!(windows(&trace), expected);
    }

    #[test]
    fn a_backend_that_is_away_by_itself_has_a_window_without_a_fault() {
        let trace = Script::new(&[]).not_ready(20).ready(25, None).finish(100);
        assert_eq!(windows(&trace), [(None, 20, Some(25))]);
    }
}
