//! Queries over a history.

use super::crowd::CrowdedTimes;
use super::gathered::{Gathered, Gathering};
use super::keep::Borrowed;
use super::waits::Waits;
use super::window::Windows;
use super::{
    Event, EventKind, Header, LogLine, Moment, Phase, Request, Span, Spans, Trace, Window,
    sustained,
};
use crate::model::{FaultKind, Plan};

/// A trace, with its history arranged by requests and by windows.
#[derive(Debug)]
pub struct View<'a> {
    trace: &'a Trace,
    /// The index of the first event of the baseline; the number of events if there is none.
    baseline: usize,
    last_phase: Option<Phase>,
    gathered: Gathered<'a>,
    windows: Vec<Window<'a>>,
    away: Spans,
    withheld: Spans,
    crowd: CrowdedTimes,
    waits: Waits<'a>,
}

impl<'a> View<'a> {
    /// Reads the whole history.
    pub fn new(trace: &'a Trace) -> Self {
        let mut gathering = Gathering::default();
        for event in &trace.events {
            gathering.take(event, &mut Borrowed);
        }
        View::of(trace, gathering.finish())
    }

    /// Of a trace whose requests and log lines are gathered already. Their events may be missing
    /// in it.
    pub(super) fn of(trace: &'a Trace, gathered: Gathered<'a>) -> Self {
        let mut windows = Windows::default();
        trace.events.iter().for_each(|event| windows.take(event));
        let windows = windows.finish();
        let begins =
            |e: &Event| matches!(e.kind, EventKind::Phase { phase } if phase >= Phase::Baseline);
        let baseline = trace.events.iter().position(begins);
        View {
            trace,
            baseline: baseline.unwrap_or(trace.events.len()),
            last_phase: trace.events.iter().rev().find_map(|e| match e.kind {
                EventKind::Phase { phase } => Some(phase),
                _ => None,
            }),
            gathered,
            away: windows.iter().map(Window::span).collect(),
            windows,
            withheld: trace.events.iter().filter_map(Event::withheld).collect(),
            crowd: CrowdedTimes::of(&trace.events),
            waits: Waits::of(&trace.events),
        }
    }

