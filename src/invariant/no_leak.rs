//! The API releases what it acquired during a fault.

mod growth;

use growth::Growth;

use super::{Invariant, wording};
use crate::model::{API, Figure, Finding, Limits, ResourceLimits, StepId};
use crate::trace::{EventKind, Phase, Sample, View, Window};

/// After recovery the API's file descriptors, threads and memory return to what they were at the
/// baseline, plus a slack.
///
/// Both are measured with nothing of the harness in flight. Of the samples after recovery the
/// lowest counts: usage that comes down again is no leak. A slope over the faults is reported even
/// within the slack: a leak that is small in one trial is not small in a year.
pub struct NoLeak;

/// One thing that can leak.
struct Holding {
    /// The figure's name.
    name: &'static str,
    reason: &'static str,
    before: u64,
    /// The lowest sample after recovery.
    after: u64,
    allowed: u64,
    /// How it grew from fault to fault.
    growth: Option<Growth>,
}

impl Invariant for NoLeak {
    fn name(&self) -> &'static str {
        "no-leak"
    }

    fn check(&self, view: &View<'_>, limits: &Limits) -> Finding {
        let Some(limits) = &limits.resources else {
            return Finding::not_judged(self.name(), "what the API may use is not limited");
        };
        let Some(before) = before(view) else {
            return Finding::not_judged(self.name(), "what the API uses is not observed");
        };
        let Some(ready) = view.last_ready() else {
            return Finding::not_judged(self.name(), "no fault was done and undone");
        };
        if view.settled(ready.at_us).is_none() {
            return Finding::not_judged(self.name(), "the API did not recover");
        }
        let after = after(view);
        let Some(first) = after.first() else {
            let message = "the trial ended before the API had come to rest";
            return Finding::inconclusive(self.name(), message);
        };
        if after
            .iter()
            .any(|sample| sample.identity != before.identity)
        {
            let message = "the API is another process than at the baseline";
            return Finding::inconclusive(self.name(), message);
        }
        let between = between(view);
        let holdings = holdings(&before, &between, &after, limits);
        let outages = outages(view);
        let faults: Vec<&StepId> = view.faults().filter_map(|window| window.fault).collect();
        let words = holdings.iter().map(|holding| holding.words(&faults));
        let words = words.collect::<Vec<_>>().join(", ");
        let place = wording::count(outages, "outage");
        let figures = holdings
            .iter()
            .flat_map(|holding| holding.figures(outages))
            .collect();
        let leak = holdings
            .iter()
            .find(|holding| holding.after > holding.allowed);
        let finding = match leak {
            Some(leak) => Finding::violated(
                self.name(),
                leak.reason,
                None,
                format!(
                    "after {place} the API at rest does not give back what it took: {words}; {} are allowed",
                    leak.amount(leak.allowed)
                ),
                first.moment.seq,
                vec![before.moment.seq],
            ),
            None if holdings.is_empty() => {
                Finding::not_judged(self.name(), "what the API uses is not observed")
            }
            None => Finding::holds(self.name(), format!("after {place}: {words}")),
        };
        finding.with_figures(figures)
    }
}

/// The API at rest after the baseline.
fn before<'a>(view: &View<'a>) -> Option<Sample<'a>> {
    let plan = view.phase(Phase::Plan)?;
    let samples = at_rest(view);
    samples.take_while(|sample| sample.moment < plan).last()
}

/// The API at rest at the end.
fn after<'a>(view: &View<'a>) -> Vec<Sample<'a>> {
    let drain = view.phase(Phase::Drain);
    let samples = at_rest(view).filter(|sample| drain.is_some_and(|drain| sample.moment > drain));
    samples.collect()
}

fn at_rest<'a>(view: &View<'a>) -> impl Iterator<Item = Sample<'a>> {
    let samples = view.under_test().iter();
    let samples = samples.filter_map(|event| Sample::of(event, API));
    samples.filter(|sample| sample.at_rest)
}

