//! Resampling of whole trials.

use std::collections::BTreeMap;

use crate::latency::{Latencies, Stage};

/// How often trials are resampled, and the upper bound on all draws together.
const RESAMPLES: usize = 4_000;
const MOST_DRAWS: usize = 4_000_000;
/// A fixed seed: the same runs always give the same report.
const SEED: u64 = 1;

/// The requests of one stage, trial by trial.
pub struct TrialSample {
    trials: Vec<Trial>,
    /// The distinct latencies of successful requests, in microseconds, in order.
    values: Vec<u64>,
}

/// One trial: how many requests of the stage failed, and how often each latency occurred among the
/// others. A latency is given by its index in `values`.
struct Trial {
    failed: u64,
    ok: Vec<(usize, u64)>,
}

/// Collects the requests of one stage trial by trial: how many failed, and how often each latency
/// occurred among the others.
#[derive(Default)]
pub struct Seen(Vec<(u64, BTreeMap<u64, u64>)>);

impl Seen {
    /// Adds a trial. One without a request in the stage is left out.
    pub fn add(&mut self, trial: &Latencies, stage: Stage) {
        let (mut failed, mut ok) = (0, BTreeMap::new());
        for (_, outcome, histogram) in trial.histograms().filter(|(s, ..)| *s == stage) {
            match outcome {
                "ok" => {
                    let recorded = histogram.iter_recorded();
                    ok.extend(recorded.map(|v| (v.value_iterated_to(), v.count_at_value())));
                }
                _ => failed += histogram.len(),
            }
        }
        if failed > 0 || !ok.is_empty() {
            self.0.push((failed, ok));
        }
    }

    /// The collected trials.
    pub fn sample(self) -> TrialSample {
        let Seen(seen) = self;
        let mut values: Vec<u64> = seen.iter().flat_map(|(_, ok)| ok.keys().copied()).collect();
        values.sort_unstable();
        values.dedup();
        let place = |value: &u64| values.partition_point(|v| v < value);
        let trials = seen.iter().map(|(failed, ok)| Trial {
            failed: *failed,
            ok: ok
                .iter()
                .map(|(value, count)| (place(value), *count))
                .collect(),
        });
        TrialSample {
            trials: trials.collect(),
            values,
        }
    }
}

impl TrialSample {
    /// How many trials there are.
    pub fn trials(&self) -> usize {
        self.trials.len()
    }

    /// How many requests succeeded.
    pub fn succeeded(&self) -> u64 {
        let counts = self.trials.iter().flat_map(|t| &t.ok);
        counts.map(|(_, count)| count).sum()
    }

    /// How many requests there are.
    pub fn requests(&self) -> u64 {
        self.succeeded() + self.trials.iter().map(|t| t.failed).sum::<u64>()
    }

    /// Each trial drawn once.
    pub fn all(&self) -> Vec<u32> {
        vec![1; self.trials.len()]
    }

    /// The share of failed requests when each trial is drawn this often; 0 without requests.
    pub fn failed_share(&self, drawn: &[u32]) -> f64 {
        let (mut failed, mut all) = (0, 0);
        for (trial, times) in self.trials.iter().zip(drawn) {
            let ok: u64 = trial.ok.iter().map(|(_, count)| count).sum();
            failed += trial.failed * u64::from(*times);
            all += (trial.failed + ok) * u64::from(*times);
        }
        failed as f64 / all.max(1) as f64
    }

    /// A quantile of the latency of successful requests when each trial is drawn this often: the
    /// value at the nearest rank above.
    pub fn quantile_us(&self, drawn: &[u32], quantile: f64) -> f64 {
        let mut counts = vec![0_u64; self.values.len()];
        for (trial, times) in self.trials.iter().zip(drawn) {
            for (place, count) in &trial.ok {
                counts[*place] += count * u64::from(*times);
            }
        }
        let all = counts.iter().sum::<u64>() as f64;
        let rank = (quantile * all).ceil().max(1.0) as u64;
        let mut below = 0;
        let reached = counts.iter().position(|count| {
            below += count;
            below >= rank
        });
        reached.map_or(0.0, |place| self.values[place] as f64)
    }

