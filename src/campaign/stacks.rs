//! The stacks that a campaign has to itself.

use super::StackHandle;

/// One stack or several that are all alike, with what their trials need.
pub struct Stacks<'a> {
    first: &'a StackHandle,
    others: Vec<&'a StackHandle>,
}

impl<'a> Stacks<'a> {
    /// One stack, and others that are copies of it.
    pub fn new(first: &'a StackHandle, others: impl IntoIterator<Item = &'a StackHandle>) -> Self {
        let others = others.into_iter().collect();
        Stacks { first, others }
    }

    /// The first one; what does not need all of them is done there.
    pub fn first(&self) -> &'a StackHandle {
        self.first
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &'a StackHandle> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }
}
