//! Killing a container without the engine, if that runs on this machine.
//!
//! SIGKILL takes about a millisecond; the engine takes about twenty to send it.

use bollard::models::{ContainerInspectResponse, RestartPolicyNameEnum};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::control_group::ControlGroup;

/// Sends SIGKILL to the first process of a running container; the kernel then kills the others.
/// False if the engine must do it: it runs elsewhere, we may not signal the container's processes,
/// the container shares a process namespace, or it has a restart policy (the engine restarts what
/// it has not killed itself).
pub(super) fn kill(found: &ContainerInspectResponse) -> bool {
    may_be_killed(found) && send_kill(found).is_some()
}

fn may_be_killed(found: &ContainerInspectResponse) -> bool {
    use RestartPolicyNameEnum::{EMPTY, NO};
    let Some(host) = &found.host_config else {
        return false;
    };
    let policy = host.restart_policy.as_ref().and_then(|policy| policy.name);
    let is_restarted = !matches!(policy, None | Some(NO | EMPTY));
    let shares = host
        .pid_mode
        .as_deref()
        .is_some_and(|mode| !mode.is_empty());
    !is_restarted && !shares
}

fn send_kill(found: &ContainerInspectResponse) -> Option<()> {
    let pid = i32::try_from(found.state.as_ref()?.pid?).ok()?;
    let handle = pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()?;
    // The handle refers to one process only. Check now that it is the container's.
    ControlGroup::of(pid, found.id.as_deref()?)?;
    pidfd_send_signal(&handle, Signal::KILL).ok()
}

#[cfg(test)]
mod tests {
    use bollard::models::{HostConfig, RestartPolicy};

    use super::*;

    fn may(policy: RestartPolicyNameEnum, pid_mode: &str) -> bool {
        may_be_killed(&ContainerInspectResponse {
            host_config: Some(HostConfig {
                restart_policy: Some(RestartPolicy {
                    name: Some(policy),
                    maximum_retry_count: None,
                }),
                pid_mode: Some(pid_mode.to_owned()),
                ..HostConfig::default()
            }),
            ..ContainerInspectResponse::default()
        })
    }

    #[test]
    fn containers_that_would_restart_or_share_processes_are_left_to_the_engine() {
        use RestartPolicyNameEnum::{ALWAYS, NO, ON_FAILURE, UNLESS_STOPPED};
        assert!(may(NO, ""));
        for policy in [ALWAYS, ON_FAILURE, UNLESS_STOPPED] {
            assert!(!may(policy, ""), "{policy:?}");
        }
        assert!(!may(NO, "host"));
    }
}
