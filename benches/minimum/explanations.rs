//! What an explanation claims, checked by trying it: in a simulation the truth can be had.

use std::collections::BTreeSet;

use crate::trial;
use comeback::campaign::StackHandle;
use comeback::model::{
    BACKGROUND, Explanation, NeededNumber, NeededStep, Number, Plan, Signature, Standing, StepTimes,
};
use comeback::shrink::{other_faults, with_fault, without};
use comeback::trace::outages_ms;

/// How hard it is tried.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// So many executions say whether a plan fails about always, or now and then at most.
    pub tries: u64,
    /// Of a number's values so many are tried at most, evenly chosen.
    pub values: u64,
}

/// How many of some claims are right.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Score {
    pub right: usize,
    pub of: usize,
}

/// What came of checking an explanation.
#[derive(Debug, Clone, Default)]
pub struct Checked {
    /// Steps that are called needed: without one, the plan fails less than half as often.
    pub needed: Score,
    /// The same, where it has to fail never.
    pub never: Score,
    /// Faults that are said to fail in the place of another, or not to.
    pub alternatives: Score,
    /// Intervals that hold a boundary: at the lower end it passes and at the upper end it fails, most of the time.
    /// Measured outages have no such ends that could be planned.
    pub ends: Score,
    /// The same, where also everything below passes and everything above fails.
    pub boundaries: Score,
    /// What was claimed wrongly.
    pub wrong: Vec<String>,
}

impl Score {
    fn count(&mut self, right: bool) {
        self.of += 1;
        self.right += usize::from(right);
    }

    pub fn add(&mut self, other: Score) {
        self.of += other.of;
        self.right += other.right;
    }
}

/// Executes plans on a simulated stack.
struct Truth<'a> {
    handle: &'a StackHandle,
    failure: &'a Signature,
    plan: &'a Plan,
    effort: Effort,
    /// How many of its executions the plan fails in.
    usual: u64,
}

/// Checks every claim of an explanation of a plan.
pub fn check(
    handle: &StackHandle,
    failure: &Signature,
    plan: &Plan,
    explanation: &Explanation,
    effort: Effort,
) -> Checked {
    let mut truth = Truth {
        handle,
        failure,
        plan,
        effort,
        usual: 0,
    };
    let tries = effort.tries;
    truth.usual = truth.failures(plan);
    let mut checked = Checked::default();
    for step in &explanation.steps {
        truth.step(step, &mut checked);
    }
    for other in &explanation.alternatives {
        let faults = plan.faults().filter(|(id, _)| **id == other.step);
        let others = faults.flat_map(|(_, fault)| other_faults(fault));
        for fault in others.filter(|fault| fault.kind.name() == other.fault) {
            let failures = truth.failures(&with_fault(plan, &other.step, &fault));
            let right = match other.fails {
                true => failures > 0,
                false => 2 * failures < truth.usual,
            };
            checked.alternatives.count(right);
            checked.tell(right, format!("{other:?}: {failures} of {tries}"));
        }
    }
    for number in &explanation.numbers {
        if !number.measured {
            let ends = BTreeSet::from([number.passes_at, number.fails_from]);
            checked.ends.count(truth.boundary(number, ends).is_none());
        }
        let wrong = truth.boundary(number, truth.values(number));
        checked.boundaries.count(wrong.is_none());
        checked.wrong.extend(wrong);
    }
    checked
}

impl Checked {
    pub fn add(&mut self, other: Checked) {
        self.needed.add(other.needed);
        self.never.add(other.never);
        self.alternatives.add(other.alternatives);
        self.ends.add(other.ends);
        self.boundaries.add(other.boundaries);
        self.wrong.extend(other.wrong);
    }

    fn tell(&mut self, right: bool, claim: String) {
        if !right {
            self.wrong.push(claim);
        }
    }
}

impl Truth<'_> {
    fn step(&self, step: &NeededStep, checked: &mut Checked) {
        if step.standing != Standing::Needed {
            return;
        }
        let gone = BTreeSet::from([step.step.clone()]);
        let smaller = match step.step.0 == BACKGROUND {
            true => Plan {
                background: None,
                ..self.plan.clone()
            },
            false => without(self.plan, &gone, &StepTimes::default()),
        };
        let (failures, tries) = (self.failures(&smaller), self.effort.tries);
        let right = 2 * failures < self.usual;
        checked.needed.count(right);
        checked.never.count(failures == 0);
        checked.tell(
            right,
            format!("needed {}: {failures} of {tries}", step.step),
        );
    }

    /// Values of a number from the least one to the plan's own, with the ends of the interval.
    fn values(&self, claimed: &NeededNumber) -> BTreeSet<u64> {
        let least = self.number(claimed).map_or(0, |number| number.kind.least());
        let evenly = |nth: u64| least + (claimed.value - least) * nth / self.effort.values;
        let mut values: BTreeSet<u64> = (0..=self.effort.values).map(evenly).collect();
        if !claimed.measured {
            values.extend([claimed.passes_at, claimed.fails_from]);
        }
        values
    }

    /// The number that a claim is about.
    fn number(&self, claimed: &NeededNumber) -> Option<Number> {
        let mut numbers = Number::all(self.plan).into_iter();
        numbers
            .find(|number| number.step == claimed.step && number.kind.to_string() == claimed.what)
    }

    /// What is wrong about a boundary at these values, if anything is.
    fn boundary(&self, claimed: &NeededNumber, values: BTreeSet<u64>) -> Option<String> {
        let number = self.number(claimed)?;
        let tries = self.effort.tries;
        values.into_iter().find_map(|planned| {
            let plan = number.set(self.plan, planned);
            let executions = (0..self.effort.tries).map(|nth| self.execute(&plan, nth));
            let (failed, outages): (Vec<bool>, Vec<Option<u64>>) = executions
                .map(|(failed, trace)| (failed, outages_ms(&trace).get(&claimed.step).copied()))
                .unzip();
            let failures = failed.iter().filter(|failed| **failed).count() as u64;
            let fails = 2 * failures >= self.usual;
            let mut outages: Vec<u64> = outages.into_iter().flatten().collect();
            outages.sort_unstable();
            let shown = match claimed.measured {
                true => *outages.get(outages.len() / 2)?,
                false => planned,
            };
            let wrong = match fails {
                true => shown <= claimed.passes_at,
                false => shown >= claimed.fails_from,
            };
            wrong.then(|| {
                format!(
                    "{}: at {planned} (shown {shown}) {failures} of {tries}",
                    claimed.text
                )
            })
        })
    }

    fn failures(&self, plan: &Plan) -> u64 {
        let executions = (0..self.effort.tries).map(|nth| self.execute(plan, nth));
        executions.filter(|(failed, _)| *failed).count() as u64
    }

    fn execute(&self, plan: &Plan, nth: u64) -> (bool, comeback::trace::Trace) {
        // The chances differ from those that shrinking had.
        let trace = trial::simulated(self.handle, plan, 10_000 + nth);
        let judgement = trace.judgement.as_ref();
        (
            judgement.is_some_and(|judgement| judgement.shows(self.failure)),
            trace,
        )
    }
}
