//! The stacks that a campaign has to itself.

use super::StackHandle;

/// One stack or several that are all alike, with what their trials need.
pub struct Stacks<'a> {
    all: Vec<&'a StackHandle>,
    workers: usize,
}

impl<'a> Stacks<'a> {
    /// One stack, and others that are copies of it: trials are run on all of them.
    pub fn new(first: &'a StackHandle, others: impl IntoIterator<Item = &'a StackHandle>) -> Self {
        let all: Vec<_> = [first].into_iter().chain(others).collect();
        Stacks {
            workers: all.len(),
            all,
        }
    }

    /// These stacks, and more copies on which only failures are shrunk. They have to end with this
    /// process: they are started when a failure needs them, and nothing is healed there at the end.
    #[must_use]
    pub fn with_spares(mut self, spares: impl IntoIterator<Item = &'a StackHandle>) -> Self {
        self.all.extend(spares);
        self
    }

    /// The first one; what does not need all of them is done there.
    pub fn first(&self) -> &'a StackHandle {
        self.all[0]
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &'a StackHandle> {
        self.all.iter().copied()
    }

    /// Those on which trials are run, and the spares, on which only failures are shrunk.
    pub fn split(&self) -> (&[&'a StackHandle], &[&'a StackHandle]) {
        self.all.split_at(self.workers)
    }

    /// The number of those on which trials are run. They are the first ones.
    pub(super) fn workers(&self) -> usize {
        self.workers
    }
}
