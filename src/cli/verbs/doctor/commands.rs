//! Services that commands drive: whether they run, and a start for those that don't where that is
//! asked for.

use tokio::time::timeout;

use crate::campaign::{Audience, StackHandle};
use crate::cli::kit::Progress;
use crate::model::Act;
use crate::nemesis::do_act;
use crate::observe::until_ready;
use crate::report::Checkup;
use crate::stack::{Driver, Lease, ServiceState};

/// Asks each one's `status`, and starts what does not run if `start` says so. What was started is
/// left running.
pub async fn check(handle: &StackHandle, start: bool, checkup: &mut Checkup, progress: &Progress) {
    for (name, driver) in handle.executor.stack.services() {
        if !matches!(driver.lease(), Some(Lease::Commands(_))) {
            continue;
        }
        let what = format!("commands of {name}");
        match driver.state().await {
            Ok(ServiceState::Running) => checkup.fine(what, "`status` says that it runs"),
            Ok(_) if start => {
                progress.busy(&format!("starting {name}"));
                match started(handle, name, driver).await {
                    Ok(()) => {
                        checkup.fine(what, "it did not run, and was started; it is left running")
                    }
                    Err(error) => checkup.environment(what, error, "fix its `start`"),
                }
            }
            Ok(_) => checkup.environment(
                what,
                "`status` says that it does not run",
                "start it, or let doctor do that: comeback doctor --start",
            ),
            Err(error) => checkup.environment(what, error.to_string(), "fix its `status`"),
        }
    }
}

/// Starts a service, and waits until it is ready if it is a backend; whether it ever is, is asked
/// later.
async fn started(handle: &StackHandle, name: &str, driver: &dyn Driver) -> Result<(), String> {
    let executor = &handle.executor;
    do_act(name, driver, Act::Start, &executor.journal)
        .await
        .map_err(|error| error.to_string())?;
    if let Some(backend) = executor.stack.backend(name) {
        let _ = timeout(executor.settings.ready_within, until_ready(backend, |_| {})).await;
    }
    Ok(())
}
