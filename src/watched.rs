//! A value that many can watch as it changes, and that wakes them in the order in which they began
//! to wait.
//!
//! tokio's own `watch` spreads those who wait over several lists by chance, so with it the order in
//! which they go on differs from run to run, and no simulated trial would be the same twice. This
//! one has the same methods and one list. It is not as fast where many threads contend for it,
//! which nobody does here.

use std::ops::Deref;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use tokio::sync::Notify;

/// Changes the value. Clones change the same one.
#[derive(Debug)]
pub struct Sender<T>(Arc<Shared<T>>);

/// Sees the value, and whether it has changed since it was last looked at.
#[derive(Debug)]
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    seen: u64,
}

/// The value as it is now. It cannot change while this is held, so it must not be held across an
/// `await`.
#[derive(Debug)]
pub struct Ref<'a, T>(RwLockReadGuard<'a, Value<T>>);

/// No sender is left: the value will never change again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nobody is left to change the value")]
pub struct Closed;

#[derive(Debug)]
struct Shared<T> {
    value: RwLock<Value<T>>,
    senders: AtomicUsize,
    changed: Notify,
}

#[derive(Debug)]
struct Value<T> {
    value: T,
    version: u64,
}

/// A value, to change and to watch.
pub fn channel<T>(value: T) -> (Sender<T>, Receiver<T>) {
    let sender = Sender::new(value);
    let receiver = sender.subscribe();
    (sender, receiver)
}

impl<T> Sender<T> {
    /// A value that nobody watches yet.
    pub fn new(value: T) -> Self {
        Sender(Arc::new(Shared {
            value: RwLock::new(Value { value, version: 0 }),
            senders: AtomicUsize::new(1),
            changed: Notify::new(),
        }))
    }

    /// Watches the value from now on.
    pub fn subscribe(&self) -> Receiver<T> {
        let seen = self.0.read().version;
        let shared = Arc::clone(&self.0);
        Receiver { shared, seen }
    }

    /// The value.
    pub fn borrow(&self) -> Ref<'_, T> {
        Ref(self.0.read())
    }

    /// Replaces the value, and returns the one before.
    pub fn send_replace(&self, value: T) -> T {
        let mut before = value;
        self.send_modify(|value| std::mem::swap(value, &mut before));
        before
    }

    /// Changes the value.
    pub fn send_modify(&self, change: impl FnOnce(&mut T)) {
        self.send_if_modified(|value| {
            change(value);
            true
        });
    }

    /// Changes the value, and says whether those who watch it should know. Returns the same.
    pub fn send_if_modified(&self, change: impl FnOnce(&mut T) -> bool) -> bool {
        let modified = {
            // A panic in a change leaves the value as that change left it, which is for the panic's
            // cause to answer for.
            let lock = self.0.value.write();
            let mut value = lock.unwrap_or_else(PoisonError::into_inner);
            let modified = change(&mut value.value);
            value.version += u64::from(modified);
            modified
        };
        if modified {
            self.0.changed.notify_waiters();
        }
        modified
    }
}

impl<T> Receiver<T> {
    /// The value.
    pub fn borrow(&self) -> Ref<'_, T> {
        Ref(self.shared.read())
    }

    /// The value, which counts as seen from now on.
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        let value = self.shared.read();
        self.seen = value.version;
        Ref(value)
    }

    /// Waits until the value is another than the one last seen, which it then counts as.
    ///
    /// # Errors
    /// When no sender is left to change it.
    pub async fn changed(&mut self) -> Result<(), Closed> {
        let seen = self.seen;
        self.seen = self.shared.until(|value| value.version != seen).await?;
        Ok(())
    }

    /// Waits until the value, which may be the present one, is as wanted; it then counts as seen.
    ///
    /// # Errors
    /// When it is not, and no sender is left to change it.
    pub async fn wait_for(&mut self, mut wanted: impl FnMut(&T) -> bool) -> Result<(), Closed> {
        self.seen = self.shared.until(|value| wanted(&value.value)).await?;
        Ok(())
    }
}

impl<T> Shared<T> {
    fn read(&self) -> RwLockReadGuard<'_, Value<T>> {
        self.value.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the value is as wanted, and returns its version.
    async fn until(&self, mut wanted: impl FnMut(&Value<T>) -> bool) -> Result<u64, Closed> {
        loop {
            // A watcher that is in the list before it reads misses no change.
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let closed = self.senders.load(Ordering::Acquire) == 0;
            {
                let value = self.read();
                if wanted(&value) {
                    return Ok(value.version);
                }
            }
            if closed {
                return Err(Closed);
            }
            changed.await;
        }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.senders.fetch_add(1, Ordering::Relaxed);
        Sender(Arc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if self.0.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.changed.notify_waiters();
        }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Receiver {
            shared: Arc::clone(&self.shared),
            seen: self.seen,
        }
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures_util::future::join_all;
    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn those_who_wait_go_on_in_the_order_in_which_they_came() {
        let sender = Sender::new(0);
        let order = Mutex::new(Vec::new());
        let waiters = join_all((0..20).map(|nth| {
            let (mut receiver, order) = (sender.subscribe(), &order);
            // Each is a task of its own, so that only its waking decides when it goes on.
            async move {
                receiver.changed().await.unwrap();
                order.lock().unwrap().push(nth);
            }
        }));
        let change = async {
            yield_now().await;
            sender.send_replace(1);
        };
        tokio::join!(waiters, change);
        assert_eq!(*order.lock().unwrap(), (0..20).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_change_is_seen_once_and_waiting_for_a_value_includes_the_present_one() {
        let (sender, mut receiver) = channel(1);
        assert_eq!(sender.send_replace(2), 1);
        assert_eq!(receiver.changed().await, Ok(()));
        assert_eq!(receiver.wait_for(|value| *value == 2).await, Ok(()));
        assert!(!sender.send_if_modified(|value| {
            *value = 3;
            false
        }));
        assert_eq!(*receiver.borrow(), 3);
        sender.send_modify(|value| *value += 1);
        assert_eq!(*receiver.borrow_and_update(), 4);
        let later = async {
            yield_now().await;
            sender.send_replace(5);
        };
        let (changed, ()) = tokio::join!(receiver.changed(), later);
        assert_eq!(changed, Ok(()));
        assert_eq!(*sender.borrow(), 5);
    }

    #[tokio::test]
    async fn the_last_sender_s_end_ends_the_wait() {
        let (sender, mut receiver) = channel(1);
        let clone = sender.clone();
        drop(sender);
        let end = async {
            yield_now().await;
            drop(clone);
        };
        let (changed, ()) = tokio::join!(receiver.changed(), end);
        assert_eq!(changed, Err(Closed));
        assert_eq!(receiver.wait_for(|value| *value == 1).await, Ok(()));
        assert_eq!(receiver.wait_for(|value| *value == 2).await, Err(Closed));
    }
}
