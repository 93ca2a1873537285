//! What is believed of a failure's needed steps, and of how often it shows.
//!
//! The unknowns are the set of needed steps and the reproduction rate p. A plan without the steps S
//! fails with probability p if S holds no needed step, and never if it does. The rate is integrated
//! out on a grid, so that the weight of a set E depends on two numbers only: its size, and how many
//! of the passing runs it leaves unexplained (those that removed nothing of E and yet did not
//! fail). Where few steps are left, all sets are counted, and the decision to stop is exact. Before
//! that only the small ones are: few failures need more than three steps.

use super::places::{MOST_PLACES, Places, all, bits};
use super::rates::{RATES, Rates};
use super::runs::Runs;

/// At most this many sets are counted, the small ones first: all sets of 13 steps, those of up to 4
/// among 20, of up to 3 among 40, and of up to 2 among 128.
const MOST_SETS: usize = 12_000;

/// The prior probability of each number of needed steps, from none upwards; each further one is
/// less likely by [`TAIL`].
const SIZES: [f64; 7] = [0.01, 0.12, 0.27, 0.3, 0.17, 0.08, 0.04];
const TAIL: f64 = 0.7;

/// The logarithm of the weight of a set with none of the steps of which the guard said that one is
/// needed.
const AGAINST_A_VETO: f64 = -14.0;

/// One possible set of needed steps.
#[derive(Debug, Clone, Copy)]
pub struct Guess {
    /// The needed steps.
    pub needed: Places,
    /// How many passing runs it leaves unexplained.
    pub unexplained: usize,
    /// How much it counts; all of them sum up to 1.
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
    odds: Vec<f64>,
    guesses: Vec<Guess>,
}

impl Belief {
    /// Before anything was tried except the run that failed first. `odds[i]` is the logarithm of
    /// step i's odds to be needed, against the average step's: zero where nothing is known.
    pub fn new(odds: Vec<f64>) -> Self {
        let count = odds.len();
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
            odds,
            guesses: Vec::new(),
        };
        belief.settle();
        belief
    }

    /// The steps that are still there.
    pub fn left(&self) -> Places {
        self.left
    }

    /// The sets that are counted.
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

    /// How likely it is that the step is needed.
    pub fn needed(&self, place: usize) -> f64 {
        let holds = |guess: &&Guess| guess.needed >> place & 1 == 1;
        self.guesses
            .iter()
            .filter(holds)
            .map(|guess| guess.weight)
            .sum()
    }

    /// A plan with all the steps that are left was run, or one that fails as often. That says
    /// nothing about the steps except through the rate.
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

    /// A plan without these fails too seldom, as the guard found: one of them is needed.
    pub fn vetoed_without(&mut self, removed: Places) {
        self.vetoed.push(removed);
        self.settle();
    }

    /// A plan without these passed.
    pub fn passed_without(&mut self, removed: Places) {
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

    /// Counts the sets anew, by all that is known.
    fn settle(&mut self) {
        let weights = self.rate_weights();
        let sets = small_sets(self.left).into_iter();
        let guesses = sets.map(|needed| {
            let unexplained = self.unexplained(needed);
            Guess {
                needed,
                unexplained,
                weight: self.weight(needed) + weights[unexplained],
            }
        });
        self.guesses = guesses.collect();
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

    /// The logarithm of what a set counts beforehand.
    fn weight(&self, needed: Places) -> f64 {
        let odds: f64 = bits(needed).map(|place| self.odds[place as usize]).sum();
        let against = self.vetoed.iter().filter(|places| **places & needed == 0);
        self.sizes[needed.count_ones() as usize] + odds + against.count() as f64 * AGAINST_A_VETO
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

/// The smallest sets of these places, as many sizes as [`MOST_SETS`] allows, in ascending order.
fn small_sets(places: Places) -> Vec<Places> {
    let count = places.count_ones() as usize;
    let mut sets: Vec<Places> = vec![0];
    let mut largest = sets.clone();
    for size in 0..count {
        if sets.len() + largest.len() * (count - size) / (size + 1) > MOST_SETS {
            break;
        }
        // A set is made once: of the one without its last place.
        let larger = largest.iter().flat_map(|set| {
            let up_to_last = Places::MAX.checked_shr(set.leading_zeros()).unwrap_or(0);
            bits(places & !up_to_last).map(move |place| set | 1 << place)
        });
        largest = larger.collect();
        sets.extend(&largest);
    }
    sets.sort_unstable();
    sets
}
