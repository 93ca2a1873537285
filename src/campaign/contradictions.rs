//! Limits, times and bounds that contradict each other.
//!
//! Each is sensible by itself, but some together leave nothing to find or nothing to judge. Those
//! listed here cause a warning; nothing is refused.

use std::time::Duration;

use super::StackHandle;
use crate::executor::Settings;
use crate::generator::Bounds;
use crate::model::{Limits, duration_ms};

/// How many successes in a row make success sustained, and so how many probes a recovery takes at
/// least.
const ROW: u64 = 3;

/// Two settings that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// Both, with their values, and what follows from that.
    pub what: String,
    /// What to set instead.
    pub remedy: String,
}

impl StackHandle {
    /// What of this stack's limits, times and bounds contradicts each other.
    pub fn contradictions(&self) -> Vec<Contradiction> {
        let executor = &self.executor;
        let mut limits = executor.limits.clone();
        if !executor.kinds.iter().any(|kind| kind.job.is_some()) {
            // Without jobs their limit contradicts nothing.
            limits.job_ms = 0;
        }
        contradictions(&limits, &executor.settings, self.space.bounds())
    }
}

/// All contradictions. The table is the whole list: two settings in milliseconds, of which the
/// first must not be above the second, what follows if it is, and what to do.
fn contradictions(limits: &Limits, settings: &Settings, bounds: &Bounds) -> Vec<Contradiction> {
    let ms = |time: Duration| time.as_millis() as u64;
    let probes_ms = ROW * ms(settings.probe_every);
    let recovery = ("`[limits] recovery`", limits.recovery_ms);
    let answer = ("`[limits] answer`", limits.answer_ms);
    let table = [
        (
            answer,
            recovery,
            "a request that hangs is given up only after the recovery it should tell of is over",
            "allow less for an answer, or more for a recovery",
        ),
        (
            ("`[limits] job`", limits.job_ms),
            recovery,
            "a job that hangs is given up only after the recovery it should tell of is over",
            "allow less for a job, or more for a recovery",
        ),
        (
            ("`[limits] grace`", limits.grace_ms.unwrap_or(0)),
            recovery,
            "failures are tolerated for longer than a recovery may take",
            "allow less grace, or more for a recovery",
        ),
        (
            ("three times `[trial] probe-every`", probes_ms),
            recovery,
            "three successes in a row cannot be seen in time",
            "probe more often, or allow more for a recovery",
        ),
        (
            ("`[trial] probe-patience`", ms(settings.probe_patience)),
            recovery,
            "after one probe that hangs no other is sent in time",
            "send the next probe sooner, or allow more for a recovery",
        ),
        (
            answer,
            ("`[generator] max-outage`", *bounds.outage_ms.end()),
            "no freeze lasts long enough to show a call without a deadline",
            "allow longer outages, or less for an answer",
        ),
        (
            (
                "`[limits] cpu-window`",
                limits.resources.map_or(0, |r| r.cpu_window_ms),
            ),
            ("`[trial] settle`", ms(settings.settle)),
            "the API is never watched at rest for long enough to tell whether it is busy",
            "watch for less, or let it settle for longer",
        ),
    ];
    let contradict = table
        .into_iter()
        .filter(|((_, at_most), (_, least), ..)| at_most > least);
    let found =
        contradict.map(
            |((first, at_most), (second, least), follows, remedy)| Contradiction {
                what: format!(
                    "{first} ({}) is above {second} ({}): {follows}",
                    duration_ms(at_most),
                    duration_ms(least)
                ),
                remedy: remedy.to_owned(),
            },
        );
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Variant;
    use crate::demo;

    fn found(limits: &Limits, settings: &Settings) -> Vec<String> {
        let found = contradictions(limits, settings, &Bounds::default());
        found.into_iter().map(|c| c.what).collect()
    }

    #[test]
    fn neither_the_defaults_nor_the_demo_contradict_themselves() {
        assert_eq!(
            found(&Limits::default(), &Settings::default()),
            Vec::<String>::new()
        );
        let demo = demo::simulated(Variant::Healthy).unwrap();
        assert_eq!(demo.contradictions(), []);
    }

    #[test]
    fn each_pair_is_told_with_both_values() {
        let limits = Limits {
            answer_ms: 50_000,
            grace_ms: Some(6_000),
            recovery_ms: 5_000,
            ..Limits::default()
        };
        let settings = Settings {
            probe_every: Duration::from_secs(2),
            settle: Duration::from_secs(4),
            ..Settings::default()
        };
        let found = found(&limits, &settings);
        let names = found.iter().map(|what| what.split(':').next().unwrap());
        assert_eq!(
            names.collect::<Vec<_>>(),
            [
                "`[limits] answer` (50 s) is above `[limits] recovery` (5 s)",
                "`[limits] job` (2 min) is above `[limits] recovery` (5 s)",
                "`[limits] grace` (6 s) is above `[limits] recovery` (5 s)",
                "three times `[trial] probe-every` (6 s) is above `[limits] recovery` (5 s)",
                "`[trial] probe-patience` (10 s) is above `[limits] recovery` (5 s)",
                "`[limits] answer` (50 s) is above `[generator] max-outage` (45 s)",
                "`[limits] cpu-window` (5 s) is above `[trial] settle` (4 s)",
            ]
        );
    }
}
