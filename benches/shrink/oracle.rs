//! Failures that are simulated: which steps they need, how often they show, and how often they were made to show.

use comeback::shrink::Places;
use fastrand::Rng;

/// A kind of failure.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// Steps of the plan.
    pub count: usize,
    /// Steps that the failure needs.
    pub needed: usize,
    /// How often the whole plan fails.
    pub rate: f64,
    /// What is special about it.
    pub kind: Kind,
}

/// What is special about a failure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Nothing: it shows at its rate while all needed steps are there, and never else.
    OneSided,
    /// It shows at this rate by mistake where a needed step is gone.
    FalseAlarms(f64),
    /// So many other steps make it show more often: without one of them, so many times less often.
    Amplifiers(usize, Factor),
    /// Two sets of steps that share none; one of them suffices.
    TwoSets,
    /// The steps are of eight kinds. A step of one kind is needed and, anywhere behind it, a step of another kind, for each two of the
    /// needed steps: any such pair serves.
    OrderedPairs,
}

/// How many times more often a failure shows by an amplifier.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Factor {
    /// So many times.
    Times(f64),
    /// Anything from the first to the second, drawn for each amplifier by itself.
    Drawn(f64, f64),
}

/// One failure, and a count of the runs.
#[derive(Debug, Clone)]
pub struct Oracle {
    family: Family,
    /// Each of these suffices.
    sets: Vec<Places>,
    /// Steps and what the rate is multiplied by without them.
    amplifiers: Vec<(Places, f64)>,
    rng: Rng,
    /// Runs so far.
    pub runs: u32,
}

impl Oracle {
    /// A failure of this family; equal seeds make equal failures.
    pub fn new(family: Family, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1);
        let mut places: Vec<usize> = (0..family.count).collect();
        rng.shuffle(&mut places);
        let set = |places: &[usize]| places.iter().fold(0, |set, place| set | 1 << place);
        let (needed, others) = places.split_at(family.needed);
        let mut sets: Vec<Places> = vec![set(needed)];
        let mut amplifiers = Vec::new();
        match family.kind {
            Kind::OneSided | Kind::FalseAlarms(_) => {}
            Kind::Amplifiers(count, factor) => {
                for place in &others[..count] {
                    let times = match factor {
                        Factor::Times(times) => times,
                        Factor::Drawn(least, most) => least + (most - least) * rng.f64(),
                    };
                    amplifiers.push((1 << place, 1.0 / times));
                }
            }
            Kind::TwoSets => sets.push(set(&others[..family.needed])),
            Kind::OrderedPairs => sets = ordered_pairs(family, &mut rng),
        }
        Oracle {
            family,
            sets,
            amplifiers,
            rng,
            runs: 0,
        }
    }

    /// How many steps there are.
    pub fn count(&self) -> usize {
        self.family.count
    }

    /// How often the whole plan fails.
    pub fn original_rate(&self) -> f64 {
        self.family.rate
    }

    /// How often a plan fails with only these steps.
    pub fn rate(&self, kept: Places) -> f64 {
        if !self.sets.iter().any(|set| set & kept == *set) {
            return match self.family.kind {
                Kind::FalseAlarms(rate) => rate,
                _ => 0.0,
            };
        }
        let gone = self.amplifiers.iter().filter(|(step, _)| step & kept == 0);
        gone.fold(self.family.rate, |rate, (_, times)| rate * times)
    }

    /// Whether a plan with only these steps fails this time.
    pub fn fails(&mut self, kept: Places) -> bool {
        self.runs += 1;
        self.rng.f64() < self.rate(kept)
    }

    /// Whether these steps suffice, and none of them is too much: an amplifier is not, as long as the plan keeps half of its rate.
    pub fn is_exact(&self, kept: Places) -> bool {
        let amplifiers = self.amplifiers.iter().fold(0, |set, (step, _)| set | step);
        self.sets.contains(&(kept & !amplifiers)) && self.keeps_half(kept)
    }

    /// Whether a plan with only these steps fails at least half as often as the whole one.
    pub fn keeps_half(&self, kept: Places) -> bool {
        self.rate(kept) >= 0.5 * self.family.rate - 1e-9
    }
}

/// All the sets that suffice where pairs of kinds are needed in order.
fn ordered_pairs(family: Family, rng: &mut Rng) -> Vec<Places> {
    loop {
        let kinds: Vec<usize> = (0..family.count).map(|_| rng.usize(..8)).collect();
        let kinds = &kinds;
        let mut sets: Vec<Places> = vec![0];
        for pair in 0..family.needed / 2 {
            let first_kind = 2 * pair;
            let of = |kind: usize| (0..family.count).filter(move |place| kinds[*place] == kind);
            let pairs: Vec<Places> = of(first_kind)
                .flat_map(|a| of(first_kind + 1).map(move |b| (a, b)))
                .filter(|(a, b)| a < b)
                .map(|(a, b)| 1 << a | 1 << b)
                .collect();
            let with = |set: &Places| pairs.iter().map(|pair| set | pair).collect::<Vec<_>>();
            sets = sets.iter().flat_map(with).collect();
        }
        if !sets.is_empty() {
            return sets;
        }
    }
}
