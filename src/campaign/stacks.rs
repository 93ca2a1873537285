//! The stacks that a campaign has to itself.

use super::StackHandle;
use super::shared_stack::SharedStack;

/// One stack or several that are all alike, with what their trials need.
pub struct Stacks<'a> {
    all: Vec<SharedStack<'a>>,
    workers: usize,
}

impl<'a> Stacks<'a> {
    /// One stack, and others that are copies of it: trials are run on all of them.
    pub fn new(first: &'a StackHandle, others: impl IntoIterator<Item = &'a StackHandle>) -> Self {
        let all = [first].into_iter().chain(others).map(SharedStack::new);
        let all = Vec::from_iter(all);
        Stacks {
            workers: all.len(),
            all,
        }
    }

    /// These stacks, and more copies on which only failures are shrunk. They have to end with this
    /// process: they are started when a failure needs them, and nothing is healed there at the end.
    #[must_use]
    pub fn with_spares(mut self, spares: impl IntoIterator<Item = &'a StackHandle>) -> Self {
        self.all.extend(spares.into_iter().map(SharedStack::new));
        self
    }

    /// The first one; what does not need all of them is done there.
    pub fn first(&self) -> &'a StackHandle {
        self.all[0].handle
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &'a StackHandle> {
        self.all.iter().map(|stack| stack.handle)
    }

    /// All of them, with their use.
    pub(super) fn shared(&self) -> &[SharedStack<'a>] {
        &self.all
    }

    /// Those on which trials are run, and the spares, on which only failures are shrunk.
    pub fn split(&self) -> (Vec<&'a StackHandle>, Vec<&'a StackHandle>) {
        let mut workers = Vec::from_iter(self.all());
        let spares = workers.split_off(self.workers);
        (workers, spares)
    }

    /// The number of those on which trials are run. They are the first ones.
    pub(super) fn workers(&self) -> usize {
        self.workers
    }
}
