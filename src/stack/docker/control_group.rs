//! A container's resource usage from its control group, if the engine runs on this machine.
//!
//! The engine's own figures come from the same files, but each answer takes a second.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use procfs::process::Process;

use crate::stack::figures::Figures;
use crate::stack::{Usage, control_group};

/// A container's control groups: one in version 2, one for each controller in version 1.
#[derive(Debug)]
pub(super) struct ControlGroup {
    /// The folder of each controller. Version 2 has only one, under an empty name.
    folders: BTreeMap<String, PathBuf>,
}

impl ControlGroup {
    /// The control group of the container with this id. None if this machine's process `pid` is
    /// not in the container: the process ids of a remote engine mean nothing here.
    pub fn of(pid: i32, id: &str) -> Option<Self> {
        let folders = control_group::folders(u32::try_from(pid).ok()?)?;
        let of_container = |(name, folder): (String, PathBuf)| Some((name, own(&folder, id)?));
        let folders: BTreeMap<_, _> = folders.into_iter().filter_map(of_container).collect();
        (!folders.is_empty()).then_some(ControlGroup { folders })
    }

    /// What its processes use, those that have ended included; none if it cannot be read, or there
    /// is no process. File descriptors of another user's processes need root. Reads files, so it
    /// belongs on a blocking thread.
    pub fn usage(&self, identity: String) -> Option<Usage> {
        let pids = self.read(&["pids", "memory"], "cgroup.procs")?;
        let pids = pids.lines().filter_map(|pid| pid.trim().parse().ok());
        let figures = Figures::of(pids.filter_map(|pid| Process::new(pid).ok()))?;
        let threads = self.read(&["pids"], "pids.current");
        let threads = threads.and_then(|count| count.trim().parse().ok());
        Some(Usage {
            identity,
            cpu: self.cpu()?,
            memory_bytes: self
                .read(&["memory"], "memory.stat")
                .and_then(|stat| own_memory(&stat)),
            fds: figures.fds,
            threads: Some(threads.unwrap_or(figures.threads)),
        })
    }

    fn cpu(&self) -> Option<Duration> {
        if let Some(ns) = self.read(&["cpuacct"], "cpuacct.usage") {
            return Some(Duration::from_nanos(ns.trim().parse().ok()?));
        }
        let stat = self.read(&[], "cpu.stat")?;
        Some(Duration::from_micros(entry(&stat, "usage_usec")?))
    }

    /// A file of one of these controllers, or of version 2.
    fn read(&self, controllers: &[&str], file: &str) -> Option<String> {
        let names = controllers.iter().copied().chain([""]);
        let mut folders = names.filter_map(|name| self.folders.get(name));
        folders.find_map(|folder| fs::read_to_string(folder.join(file)).ok())
    }
}

/// The container's own folder among a folder and those above it: a process may be in a group of its
/// own below the container's.
fn own(folder: &Path, id: &str) -> Option<PathBuf> {
    let is_named = |folder: &&Path| {
        let name = folder.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.contains(id))
    };
    folder
        .ancestors()
        .filter(is_named)
        .last()
        .map(Path::to_owned)
}

/// What was allocated, in bytes, from a `memory.stat`: `total_rss` in version 1, `anon` in
/// version 2.
fn own_memory(stat: &str) -> Option<u64> {
    entry(stat, "total_rss").or_else(|| entry(stat, "anon"))
}

/// The number that a file of lines `NAME NUMBER` gives for a name.
fn entry(file: &str, wanted: &str) -> Option<u64> {
    file.lines().find_map(|line| {
        let (name, number) = line.split_once(' ')?;
        (name == wanted).then(|| number.trim().parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_tell_what_was_allocated() {
        assert_eq!(own_memory("cache 5\nrss 6\ntotal_rss 7\n"), Some(7));
        assert_eq!(own_memory("file 6\nanon 8\nanon_thp 0\n"), Some(8));
        assert_eq!(own_memory("other 1"), None);
        assert_eq!(
            entry("usage_usec 12\nuser_usec 3\n", "usage_usec"),
            Some(12)
        );
    }

    /// The control groups of a container of which only this process is known, with these files.
    fn group(root: &Path, files: &[(&str, &str, &str)]) -> ControlGroup {
        let mut folders = BTreeMap::new();
        for (controller, file, text) in files {
            let folder = root.join(format!("of-{controller}"));
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(file), text).unwrap();
            folders.insert(controller.to_string(), folder);
        }
        ControlGroup { folders }
    }

    #[test]
    fn usage_is_read_from_the_files_of_either_version() {
        let me = format!("{}\n", std::process::id());
        let first = [
            ("pids", "cgroup.procs", &*me),
            ("pids", "pids.current", "7\n"),
            ("memory", "memory.stat", "rss 1\ntotal_rss 4096\n"),
            ("cpuacct", "cpuacct.usage", "5000000\n"),
        ];
        let second = [
            ("", "cgroup.procs", &*me),
            ("", "pids.current", "7\n"),
            ("", "memory.stat", "anon 4096\nfile 9\n"),
            ("", "cpu.stat", "usage_usec 5000\nuser_usec 1\n"),
        ];
        for files in [first, second] {
            let root = tempfile::tempdir().unwrap();
            let usage = group(root.path(), &files).usage("12ab".to_owned());
            let usage = usage.expect("a process runs");
            assert_eq!(usage.identity, "12ab");
            assert_eq!(usage.cpu, Duration::from_millis(5));
            assert_eq!(usage.memory_bytes, Some(4_096));
            assert_eq!(usage.threads, Some(7));
            assert!(usage.fds > Some(0), "{usage:?}");
        }
    }

    #[test]
    fn a_container_without_a_process_uses_nothing() {
        let root = tempfile::tempdir().unwrap();
        let files = [
            ("", "cgroup.procs", ""),
            ("", "cpu.stat", "usage_usec 5000\n"),
        ];
        assert_eq!(group(root.path(), &files).usage("12ab".to_owned()), None);
    }

    #[test]
    fn a_group_below_the_container_s_belongs_to_the_container() {
        let own = |path: &str| own(Path::new(path), "12ab");
        let plain = "/sys/fs/cgroup/pids/docker/12ab";
        assert_eq!(own(plain), Some(PathBuf::from(plain)));
        let scope = "/sys/fs/cgroup/system.slice/docker-12ab.scope";
        for below in ["", "/init", "/12ab/init"] {
            assert_eq!(own(&format!("{scope}{below}")), Some(PathBuf::from(scope)));
        }
        assert_eq!(own("/sys/fs/cgroup/pids/docker/34cd"), None);
    }

    #[test]
    fn a_process_outside_of_the_container_has_no_group() {
        let me = i32::try_from(std::process::id()).unwrap();
        assert!(ControlGroup::of(me, "0123456789abcdef").is_none());
    }
}