    fn draw(&self, chance: &mut fastrand::Rng) -> Vec<u32> {
        let mut drawn = vec![0; self.trials.len()];
        for _ in 0..self.trials.len() {
            drawn[chance.usize(..self.trials.len())] += 1;
        }
        drawn
    }
}

/// The interval that contains the difference of a statistic (`after` minus `before`) in all but the
/// share `level` of the resamples.
pub fn difference(
    before: &TrialSample,
    after: &TrialSample,
    level: f64,
    statistic: impl Fn(&TrialSample, &[u32]) -> f64,
) -> (f64, f64) {
    let mut chance = fastrand::Rng::with_seed(SEED);
    let resamples = RESAMPLES
        .min(MOST_DRAWS / (before.trials() + after.trials()).max(1))
        .max(1_000);
    let mut differences: Vec<f64> = (0..resamples)
        .map(|_| {
            let (drawn_before, drawn_after) = (before.draw(&mut chance), after.draw(&mut chance));
            statistic(after, &drawn_after) - statistic(before, &drawn_before)
        })
        .collect();
    differences.sort_by(f64::total_cmp);
    let tail = (level / 2.0 * resamples as f64).floor() as usize;
    (differences[tail], differences[resamples - 1 - tail])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Trials of 20 requests each. The trials differ as much as the requests within a trial.
    fn trials(count: usize, median_us: f64, chance: &mut fastrand::Rng) -> Vec<Latencies> {
        let trial = |_| {
            let mut latencies = Latencies::default();
            let shared = 0.8 + 0.4 * chance.f64();
            for _ in 0..20 {
                let us = median_us * shared * (0.8 + 0.4 * chance.f64());
                latencies.record(Stage::After, "ok", us as u64);
            }
            latencies
        };
        (0..count).map(trial).collect()
    }

    fn sample(trials: &[Latencies], stage: Stage) -> TrialSample {
        let mut seen = Seen::default();
        trials.iter().for_each(|trial| seen.add(trial, stage));
        seen.sample()
    }

    fn p50_differs(before: &[Latencies], after: &[Latencies]) -> bool {
        let [before, after] = [before, after].map(|trials| sample(trials, Stage::After));
        let median = |sample: &TrialSample, drawn: &[u32]| sample.quantile_us(drawn, 0.5);
        let (low, high) = difference(&before, &after, 0.05, median);
        low > 0.0 || high < 0.0
    }

    #[test]
    fn what_does_not_differ_is_seldom_told_apart_and_what_differs_always() {
        let mut chance = fastrand::Rng::with_seed(7);
        let mut wrong = 0;
        for _ in 0..40 {
            let pair = [20_000.0, 20_000.0].map(|us| trials(20, us, &mut chance));
            wrong += u32::from(p50_differs(&pair[0], &pair[1]));
        }
        // One in twenty is expected, so two of forty; more than seven come by chance once in a
        // thousand.
        assert!(wrong <= 7, "{wrong} of 40");
        let slower = [20_000.0, 30_000.0].map(|us| trials(20, us, &mut chance));
        assert!(p50_differs(&slower[0], &slower[1]));
    }

    #[test]
    fn shares_and_quantiles_count_a_trial_as_often_as_it_was_drawn() {
        let mut bad = Latencies::default();
        bad.record(Stage::Outage, "failed", 1_000);
        let mut good = Latencies::default();
        good.record(Stage::Outage, "ok", 2_000);
        let sample = sample(&[bad, good], Stage::Outage);
        assert_eq!(sample.failed_share(&[1, 1]), 0.5);
        assert_eq!(sample.failed_share(&[3, 1]), 0.75);
        assert_eq!(sample.quantile_us(&[1, 1], 0.99), 2_000.0);
        assert_eq!(
            (sample.trials(), sample.requests(), sample.succeeded()),
            (2, 2, 1)
        );
    }
}