/// The samples between each fault and the next one.
fn between<'a>(view: &View<'a>) -> Vec<Vec<Sample<'a>>> {
    let windows: Vec<&Window<'a>> = view.faults().collect();
    let quiet = |pair: &[&Window<'a>]| {
        let (ready, next) = (pair[0].ready.map(|ready| ready.moment), pair[1].began);
        let samples = view.under_test().iter();
        let samples = samples.filter_map(|event| Sample::of(event, API));
        let within = |sample: &Sample<'_>| {
            ready.is_some_and(|ready| sample.moment > ready) && sample.moment < next
        };
        samples.filter(within).collect()
    };
    windows.windows(2).map(quiet).collect()
}

/// How often a backend was taken away: a rapid fault does so several times.
fn outages(view: &View<'_>) -> usize {
    let intents = view.under_test().iter();
    intents
        .filter(|e| matches!(&e.kind, EventKind::FaultIntent { act, .. } if act.is_harm()))
        .count()
}

/// The resources that were measured both before and after, and their limits.
fn holdings(
    before: &Sample<'_>,
    between: &[Vec<Sample<'_>>],
    after: &[Sample<'_>],
    limits: &ResourceLimits,
) -> Vec<Holding> {
    type Of = fn(&Sample<'_>) -> Option<u64>;
    let least = |samples: &[Sample<'_>], of: Of| samples.iter().filter_map(of).min();
    let holding = |name, reason, of: Of, slack: &dyn Fn(u64) -> u64| {
        let (first, last) = (of(before)?, least(after, of)?);
        let mut levels = vec![Some(first)];
        levels.extend(between.iter().map(|samples| least(samples, of)));
        levels.push(Some(last));
        Some(Holding {
            name,
            reason,
            before: first,
            after: last,
            allowed: slack(first),
            growth: Growth::of(&levels),
        })
    };
    [
        holding(
            "fds",
            "leaked-descriptors",
            |sample| sample.fds,
            &|before| before.saturating_add(limits.fds),
        ),
        holding(
            "threads",
            "leaked-threads",
            |sample| sample.threads,
            &|before| before.saturating_add(limits.threads),
        ),
        holding(
            "memory-bytes",
            "leaked-memory",
            |sample| sample.memory_bytes,
            &|before| limits.memory_bytes(before),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Holding {
    /// `file descriptors 9 → 12 (+3)`, and the slope over several faults.
    fn words(&self, faults: &[&StepId]) -> String {
        let (before, after) = (self.amount(self.before), self.amount(self.after));
        let what = match self.name {
            "fds" => "file descriptors",
            "memory-bytes" => "memory",
            other => other,
        };
        let growth = self.growth.filter(|_| self.after > self.before);
        match growth.map(|growth| growth.words(faults, |value| self.change(value))) {
            Some(growth) => format!("{what} {before} → {after} ({growth})"),
            None => format!("{what} {before} → {after}"),
        }
    }

    /// A change, with its sign.
    fn change(&self, value: f64) -> String {
        match self.name {
            "memory-bytes" => format!("{:+.2} MiB", value / f64::from(1 << 20)),
            _ if value.fract() == 0.0 => format!("{value:+}"),
            _ => format!("{value:+.1}"),
        }
    }

    fn amount(&self, value: u64) -> String {
        match self.name {
            "memory-bytes" => format!("{:.1} MiB", value as f64 / f64::from(1 << 20)),
            _ => value.to_string(),
        }
    }

    fn figures(&self, outages: usize) -> [Figure; 3] {
        let growth = self.after as f64 - self.before as f64;
        let name = |stage: &str| format!("{stage}-{}", self.name);
        [
            Figure::new(&name("baseline"), self.before as f64),
            Figure::new(&name("after"), self.after as f64),
            Figure::new(&name("growth-per-outage"), growth / outages.max(1) as f64),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Act;
    use crate::model::{FaultKind, Verdict};
    use crate::trace::script::{Script, limits};

    /// A trial with a rapid fault of two kills, whose API holds 9 descriptors and 100 MiB at the
    /// baseline.
    fn script() -> Script {
        Script::new(&["sync"])
            .at_rest(8, "7", 9, 100)
            .fault("f1", FaultKind::Kill, 30, 80)
            .act(40, "f1", Act::Kill)
            .ready(80, Some("f1"))
            .good_row(90, 0, "sync")
            .phase(200, Phase::Drain)
    }

    fn check(script: Script) -> Finding {
        let limits = Limits {
            resources: Some(ResourceLimits {
                fds: 1,
                ..ResourceLimits::default()
            }),
            ..limits()
        };
        NoLeak.check(&View::new(&script.cut()), &limits)
    }

    #[test]
    fn growth_is_told_also_where_it_is_allowed() {
        let finding = check(script().at_rest(210, "7", 10, 100));
        assert_eq!(finding.verdict, Verdict::Holds);
        assert_eq!(
            finding.message,
            "after 2 outages: file descriptors 9 → 10 (+1), threads 4 → 4, memory 100.0 MiB → 100.0 MiB"
        );
        let growth = finding
            .figures
            .iter()
            .find(|f| f.name == "growth-per-outage-fds");
        assert_eq!(growth.map(|figure| figure.value), Some(0.5));
    }

    /// Two faults, and what the API at rest holds after each.
    fn two_faults(first: u64, second: u64) -> Finding {
        let script = Script::new(&["sync"]).at_rest(8, "7", 9, 100);
        let script = script
            .fault("f1", FaultKind::Kill, 30, 80)
            .ready(80, Some("f1"));
        let script = script.at_rest(90, "7", first, 100);
        let script = script
            .fault("f2", FaultKind::Kill, 130, 180)
            .ready(180, Some("f2"));
        let script = script.good_row(190, 0, "sync").phase(300, Phase::Drain);
        check(script.at_rest(310, "7", second, 100))
    }

    #[test]
    fn a_slope_is_told_only_where_each_fault_takes_something() {
        let leak = two_faults(11, 14);
        assert!(
            leak.message.contains("9 → 14 (+2.5 ± 0.5 per fault)"),
            "{}",
            leak.message
        );
        let filled = two_faults(19, 19);
        assert!(
            filled.message.contains("9 → 19 (+10, nearly all with f1)"),
            "{}",
            filled.message
        );
    }

    #[test]
    fn what_does_not_come_back_is_leaked() {
        let finding = check(
            script()
                .at_rest(210, "7", 12, 100)
                .at_rest(220, "7", 11, 100),
        );
        assert_eq!(finding.reason.as_deref(), Some("leaked-descriptors"));
        assert_eq!(
            finding.message,
            "after 2 outages the API at rest does not give back what it took: file descriptors 9 → 11 (+2), \
             threads 4 → 4, memory 100.0 MiB → 100.0 MiB; 10 are allowed"
        );
        let memory = check(script().at_rest(210, "7", 9, 170));
        assert_eq!(memory.reason.as_deref(), Some("leaked-memory"));
    }

    #[test]
    fn what_comes_back_at_any_time_is_not() {
        let script = script().at_rest(210, "7", 30, 900);
        let finding = check(script.at_rest(230, "7", 9, 100).at_rest(240, "7", 30, 900));
        assert_eq!(finding.verdict, Verdict::Holds);
    }

    #[test]
    fn what_was_not_seen_at_rest_tells_nothing() {
        let busy = check(script().sampled(210, 5));
        assert_eq!(busy.verdict, Verdict::Inconclusive);
        let other = check(script().at_rest(210, "8", 99, 100));
        assert_eq!(other.verdict, Verdict::Inconclusive);
        let blind = Script::new(&["sync"]).fault("f1", FaultKind::Kill, 30, 80);
        let blind = blind.good_row(90, 0, "sync").phase(200, Phase::Drain);
        assert_eq!(
            check(blind.at_rest(210, "7", 99, 100)).verdict,
            Verdict::Holds
        );
        let broken = Script::new(&["sync"]).at_rest(8, "7", 9, 100);
        let broken = broken
            .fault("f1", FaultKind::Kill, 30, 80)
            .bad(90, 0, "sync");
        let broken = broken.phase(200, Phase::Drain).at_rest(210, "7", 99, 100);
        assert_eq!(check(broken).verdict, Verdict::Holds);
    }

    #[test]
    fn a_trace_without_such_limits_is_not_judged() {
        let old = Limits {
            resources: None,
            ..limits()
        };
        let trace = script().at_rest(210, "7", 99, 100).cut();
        assert_eq!(
            NoLeak.check(&View::new(&trace), &old).verdict,
            Verdict::Holds
        );
    }
}
