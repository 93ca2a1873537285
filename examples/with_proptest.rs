//! Tests a stack of your own with proptest. In a Rust test, `main` would be the test function.
//!
//! ```sh
//! cargo run --example with_proptest -- path/to/comeback.toml
//! ```
//!
//! Plans are drawn, executed live and judged. A plan that fails is made smaller by comeback's own
//! passes, and the smallest one is shown. The trace of the last failure is kept, with a page about it.

use std::cell::RefCell;
use std::error::Error;
use std::path::PathBuf;

use comeback::LiveStack;
use comeback::model::Verdict;
use comeback::strategy::plans;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// How many plans are tried.
const PLANS: u32 = 20;

/// How many executions may be spent on making a failing plan smaller.
const MOST_EXECUTIONS: u32 = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let config = std::env::args_os().nth(1);
    let config = config.map_or_else(|| PathBuf::from("comeback.toml"), PathBuf::from);
    let stack = RefCell::new(LiveStack::open(&config)?);
    let plans = plans(stack.borrow().space());
    let settings = Config {
        max_shrink_iters: MOST_EXECUTIONS,
        // In a Rust test write `source_file: Some(file!())` instead: the seed of a failure is then
        // kept in `proptest-regressions/`, and tried first from then on.
        failure_persistence: None,
        ..Config::with_cases(PLANS)
    };
    let result = TestRunner::new(settings).run(&plans, |plan| {
        let trace = stack.borrow_mut().execute(&plan);
        let trace = trace.map_err(|error| TestCaseError::reject(error.to_string()))?;
        let judgement = trace
            .judgement
            .ok_or_else(|| TestCaseError::reject("no judgement"))?;
        match judgement.verdict {
            Verdict::Holds => Ok(()),
            Verdict::Violated => {
                let finding = judgement.primary().map(|finding| finding.message.clone());
                Err(TestCaseError::fail(finding.unwrap_or_default()))
            }
            // The environment's fault, not the API's: another plan is drawn instead.
            Verdict::Inconclusive => Err(TestCaseError::reject(judgement.reason())),
        }
    });
    match stack.borrow().kept() {
        Some(trace) => eprintln!("the last failure is kept in {}", trace.display()),
        None => eprintln!("{PLANS} plans held"),
    }
    Ok(result?)
}
