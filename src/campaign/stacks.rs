//! The stacks that a campaign has to itself.

use super::Bench;

/// One stack or several that are all alike, with what their trials need.
pub struct Stacks<'a> {
    first: &'a Bench,
    others: Vec<&'a Bench>,
}

impl<'a> Stacks<'a> {
    /// One stack, and others that are copies of it.
    pub fn new(first: &'a Bench, others: impl IntoIterator<Item = &'a Bench>) -> Self {
        let others = others.into_iter().collect();
        Stacks { first, others }
    }

    /// The first one; what does not need all of them is done there.
    pub fn first(&self) -> &'a Bench {
        self.first
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &'a Bench> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }
}
