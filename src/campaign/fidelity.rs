//! How closely executions of a plan match a recorded one.

use std::collections::BTreeMap;

use crate::model::{
    Counts, Differing, Drift, Fidelity, Outcome, Skipped, Speed, StepId, UnknownReason, Verdict,
};
use crate::trace::{EventKind, Origin, Phase, Trace, View};

/// Compares executions with a recorded one, one after the other.
pub(super) struct Fold {
    speed: Speed,
    recorded: Shape,
    /// How far each start was from the recorded one, in microseconds.
    drifts_us: Vec<u64>,
    /// For each step, in how many executions it was skipped, and in how many it was done.
    reached: BTreeMap<StepId, (u64, u64)>,
    /// The outcomes of each load, one entry for each conclusive execution.
    outcomes: Vec<BTreeMap<String, Counts>>,
}

/// What happened to a plan in one execution.
#[derive(Default)]
struct Shape {
    /// When each step started, in microseconds since the plan began. None if it was skipped.
    starts_us: BTreeMap<StepId, Option<u64>>,
    /// How the requests of each load ended.
    outcomes: BTreeMap<String, Counts>,
}

impl Fold {
    pub fn new(recorded: &Trace, speed: Speed) -> Self {
        Fold {
            speed,
            recorded: Shape::of(recorded),
            drifts_us: Vec::new(),
            reached: BTreeMap::new(),
            outcomes: Vec::new(),
        }
    }

    /// Takes an execution into account. One that is inconclusive may have ended anywhere, so its
    /// requests are not compared.
    pub fn take(&mut self, trace: &Trace) {
        let shape = Shape::of(trace);
        for (step, start_us) in shape.starts_us {
            let (skipped, done) = self.reached.entry(step.clone()).or_default();
            match start_us {
                None => *skipped += 1,
                Some(_) => *done += 1,
            }
            let recorded = self.recorded.starts_us.get(&step).copied().flatten();
            if let (Some(start_us), Some(recorded_us)) = (start_us, recorded) {
                let expected_us = self.speed.time(recorded_us);
                self.drifts_us.push(start_us.abs_diff(expected_us));
            }
        }
        let judgement = trace.judgement.as_ref();
        if judgement.is_some_and(|j| j.verdict != Verdict::Inconclusive) {
            self.outcomes.push(shape.outcomes);
        }
    }

    pub fn finish(mut self) -> Fidelity {
        self.drifts_us.sort_unstable();
        Fidelity {
            starts: drift(&self.drifts_us),
            skipped: self.skipped(),
            outcomes: self.differing(),
        }
    }

    fn skipped(&self) -> Vec<Skipped> {
        let skipped = self.reached.iter().filter_map(|(step, (skipped, done))| {
            let when_recorded = self.recorded.starts_us.get(step)?.is_none();
            let differs = if when_recorded { *done } else { *skipped };
            (differs > 0).then(|| Skipped {
                step: step.clone(),
                when_recorded,
                skipped: *skipped,
                of: skipped + done,
            })
        });
        skipped.collect()
    }

    fn differing(&self) -> Vec<Differing> {
        let replayed = self.outcomes.iter().flat_map(BTreeMap::keys);
        let mut loads: Vec<&String> = self.recorded.outcomes.keys().chain(replayed).collect();
        loads.sort();
        loads.dedup();
        let differing = loads.into_iter().filter_map(|load| {
            let of = |outcomes: &BTreeMap<String, Counts>| {
                outcomes.get(load).copied().unwrap_or_default()
            };
            let recorded = of(&self.recorded.outcomes);
            let replayed: Vec<Counts> = self.outcomes.iter().map(of).collect();
            let differs = replayed.iter().any(|counts| *counts != recorded);
            differs.then(|| Differing {
                load: load.clone(),
                recorded,
                replayed,
            })
        });
        differing.collect()
    }
}

impl Shape {
    fn of(trace: &Trace) -> Self {
        let view = View::new(trace);
        let mut shape = Shape::default();
        let Some(began) = view.phase(Phase::Plan) else {
            return shape;
        };
        for event in &trace.events {
            let (step, start_us) = match &event.kind {
                EventKind::StepStarted { step } => (step, Some(event.at_us - began.at_us)),
                EventKind::StepSkipped { step, .. } => (step, None),
                _ => continue,
            };
            shape.starts_us.insert(step.clone(), start_us);
        }
        for request in view.requests() {
            // The plan's requests are always the same; the number of probes depends on their
            // outcomes.
            let (Origin::Step(_) | Origin::Background, Some(end)) = (request.origin, request.ended)
            else {
                continue;
            };
            let counts = shape.outcomes.entry(request.origin.to_string());
            let counts: &mut Counts = counts.or_default();
            match end.outcome {
                Outcome::Ok => counts.ok += 1,
                Outcome::Failed { .. } => counts.failed += 1,
                // The harness gave it up because nothing could change the verdict any more.
                Outcome::Unknown {
                    reason: UnknownReason::Dropped,
                    ..
                } => {}
                Outcome::Unknown { .. } => counts.unknown += 1,
            }
        }
        shape
    }
}

