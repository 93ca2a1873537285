//! One simulated trial, without a campaign and without a file.

use comeback::campaign::{Attempt, Interrupt, StackHandle, Unseen};
use comeback::model::Plan;
use comeback::trace::Trace;
use comeback::watched;
use futures_util::FutureExt;

/// Executes a plan for the nth time (from 0) on a simulated stack.
pub fn simulated(handle: &StackHandle, plan: &Plan, nth: u64) -> Trace {
    let (_, never) = watched::channel(false);
    let attempt = Attempt {
        nth,
        ..Attempt::of(plan)
    };
    let interrupt = Interrupt::new(never);
    let trace = handle.execute(attempt, &interrupt, &Unseen).now_or_never();
    let trace = trace.expect("a simulated trial waits for nothing");
    trace.expect("a world can be made")
}
