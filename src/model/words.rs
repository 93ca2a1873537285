//! Numbers, lists and plans in words.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use super::{Action, BACKGROUND, Fault, FaultKind, Plan, Step, StepId};

impl Plan {
    /// The plan's parts in words: "4 quick restarts of `backend` (f1) and 2 job requests (b6)".
    pub fn in_words(&self) -> String {
        let parts = self.parts().into_iter();
        listed(&parts.map(|(_, words)| words).collect::<Vec<_>>())
    }

    /// One sentence for each outage that was much longer than planned.
    pub fn other_outages(&self, measured_ms: &BTreeMap<StepId, u64>) -> Vec<String> {
        let faults = self.faults().filter_map(|(id, fault)| {
            let measured_ms = *measured_ms.get(id)?;
            is_other_outage(fault.outage_ms, measured_ms).then(|| {
                let (measured, planned) = (duration_ms(measured_ms), duration_ms(fault.outage_ms));
                let backend = &fault.backend;
                format!("{id} kept `{backend}` away for {measured} (planned {planned}).")
            })
        });
        faults.collect()
    }

    /// The steps and the background load, each in words. The load is called [`BACKGROUND`].
    pub fn parts(&self) -> Vec<(StepId, String)> {
        let steps = self.steps.iter().map(|step| (step.id.clone(), words(step)));
        let load = self.background.iter().map(|load| {
            let rate_per_s = load.rate_per_s;
            let words = format!("a steady load of {rate_per_s:.0} requests per second");
            (BACKGROUND.into(), words)
        });
        steps.chain(load).collect()
    }
}

/// A number and its noun, in the singular or the plural.
pub fn count<N: Display + PartialEq + From<u8>>(number: N, noun: &str) -> String {
    let plural = if number == N::from(1) { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

fn words(step: &Step) -> String {
    let what = match &step.action {
        Action::Burst(burst) => {
            let kind = match burst.mix.len() {
                1 => burst.mix.keys().map(|kind| format!("{kind} ")).collect(),
                _ => String::new(),
            };
            count(burst.count, &format!("{kind}request"))
        }
        Action::Fault(fault) => fault_words(fault),
        Action::Wait(wait) => format!("a wait of {}", duration_ms(wait.wait_ms)),
    };
    format!("{what} ({})", step.id)
}

fn fault_words(fault: &Fault) -> String {
    let backend = &fault.backend;
    match fault.kind {
        FaultKind::Stop { .. } => format!("a stop of `{backend}`"),
        FaultKind::Kill => format!("a kill of `{backend}`"),
        FaultKind::Rapid { restarts, .. } => format!("{restarts} quick restarts of `{backend}`"),
        FaultKind::Pause => format!("a pause of `{backend}`"),
        FaultKind::Cut => format!("a cut of `{backend}` from the network"),
    }
}

/// "a, b and c"; "nothing" for an empty list.
pub fn listed(words: &[String]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Whether a measured outage differs from the planned one: it is a fifth longer, and by more than
/// the 10 ms that an act may take.
pub fn is_other_outage(planned_ms: u64, measured_ms: u64) -> bool {
    measured_ms > planned_ms + planned_ms / 5 && measured_ms > planned_ms + 10
}

/// A duration for people: `850 µs`, `9 ms`, `1.5 s`, `2 min 5 s`, `1 h 30 min`.
///
/// Below a minute it has at most three digits, above that its two largest units. No other code
/// writes durations for people. One that may be copied into a configuration or a command line is
/// written by [`ceiling::written`](super::ceiling::written), which can be parsed. A plan's own
/// numbers stay exact, in milliseconds, since they are what is executed.
pub fn duration(time: Duration) -> String {
    duration_us(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

/// [`duration`] of whole seconds, for a display that is redrawn often and must not flicker.
pub fn duration_s(seconds: u64) -> String {
    match seconds {
        0 => "0 s".to_owned(),
        _ => duration_us(seconds.saturating_mul(1_000_000)),
    }
}

/// [`duration`] of milliseconds.
pub fn duration_ms(ms: u64) -> String {
    duration_us(ms.saturating_mul(1_000))
}

/// [`duration`] of microseconds.
pub fn duration_us(us: u64) -> String {
    match us {
        0 => "0 ms".to_owned(),
        1..1_000 => format!("{us} µs"),
        // The bounds are where rounding would reach the next unit.
        1_000..999_500 => format!("{} ms", three_digits(us as f64 / 1e3)),
        999_500..59_950_000 => format!("{} s", three_digits(us as f64 / 1e6)),
        _ => two_units(us.saturating_add(500_000) / 1_000_000),
    }
}

/// A number below a thousand, without trailing zeros.
fn three_digits(number: f64) -> String {
    let decimals = match number {
        ..9.995 => 2,
        ..99.95 => 1,
        _ => return format!("{number:.0}"),
    };
    let text = format!("{number:.decimals$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A minute or more, in its largest unit and the next one.
fn two_units(seconds: u64) -> String {
    let (large, small, of_small, seconds_of_small) = match seconds {
        0..3_600 => ("min", "s", 60, 1),
        3_600..86_400 => ("h", "min", 60, 60),
        _ => ("d", "h", 24, 3_600),
    };
    let all = seconds / seconds_of_small;
    match all % of_small {
        0 => format!("{} {large}", all / of_small),
        rest => format!("{} {large} {rest} {small}", all / of_small),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Anchor;

    #[test]
    fn an_outage_that_was_longer_than_planned_is_told_with_both() {
        let fault = |id: &str, outage_ms| Step {
            id: StepId(id.to_owned()),
            anchor: Anchor::At { offset_ms: 0 },
            action: Action::Fault(Fault {
                backend: "db".to_owned(),
                kind: FaultKind::Kill,
                outage_ms,
            }),
        };
        let plan = Plan {
            seed: 1,
            index: 0,
            background: None,
            steps: vec![fault("f1", 1), fault("f2", 900)],
        };
        let measured = [("f1", 4_800), ("f2", 1_000)].map(|(id, ms)| (StepId(id.to_owned()), ms));
        assert_eq!(
            plan.other_outages(&measured.into()),
            ["f1 kept `db` away for 4.8 s (planned 1 ms)."]
        );
        assert_eq!(
            plan.in_words(),
            "a kill of `db` (f1) and a kill of `db` (f2)"
        );
    }

    #[test]
    fn a_duration_has_at_most_three_digits_and_from_a_minute_on_two_units() {
        let expected = [
            (0, "0 ms"),
            (850, "850 µs"),
            (9_000, "9 ms"),
            (9_350, "9.35 ms"),
            (12_340, "12.3 ms"),
            (436_400, "436 ms"),
            (999_499, "999 ms"),
            (999_500, "1 s"),
            (1_500_000, "1.5 s"),
            (1_974_000, "1.97 s"),
            (59_949_999, "59.9 s"),
            (59_950_000, "1 min"),
            (125_000_000, "2 min 5 s"),
            (5_400_000_000, "1 h 30 min"),
            (97_200_000_000, "1 d 3 h"),
        ];
        for (us, words) in expected {
            assert_eq!(duration_us(us), words);
        }
        assert_eq!(duration(Duration::from_millis(20)), "20 ms");
        assert!(duration_ms(u64::MAX).ends_with(" h"));
    }
}
