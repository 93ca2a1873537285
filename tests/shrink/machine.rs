//! This machine, which the tests of one program share. What is executed live is measured by the clock: beside tests that keep every core busy, a failure
//! of real processes shows only now and then, and shrinking it takes other plans and more executions.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

static MACHINE: RwLock<()> = RwLock::new(());

/// For as long as this is held, no test that needs the machine alone is under way.
pub fn shared() -> RwLockReadGuard<'static, ()> {
    MACHINE.read().unwrap_or_else(PoisonError::into_inner)
}

/// For as long as this is held, no other test is under way.
pub fn alone() -> RwLockWriteGuard<'static, ()> {
    MACHINE.write().unwrap_or_else(PoisonError::into_inner)
}
