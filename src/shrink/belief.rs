//! What is believed of a failure's needed steps, and of how often it shows.
//!
//! The unknowns are the set of needed steps and the reproduction rate p. A plan without the steps S
//! fails with probability p if S holds no needed step, and never if it does. The rate is integrated
//! out on a grid, so that the weight of a set E depends on two numbers only: its size, and how many
//! of the passing runs it leaves unexplained (those that removed nothing of E and yet did not
//! fail). Sets are kept as a population, reweighted by each run, resampled, and moved by Metropolis
//! and Hastings' rule: a sequential Monte Carlo sampler (Chopin 2002, "A sequential particle filter
//! method for static models"). Where few steps are left, all sets are counted out instead, so that
//! the decision to stop rests on no sample.

use fastrand::Rng;

use super::places::{MOST_PLACES, Places, all, bits};
use super::rates::{RATES, Rates};
use super::runs::Runs;

/// Sets in the population.
const POPULATION: usize = 256;

/// With at most this many steps, all subsets are enumerated.
const COUNTED_OUT: u32 = 10;

/// The prior probability of each number of needed steps, from none upwards; each further one is
/// less likely by [`TAIL`].
const SIZES: [f64; 7] = [0.01, 0.12, 0.27, 0.3, 0.17, 0.08, 0.04];
const TAIL: f64 = 0.7;

/// The logarithm of what it counts to need none of the steps of which the guard said that one is
/// needed.
const AGAINST_A_VETO: f64 = -14.0;

/// One possible set of needed steps.
#[derive(Debug, Clone, Copy)]
pub struct Guess {
    /// The needed steps.
    pub needed: Places,
    /// How many passing runs it leaves unexplained.
    pub unexplained: usize,
    /// How much it counts; all of a population's sum up to 1.
    pub weight: f64,
}

/// What is believed after some runs.
#[derive(Debug, Clone)]
pub struct Belief {
    left: Places,
    failed: u32,
    /// What the passing runs had removed, and how many did.
    passed: Vec<(Places, usize)>,
    /// Passing runs that had removed nothing that is still there.
    idle: usize,
    /// Each of these holds a needed step, as the guard found.
    vetoed: Vec<Places>,
    /// The logarithm of the prior of a single set, by its number of steps.
    sizes: Vec<f64>,
    /// The logarithm of each place's odds to be needed, against the average place's.
    log_odds: Vec<f64>,
    guesses: Vec<Guess>,
    rng: Rng,
}

impl Belief {
    /// Before anything was tried except the run that failed first. `log_odds[i]` is the logarithm
    /// of step i's odds to be needed, relative to the average step's; zero if nothing is known.
    pub fn new(log_odds: Vec<f64>, seed: u64) -> Self {
        let count = log_odds.len();
        assert!(count <= MOST_PLACES, "at most {MOST_PLACES} places");
        let mut choose = 0.0;
        let sizes = (0..=count)
            .map(|size| {
                let prior = match SIZES.get(size) {
                    Some(prior) => prior.ln(),
                    None => SIZES[6].ln() + (size - 6) as f64 * TAIL.ln(),
                };
                if size > 0 {
                    choose += ((count + 1 - size) as f64).ln() - (size as f64).ln();
                }
                prior - choose
            })
            .collect();
        let mut belief = Belief {
            left: all(count),
            failed: 1,
            passed: Vec::new(),
            idle: 0,
            vetoed: Vec::new(),
            sizes,
            log_odds,
            guesses: Vec::new(),
            rng: Rng::with_seed(seed),
        };
        belief.settle();
        belief
    }

    /// The steps that are still there.
    pub fn left(&self) -> Places {
        self.left
    }

    /// The population.
    pub fn guesses(&self) -> &[Guess] {
        &self.guesses
    }

    /// The expected rate, by how many passing runs stay unexplained.
    pub fn rates(&self) -> Vec<f64> {
        self.by_unexplained().iter().map(Rates::mean).collect()
    }

    /// The rates that it may have.
    pub fn how_often(&self) -> Rates {
        let rates = self.by_unexplained();
        let of = |guess: &Guess| (guess.weight, &rates[guess.unexplained]);
        Rates::mixed(self.guesses.iter().map(of))
    }

    /// The rate that is expected.
    pub fn rate(&self) -> f64 {
        self.how_often().mean()
    }

