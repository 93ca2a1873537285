//! Asking a campaign to end early.

use crate::watched;

/// A request to end early. It is made once, and many can listen for it.
#[derive(Debug, Clone)]
pub struct Interrupt(watched::Receiver<bool>);

impl Interrupt {
    /// Listens to a sender of `true`. When the sender is dropped, no interruption will ever come.
    pub fn new(receiver: watched::Receiver<bool>) -> Self {
        Interrupt(receiver)
    }

    /// Ends when the interruption is requested.
    pub async fn requested(&self) {
        if self
            .0
            .clone()
            .wait_for(|requested| *requested)
            .await
            .is_err()
        {
            std::future::pending().await
        }
    }

    /// Whether it has been requested.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }
}
