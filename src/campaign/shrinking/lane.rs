//! Executions of shrinking on one stack, beside those on others.

use std::fs;
use std::path::Path;

use tokio::sync::{Mutex, mpsc, oneshot};

use crate::campaign::shared_stack::{SharedStack, StackUse};
use crate::campaign::{Attempt, CampaignError, Interrupt, StackHandle, Unseen};
use crate::model::Plan;
use crate::trace::Trace;

/// An execution that is asked for.
pub(super) struct ExecutionOrder {
    pub plan: Plan,
    pub nth: u64,
    pub in_haste: bool,
    /// Requested when it is not needed any more.
    pub interrupt: Interrupt,
    pub reply: oneshot::Sender<Result<Trace, CampaignError>>,
}

/// Executes what is ordered, on a fresh stack each time, as soon as the stack is free and until
/// there are no more orders, or `ended` is requested before it is free. A stack that outlives this
/// process is fresh again afterwards, unless it was interrupted.
///
/// # Errors
/// When the stack cannot be made fresh at last.
pub(super) async fn work(
    stack: &SharedStack<'_>,
    orders: &Mutex<mpsc::UnboundedReceiver<ExecutionOrder>>,
    scratch: &Path,
    ended: &Interrupt,
    interrupt: &Interrupt,
) -> Result<(), CampaignError> {
    let mut usage = tokio::select! {
        biased;
        () = ended.requested() => return Ok(()),
        usage = stack.usage.lock() => usage,
    };
    let mut is_used = false;
    loop {
        let next = orders.lock().await.recv().await;
        let Some(order) = next else { break };
        if order.interrupt.is_requested() {
            continue;
        }
        is_used = true;
        *usage = StackUse::BORROWED;
        let trace = execute(stack.handle, &order, scratch).await;
        // Nobody waits for one that was interrupted.
        let _ = order.reply.send(trace);
    }
    if is_used && stack.handle.executor.stands_alone() && !interrupt.is_requested() {
        stack.handle.reset(&Unseen).await?;
        *usage = StackUse::default();
    }
    Ok(())
}

async fn execute(
    handle: &StackHandle,
    order: &ExecutionOrder,
    scratch: &Path,
) -> Result<Trace, CampaignError> {
    handle.reset(&Unseen).await?;
    let attempt = Attempt {
        nth: order.nth,
        in_haste: order.in_haste,
        path: Some(scratch),
        ..Attempt::of(&order.plan)
    };
    let trace = handle.execute(attempt, &order.interrupt, &Unseen).await;
    // Traces that are kept are written elsewhere; a simulated trial that held has written nothing.
    let _ = fs::remove_file(scratch);
    trace
}
