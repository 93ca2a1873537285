//! A stack of a campaign, and its use.

use tokio::sync::Mutex;

use super::StackHandle;

/// A stack that one worker has trials executed on, and that shrinking uses while the worker waits.
pub(super) struct SharedStack<'a> {
    /// The stack.
    pub handle: &'a StackHandle,
    /// Held while the stack is used.
    pub usage: Mutex<StackUse>,
}

/// What a stack has been used for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct StackUse {
    /// The trials since its last reset.
    pub trials_since_reset: u64,
    /// Whether something else than the worker's trials was executed since it last looked. Of that
    /// it is not known whether it held.
    pub is_borrowed: bool,
}

impl StackUse {
    /// After something else than the worker's trials was executed, on a stack that had been reset.
    pub const BORROWED: Self = StackUse {
        trials_since_reset: 1,
        is_borrowed: true,
    };
}

impl<'a> SharedStack<'a> {
    /// A stack that has not been used.
    pub fn new(handle: &'a StackHandle) -> Self {
        SharedStack {
            handle,
            usage: Mutex::default(),
        }
    }
}