    /// How sure it is that every step left is needed.
    pub fn surely_all(&self) -> f64 {
        let all = |guess: &&Guess| guess.needed == self.left;
        self.guesses
            .iter()
            .filter(all)
            .map(|guess| guess.weight)
            .sum()
    }

    /// A plan with all the steps that are left was run, or one that fails as often. That tells
    /// nothing of the steps but through the rate.
    pub fn ran(&mut self, failed: bool) {
        let rates = self.rates();
        let mut total = 0.0;
        for guess in &mut self.guesses {
            let rate = rates[guess.unexplained];
            match failed {
                true => guess.weight *= rate,
                false => {
                    guess.weight *= 1.0 - rate;
                    guess.unexplained += 1;
                }
            }
            total += guess.weight;
        }
        match failed {
            true => self.failed += 1,
            false => self.idle += 1,
        }
        for guess in &mut self.guesses {
            guess.weight /= total;
        }
    }

    /// A plan without these failed: none of them is needed, and they are gone.
    pub fn failed_without(&mut self, removed: Places) {
        let rates = self.rates();
        for guess in &mut self.guesses {
            guess.weight *= match guess.needed & removed {
                0 => rates[guess.unexplained],
                _ => 0.0,
            };
        }
        self.failed += 1;
        self.left &= !removed;
        for (places, _) in &mut self.passed {
            *places &= self.left;
        }
        // What is gone after all was no matter of its steps: the guard errs, too.
        for places in &mut self.vetoed {
            *places &= self.left;
        }
        self.vetoed.retain(|places| *places != 0);
        let idle = self.passed.iter().filter(|(places, _)| *places == 0);
        self.idle += idle.map(|(_, times)| times).sum::<usize>();
        self.passed.retain(|(places, _)| *places != 0);
        self.settle();
    }

    /// A plan without these fails too seldom, by the guard's word: one of them is needed.
    pub fn vetoed_without(&mut self, removed: Places) {
        self.vetoed.push(removed);
        for guess in &mut self.guesses {
            if guess.needed & removed == 0 {
                guess.weight *= AGAINST_A_VETO.exp();
            }
        }
        self.settle();
    }

    /// A plan without these passed.
    pub fn passed_without(&mut self, removed: Places) {
        let before = self.rate_weights();
        for guess in &mut self.guesses {
            if guess.needed & removed == 0 {
                let unexplained = guess.unexplained + 1;
                guess.weight *= (before[unexplained] - before[guess.unexplained]).exp();
                guess.unexplained = unexplained;
            }
        }
        match self
            .passed
            .iter_mut()
            .find(|(places, _)| *places == removed)
        {
            Some((_, so_far)) => *so_far += 1,
            None => self.passed.push((removed, 1)),
        }
        self.settle();
    }

    /// Brings the population in line with what is known.
    fn settle(&mut self) {
        if self.left.count_ones() <= COUNTED_OUT {
            self.count_out();
            return;
        }
        let total: f64 = self.guesses.iter().map(|guess| guess.weight).sum();
        if total > 0.0 {
            self.resample(total);
            self.mix(1);
        } else {
            self.guess_anew();
            self.mix(20);
        }
    }

    fn count_out(&mut self) {
        let places: Vec<Places> = bits(self.left).map(|place| 1 << place).collect();
        let weights = self.rate_weights();
        self.guesses = (0..1_u32 << places.len())
            .map(|pattern| {
                let chosen = (0..places.len()).filter(|i| pattern >> i & 1 == 1);
                let needed = chosen.fold(0, |set, i| set | places[i]);
                let unexplained = self.unexplained(needed);
                Guess {
                    needed,
                    unexplained,
                    weight: self.weight(needed) + weights[unexplained],
                }
            })
            .collect();
        let greatest = self
            .guesses
            .iter()
            .map(|g| g.weight)
            .fold(f64::NEG_INFINITY, f64::max);
        for guess in &mut self.guesses {
            guess.weight = (guess.weight - greatest).exp();
        }
        let total: f64 = self.guesses.iter().map(|guess| guess.weight).sum();
        for guess in &mut self.guesses {
            guess.weight /= total;
        }
    }