    /// The trace's header.
    pub fn header(&self) -> &'a Header {
        &self.trace.header
    }

    /// The plan.
    pub fn plan(&self) -> &'a Plan {
        &self.trace.plan
    }

    /// The events before the baseline: while the stack is brought up, services may come and go.
    pub fn setup(&self) -> &'a [Event] {
        &self.trace.events[..self.baseline]
    }

    /// The events from the baseline on. Those of requests and log lines are missing in the view of
    /// a [`Digest`](super::Digest).
    pub fn under_test(&self) -> &'a [Event] {
        &self.trace.events[self.baseline..]
    }

    /// The last event from the baseline on, whatever its kind.
    pub fn last_under_test(&self) -> Option<Moment> {
        self.under_test().first().and(self.gathered.last)
    }

    /// The last phase that the trial entered.
    pub fn last_phase(&self) -> Option<Phase> {
        self.last_phase
    }

    /// When the trial entered a phase, if it did.
    pub fn phase(&self, asked: Phase) -> Option<Moment> {
        let enters = |e: &&Event| matches!(e.kind, EventKind::Phase { phase } if phase == asked);
        self.trace.events.iter().find(enters).map(Event::moment)
    }

    /// The time of the last event, in microseconds since the trial began; 0 without events.
    pub fn observed_until_us(&self) -> u64 {
        self.gathered.last.map_or(0, |last| last.at_us)
    }

    /// The requests in order of sending.
    pub fn requests(&self) -> &[Request<'a>] {
        &self.gathered.requests
    }

    /// The requests that were sent from the baseline on, in order of sending.
    pub fn requests_under_test(&self) -> &[Request<'a>] {
        &self.requests()[self.gathered.requests_before..]
    }

    /// The log lines from the baseline on.
    pub fn logs(&self) -> &[LogLine<'a>] {
        &self.gathered.logs
    }

    /// The first request's end without a connection after which, until an event, nothing was
    /// answered.
    pub fn silent_since(&self, until_seq: u64) -> Option<u64> {
        self.gathered.silences.since(until_seq)
    }

    /// The requests of a kind that were sent after a time, in order of sending.
    pub fn sent_after(&self, kind: &str, after_us: u64) -> impl Iterator<Item = &Request<'a>> {
        let requests = self.requests();
        let first = requests.partition_point(|r| r.sent.at_us <= after_us);
        let sent = requests[first..].iter();
        sent.filter(move |r| r.kind == kind)
    }

    /// The names of the stack's request kinds.
    pub fn kinds(&self) -> impl Iterator<Item = &'a str> {
        let kinds = self.header().stack.kinds.iter();
        kinds.map(|kind| kind.name.as_str())
    }

    /// The windows in which a backend was away, in order of their beginning: those of the faults,
    /// and those in which a backend was not ready without a fault.
    pub fn windows(&self) -> &[Window<'a>] {
        &self.windows
    }

    /// The windows of the faults.
    pub fn faults(&self) -> impl Iterator<Item = &Window<'a>> {
        self.windows.iter().filter(|window| window.fault.is_some())
    }

    /// The windows of all backends, united.
    pub fn away(&self) -> &Spans {
        &self.away
    }

    /// The time that this machine withheld from the harness or from a service.
    pub fn withheld(&self) -> &Spans {
        &self.withheld
    }

    /// How many tasks shared a processor of this machine during a span, on average; 1 if it was not
    /// crowded.
    pub fn crowd(&self, span: Span) -> f64 {
        self.crowd.over(span)
    }

    /// The longest time that the services may have waited for a processor during a span, added up,
    /// in microseconds.
    pub fn waited_us(&self, span: Span) -> u64 {
        self.waits.most_us(span)
    }

    /// The length of a span in microseconds, not counting the time that this machine withheld.
    pub fn counted_us(&self, span: Span) -> u64 {
        span.length_us() - self.withheld.covered_us(span)
    }

    /// When the last fault's window closed; none if there was no fault, or none ended.
    pub fn last_ready(&self) -> Option<Moment> {
        let ready = self.faults().filter_map(|window| window.ready);
        ready.map(|ready| ready.moment).max()
    }

    /// The last fault that began at or before an event.
    pub fn fault_before(&self, seq: u64) -> Option<&Window<'a>> {
        self.faults()
            .take_while(|window| window.began.seq <= seq)
            .last()
    }

    /// The kind of a window's fault, according to the plan.
    pub fn fault_kind(&self, window: &Window<'_>) -> Option<FaultKind> {
        let mut faults = self.plan().faults();
        let (_, fault) = faults.find(|(id, _)| Some(*id) == window.fault)?;
        Some(fault.kind)
    }

    /// When a request of a kind that was sent after a time first succeeded.
    pub fn first_success(&self, kind: &str, after_us: u64) -> Option<Moment> {
        let ok = self.sent_after(kind, after_us).filter(|r| r.is_ok());
        ok.filter_map(|r| Some(r.ended?.moment)).min()
    }

    /// When the success of a kind was sustained by requests sent after a time. See
    /// [`Streak`](super::Streak).
    pub fn sustained_success(&self, kind: &str, after_us: u64) -> Option<Moment> {
        let sent = self.sent_after(kind, after_us);
        sustained(sent.filter_map(|r| r.ended.map(|end| (end.moment, r.sent.seq, r.is_ok()))))
    }

    /// When the success of every kind was sustained by requests sent after a time.
    pub fn settled(&self, after_us: u64) -> Option<Moment> {
        let sustained = self
            .kinds()
            .map(|kind| self.sustained_success(kind, after_us));
        sustained.collect::<Option<Vec<_>>>()?.into_iter().max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FaultKind, UnknownReason};
    use crate::trace::script::Script;

    fn ms(moment: Option<Moment>) -> Option<u64> {
        moment.map(|moment| moment.at_us / 1_000)
    }

    #[test]
    fn a_request_is_one_row() {
        let trace = Script::new(&["job"])
            .sent(20, 7, "job")
            .accepted(22, 7)
            .polled(24, 7, 200, Some("RUNNING"))
            .ok(30, 7)
            .failed(50, 7, 500, "again")
            .finish(60);
        let view = View::new(&trace);
        let [row] = view.requests() else {
            panic!("one request");
        };
        assert_eq!(
            (row.id, row.kind, row.token, row.intended_us),
            (7, "job", "t7", 20_000)
        );
        assert_eq!(
            row.accepted.map(|a| (a.job, a.latency_us)),
            Some(("j7", 2_000))
        );
        assert_eq!(row.last_state(), Some("RUNNING"));
        assert!(row.is_ok());
        assert_eq!(row.ended.map(|end| end.latency_us), Some(10_000));
        assert_eq!(ms(row.ended_again.as_deref().copied()), Some(50));
    }

    #[test]
    fn sustained_success_counts_from_sending_and_takes_the_latest_end() {
        let trace = Script::new(&["sync", "job"])
            .good(20, 0, "sync")
            .sent(30, 1, "sync")
            .good(40, 2, "sync")
            .good(42, 9, "job")
            .good(50, 3, "sync")
            .ok(70, 1)
            .finish(100);
        let view = View::new(&trace);
        // Request 1 is slow: 0, 2 and 3 are a row before it has ended.
        assert_eq!(ms(view.sustained_success("sync", 0)), Some(55));
        // Begun after 20 ms, there are only three, and 1 ends last.
        assert_eq!(ms(view.sustained_success("sync", 20_000)), Some(70));
        assert_eq!(view.sustained_success("sync", 30_000), None);
        assert_eq!(ms(view.first_success("sync", 20_000)), Some(45));
        assert_eq!(view.settled(0), None, "jobs succeeded only once");
    }

    #[test]
    fn a_failure_that_ends_before_the_third_breaks_the_row() {
        let script = || {
            Script::new(&["sync"])
                .good(20, 0, "sync")
                .sent(30, 1, "sync")
                .good(40, 2, "sync")
                .good(50, 3, "sync")
        };
        let before = script().failed(54, 1, 500, "x").finish(100);
        assert_eq!(View::new(&before).sustained_success("sync", 0), None);
        let later = script().unknown(56, 1, UnknownReason::TimedOut).finish(100);
        assert_eq!(ms(View::new(&later).sustained_success("sync", 0)), Some(55));
    }

    #[test]
    fn a_recovery_ends_with_sustained_success_or_its_limit() {
        let script = || Script::new(&["sync"]).fault("f1", FaultKind::Kill, 30, 80);
        let to_us = |trace: &Trace| {
            let view = View::new(trace);
            let window = &view.windows()[0];
            let settled = view.settled(window.ready?.moment.at_us);
            window.recovery(settled, 100_000).map(|span| span.to_us)
        };
        assert_eq!(
            to_us(&script().good_row(90, 0, "sync").finish(900)),
            Some(115_000)
        );
        assert_eq!(
            to_us(&script().good_row(170, 0, "sync").finish(900)),
            Some(180_000)
        );
        let gone = Script::new(&["sync"]).unhealed("f1", FaultKind::Kill, 30);
        assert_eq!(to_us(&gone.finish(900)), None);
    }

    #[test]
    fn the_fault_before_an_event_is_the_last_one_intended() {
        let trace = Script::new(&[])
            .fault("f1", FaultKind::Kill, 30, 80)
            .fault("f2", FaultKind::Pause, 40, 90)
            .finish(100);
        let view = View::new(&trace);
        let kind = |seq| Some(view.fault_kind(view.fault_before(seq)?)?.name());
        let names: Vec<_> = trace.events.iter().map(|e| kind(e.seq)).collect();
        assert_eq!(names[2..5], [None, Some("kill"), Some("pause")]);
        assert_eq!(ms(view.last_ready()), Some(90));
    }
}