/// The quantiles of sorted values, each being the value of the nearest rank above.
fn drift(sorted_us: &[u64]) -> Option<Drift> {
    let quantile_ms = |quantile: f64| {
        let rank = (quantile * sorted_us.len() as f64).ceil() as usize;
        let us = sorted_us.get(rank.saturating_sub(1))?;
        Some(*us as f64 / 1_000.0)
    };
    Some(Drift {
        starts: sorted_us.len() as u64,
        p50_ms: quantile_ms(0.5)?,
        p99_ms: quantile_ms(0.99)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Judgement;
    use crate::trace::script::Script;

    fn id(name: &str) -> StepId {
        StepId(name.to_owned())
    }

    fn started(script: Script, at_ms: u64, step: &str) -> Script {
        script.event(at_ms, EventKind::StepStarted { step: id(step) })
    }

    fn skipped(script: Script, at_ms: u64, step: &str) -> Script {
        let reason = "its event never came".to_owned();
        let step = id(step);
        script.event(at_ms, EventKind::StepSkipped { step, reason })
    }

    fn judged(script: Script, verdict: Verdict) -> Trace {
        let mut trace = script.finish(400);
        trace.judgement = Some(Judgement {
            verdict,
            signature: None,
            findings: Vec::new(),
            inconclusive: None,
        });
        trace
    }

    fn recorded() -> Trace {
        // The plan begins at 10 ms.
        let script = started(Script::new(&["sync"]), 30, "b1");
        let script = skipped(started(script, 50, "f1"), 60, "b2");
        judged(script, Verdict::Holds)
    }

    #[test]
    fn starts_are_compared_in_the_speed_of_the_replay() {
        let mut fold = Fold::new(&recorded(), Speed::new(2.0).unwrap());
        let script = started(Script::new(&["sync"]), 21, "b1");
        let script = skipped(started(script, 27, "f1"), 60, "b2");
        fold.take(&judged(script, Verdict::Holds));
        let fidelity = fold.finish();
        let starts = fidelity.starts.unwrap();
        assert_eq!((starts.starts, starts.p50_ms, starts.p99_ms), (2, 1.0, 3.0));
        assert_eq!(fidelity.skipped, []);
    }

    #[test]
    fn a_step_that_was_skipped_in_one_of_both_is_told() {
        let mut fold = Fold::new(&recorded(), Speed::AS_WRITTEN);
        let script = skipped(Script::new(&["sync"]), 30, "b1");
        fold.take(&judged(started(script, 60, "b2"), Verdict::Holds));
        // This one was broken off before it came to `b2`.
        let script = started(Script::new(&["sync"]), 30, "b1");
        fold.take(&judged(script, Verdict::Inconclusive));
        let told = fold.finish().skipped.into_iter();
        let told = told.map(|s| (s.step.0, s.when_recorded, s.skipped, s.of));
        let told: Vec<_> = told.collect();
        assert_eq!(
            told,
            [
                ("b1".to_owned(), false, 1, 2),
                ("b2".to_owned(), true, 0, 1)
            ]
        );
    }

    #[test]
    fn only_loads_that_went_otherwise_are_told() {
        let of = |load: &str, ok, unknown| {
            let counts = Counts {
                ok,
                failed: 0,
                unknown,
            };
            (load.to_owned(), counts)
        };
        let mut fold = Fold::new(&recorded(), Speed::AS_WRITTEN);
        fold.recorded.outcomes = [of("b1", 2, 0), of("b2", 1, 0)].into();
        fold.outcomes = vec![
            [of("b1", 2, 0), of("b2", 0, 1)].into(),
            [of("b1", 2, 0)].into(),
        ];
        let differing = fold.finish().outcomes;
        assert_eq!(differing.len(), 1, "{differing:?}");
        assert_eq!(differing[0].load, "b2");
        assert_eq!(differing[0].replayed[0], of("", 0, 1).1);
        assert_eq!(differing[0].replayed[1], Counts::default());
    }

    #[test]
    fn requests_are_counted_by_load_and_outcome() {
        use crate::trace::Exchange;
        let sent = |script: Script, request: u64, origin: Origin| {
            script.event(
                20,
                EventKind::Sent {
                    request,
                    origin,
                    kind: "sync".to_owned(),
                    token: String::new(),
                    intended_us: 20_000,
                    after: None,
                },
            )
        };
        let ended = |script: Script, request: u64, outcome: Outcome| {
            script.event(
                30,
                EventKind::Ended {
                    request,
                    outcome,
                    exchange: Exchange::Submit,
                    latency_us: 1,
                    echo: None,
                },
            )
        };
        let lost = |reason| Outcome::Unknown {
            reason,
            message: String::new(),
        };
        let mut script = Script::new(&["sync"]);
        for request in 0..4 {
            script = sent(script, request, Origin::Step(id("b1")));
        }
        script = sent(script, 4, Origin::Background);
        script = sent(script, 5, Origin::Probe);
        script = ended(script, 0, Outcome::Ok);
        script = ended(script, 1, lost(UnknownReason::Reset));
        script = ended(script, 2, lost(UnknownReason::Dropped));
        for request in [4, 5] {
            script = ended(script, request, Outcome::Ok);
        }
        let counts = Shape::of(&script.finish(100)).outcomes;
        let of_b1 = Counts {
            ok: 1,
            failed: 0,
            unknown: 1,
        };
        let of_background = Counts {
            ok: 1,
            ..Counts::default()
        };
        let expected = [("b1", of_b1), ("background", of_background)];
        assert_eq!(counts, expected.map(|(l, c)| (l.to_owned(), c)).into());
    }
}