    /// Systematic resampling: every guess is kept as often as its share of the weight says.
    fn resample(&mut self, total: f64) {
        let step = total / POPULATION as f64;
        let mut mark = self.rng.f64() * step;
        let mut sum = 0.0;
        let mut kept = Vec::with_capacity(POPULATION);
        for guess in &self.guesses {
            sum += guess.weight;
            while mark < sum && kept.len() < POPULATION {
                kept.push(*guess);
                mark += step;
            }
        }
        while let (Some(last), true) = (kept.last().copied(), kept.len() < POPULATION) {
            kept.push(last);
        }
        for guess in &mut kept {
            guess.weight = 1.0 / POPULATION as f64;
            guess.unexplained = self.unexplained(guess.needed);
        }
        self.guesses = kept;
    }

    /// Guesses by what was known beforehand.
    fn guess_anew(&mut self) {
        let places: Vec<u32> = bits(self.left).collect();
        self.guesses = (0..POPULATION)
            .map(|i| {
                let size = 1 + i % 6;
                let needed = (0..size).fold(0, |set, _| {
                    set | 1 << places[self.rng.usize(..places.len())]
                });
                let unexplained = self.unexplained(needed);
                Guess {
                    needed,
                    unexplained,
                    weight: 1.0 / POPULATION as f64,
                }
            })
            .collect();
    }

    /// Moves each guess by Metropolis and Hastings' rule: one place more or less, or one exchanged
    /// for another.
    fn mix(&mut self, rounds: usize) {
        let places: Vec<u32> = bits(self.left).collect();
        let weights = self.rate_weights();
        let mut guesses = std::mem::take(&mut self.guesses);
        for guess in &mut guesses {
            let mut log_weight = self.weight(guess.needed) + weights[guess.unexplained];
            for _ in 0..rounds * 30 {
                let place: Places = 1 << places[self.rng.usize(..places.len())];
                let moved = if self.rng.bool() && guess.needed != 0 && guess.needed & place == 0 {
                    let from = self.rng.u32(..guess.needed.count_ones());
                    let from = bits(guess.needed).nth(from as usize).map_or(0, |p| 1 << p);
                    guess.needed & !from | place
                } else {
                    guess.needed ^ place
                };
                let unexplained = self.unexplained(moved);
                let log_moved = self.weight(moved) + weights[unexplained];
                if log_moved >= log_weight || self.rng.f64() < (log_moved - log_weight).exp() {
                    (guess.needed, guess.unexplained) = (moved, unexplained);
                    log_weight = log_moved;
                }
            }
        }
        self.guesses = guesses;
    }

    /// The logarithm of what a set counts beforehand.
    fn weight(&self, needed: Places) -> f64 {
        let log_odds: f64 = bits(needed)
            .map(|place| self.log_odds[place as usize])
            .sum();
        let against = self.vetoed.iter().filter(|places| **places & needed == 0);
        self.sizes[needed.count_ones() as usize]
            + log_odds
            + against.count() as f64 * AGAINST_A_VETO
    }

    /// The logarithm of the weight of leaving passing runs unexplained, by their number, up to one
    /// more than there are.
    fn rate_weights(&self) -> Vec<f64> {
        let most = 1 + self.idle + self.passed.iter().map(|(_, times)| times).sum::<usize>();
        (0..=most)
            .map(|unexplained| {
                let runs = self.runs(unexplained);
                let of = |(rate, prior)| runs.likelihood(rate) * prior;
                RATES.map(of).iter().sum::<f64>().ln()
            })
            .collect()
    }

    /// What is believed of the rate for each number of passing runs that may stay unexplained.
    fn by_unexplained(&self) -> Vec<Rates> {
        let most = self.idle + self.passed.iter().map(|(_, times)| times).sum::<usize>();
        let after = |unexplained| Rates::after(self.runs(unexplained));
        (0..=most).map(after).collect()
    }

    /// The runs of plans that hold all that is needed, if this many passing ones stay unexplained.
    fn runs(&self, unexplained: usize) -> Runs {
        Runs {
            failed: self.failed,
            passed: unexplained as u32,
        }
    }

    fn unexplained(&self, needed: Places) -> usize {
        let apart = |(places, _): &&(Places, usize)| places & needed == 0;
        let times = self.passed.iter().filter(apart).map(|(_, times)| times);
        self.idle + times.sum::<usize>()
    }
}
