//! Catching the panic of a defective invariant.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    /// Whether this thread is calling an invariant at this moment.
    static IS_ASKING: Cell<bool> = const { Cell::new(false) };
}

/// Calls an invariant, and catches its panic.
///
/// # Errors
/// The message of the panic.
pub(super) fn guarded<T>(ask: impl FnOnce() -> T) -> Result<T, String> {
    let before = IS_ASKING.replace(true);
    // An invariant changes nothing that outlives the call, so there is no half-made state
    // afterwards.
    let answer = catch_unwind(AssertUnwindSafe(ask));
    IS_ASKING.set(before);
    answer.map_err(|panic| words(&*panic))
}

/// Whether this thread is calling an invariant. Then a panic is caught and makes one trial
/// inconclusive, so a panic hook should ignore it.
pub fn is_guarded() -> bool {
    IS_ASKING.get()
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let words = text.or_else(|| panic.downcast_ref::<&str>().copied());
    words.unwrap_or("it panicked").to_owned()
}
