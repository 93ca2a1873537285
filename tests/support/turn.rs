//! Which tests may run at once. What is executed live is measured by the clock: beside tests that
//! keep the machine busy, a failure shows only now and then.
//!
//! Tests of one group run side by side, as many as there are test threads. Those of different
//! groups never do, and a test that is alone runs beside none.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Tests that may run side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    Cli,
    Demo,
    DockerDriver,
    DockerStack,
    Kills,
    Ray,
    Real,
    Shrink,
    WithProptest,
}

struct UnderWay {
    /// None if the test is alone.
    group: Option<Group>,
    count: usize,
}

static UNDER_WAY: Mutex<UnderWay> = Mutex::new(UnderWay {
    group: None,
    count: 0,
});
static ENDED: Condvar = Condvar::new();

/// For as long as this is held, the test is under way.
pub struct Turn(());

/// Waits until no test of another group is under way.
pub fn with(group: Group) -> Turn {
    begin(Some(group), |now| {
        now.count == 0 || now.group == Some(group)
    })
}

/// Waits until no other test is under way.
pub fn alone() -> Turn {
    begin(None, |now| now.count == 0)
}

fn begin(group: Option<Group>, may_begin: impl Fn(&UnderWay) -> bool) -> Turn {
    let waited = ENDED.wait_while(under_way(), |now| !may_begin(now));
    let mut now = waited.unwrap_or_else(PoisonError::into_inner);
    now.group = group;
    now.count += 1;
    Turn(())
}

fn under_way() -> MutexGuard<'static, UnderWay> {
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Turn {
    fn drop(&mut self) {
        under_way().count -= 1;
        ENDED.notify_all();
    }
}
