//! The resources that a container uses.

use std::time::Duration;

use bollard::models::ContainerMemoryStats;
use bollard::query_parameters::StatsOptionsBuilder;
use futures_util::StreamExt;
use tokio::task::spawn_blocking;

use super::container::Container;
use super::control_group::ControlGroup;
use crate::stack::{DriverError, Usage};

/// A container's usage: from its control group if the engine runs on this machine, and otherwise
/// from one sample of the engine, which takes about a second and does not count file descriptors.
pub(super) async fn of(container: &Container) -> Result<Option<Usage>, DriverError> {
    let Some(state) = container.inspect().await?.state else {
        return Ok(None);
    };
    let (Some(pid @ 1..), Some(started_at)) = (state.pid, state.started_at) else {
        return Ok(None);
    };
    let identity = format!("{pid}@{started_at}");
    let (id, named) = (container.id.clone(), identity.clone());
    let here = spawn_blocking(move || {
        let group = ControlGroup::of(i32::try_from(pid).ok()?, &id)?;
        group.usage(named)
    });
    if let Ok(Some(usage)) = here.await {
        return Ok(Some(usage));
    }
    let options = StatsOptionsBuilder::default().stream(false).one_shot(true);
    let mut answers = Box::pin(container.docker.stats(&container.id, Some(options.build())));
    let stats = match answers.next().await {
        Some(Ok(stats)) => stats,
        Some(Err(error)) => return Err(container.refused("ask for its figures", &error)),
        None => return Ok(None),
    };
    let cpu = stats.cpu_stats.and_then(|cpu| cpu.cpu_usage?.total_usage);
    let threads = stats.pids_stats.and_then(|pids| pids.current);
    Ok(cpu.map(|cpu_ns| Usage {
        identity,
        cpu: Duration::from_nanos(cpu_ns),
        memory_bytes: stats.memory_stats.and_then(|memory| own_memory(&memory)),
        fds: None,
        threads,
    }))
}

/// The container's first process, if the engine runs on this machine.
pub(super) async fn leader(container: &Container) -> Option<u32> {
    let pid = container.look().await.ok()??.state?.pid?;
    ControlGroup::of(i32::try_from(pid).ok()?, &container.id)?;
    u32::try_from(pid).ok()
}

/// The memory that the container has allocated, from its control group: `rss` in version 1, `anon`
/// in version 2. The page cache grows by itself and does not count.
fn own_memory(memory: &ContainerMemoryStats) -> Option<u64> {
    let stats = memory.stats.as_ref()?;
    ["total_rss", "anon"]
        .iter()
        .find_map(|name| stats.get(*name).copied())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn both_versions_of_control_groups_tell_what_was_allocated() {
        let memory = |stats: &[(&str, u64)]| ContainerMemoryStats {
            usage: Some(99),
            stats: (!stats.is_empty()).then(|| {
                let named = stats.iter().map(|(name, bytes)| (name.to_string(), *bytes));
                named.collect::<HashMap<_, _>>()
            }),
            ..ContainerMemoryStats::default()
        };
        assert_eq!(
            own_memory(&memory(&[("total_rss", 7), ("rss", 6)])),
            Some(7)
        );
        assert_eq!(own_memory(&memory(&[("anon", 8), ("file", 6)])), Some(8));
        assert_eq!(own_memory(&memory(&[("other", 1)])), None);
        assert_eq!(own_memory(&memory(&[])), None);
    }
}
