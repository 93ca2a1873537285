//! A defect in one invariant, kept from everything else.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    /// Whether this thread is asking an invariant at this moment.
    static IS_ASKING: Cell<bool> = const { Cell::new(false) };
}

/// Asks an invariant something, and catches its panic.
///
/// # Errors
/// What it said when it panicked.
pub(super) fn guarded<T>(ask: impl FnOnce() -> T) -> Result<T, String> {
    let before = IS_ASKING.replace(true);
    // Nothing that an invariant touches outlives the question, so nothing half-made can be seen
    // afterwards.
    let answer = catch_unwind(AssertUnwindSafe(ask));
    IS_ASKING.set(before);
    answer.map_err(|panic| words(&*panic))
}

/// Whether this thread is asking an invariant. Then a panic is caught, makes one trial
/// inconclusive, and is no matter for a panic hook.
pub fn is_guarded() -> bool {
    IS_ASKING.get()
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let words = text.or_else(|| panic.downcast_ref::<&str>().copied());
    words.unwrap_or("it panicked").to_owned()
}
