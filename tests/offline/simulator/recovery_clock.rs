//! Whatever the plan, no correct variant is late where a recovery may take half as long again as its own does.

use crate::trial;
use comeback::app::Variant;
use comeback::campaign::StackHandle;
use comeback::demo;
use comeback::generator;
use comeback::model::{Figure, Judgement, Verdict};

/// Plans by which a variant's own time is measured, and plans by which it is judged. `cargo bench --bench catalogue` does the
/// same with many more.
const MEASURED: u64 = 8;
const JUDGED: u64 = 12;

fn judgement(handle: &StackHandle, seed: u64, index: u64) -> Judgement {
    let plan = generator::plan(&handle.space, seed, index);
    let trace = trial::simulated(handle, &plan, 0);
    trace.judgement.unwrap()
}

/// The longest that sustained success took in a trial, in milliseconds of being asked.
fn slowest_ms(judgement: &Judgement) -> f64 {
    let figures = judgement.findings.iter().flat_map(|f| &f.figures);
    let sustained = figures.filter(|figure| figure.name == Figure::SUSTAINED_SUCCESS);
    sustained.map(|figure| figure.value).fold(0.0, f64::max)
}

#[test]
fn no_correct_variant_is_late_by_a_plan_that_goes_on() {
    let correct = Variant::ALL.iter().filter(|variant| variant.is_correct());
    let mut undecided = 0;
    for variant in correct {
        let mut handle = demo::simulated(*variant).unwrap();
        let own_ms = (0..MEASURED).map(|index| slowest_ms(&judgement(&handle, 7, index)));
        handle.executor.limits.recovery_ms = (1.5 * own_ms.fold(0.0, f64::max)).ceil() as u64;
        for index in 0..JUDGED {
            let judgement = judgement(&handle, 1, index);
            assert_ne!(
                judgement.verdict,
                Verdict::Violated,
                "{variant}, plan {index}: {judgement:?}"
            );
            undecided += u32::from(judgement.verdict == Verdict::Inconclusive);
        }
    }
    assert!(undecided <= 1, "{undecided}");
}
