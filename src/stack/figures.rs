//! What processes of this machine use of it, as `/proc` tells.

use std::time::Duration;

use procfs::ProcError;
use procfs::process::{Process, Stat, all_processes};

/// The figures of several processes, added up. Where one of them may not be read, the sum is
/// unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Figures {
    /// Processor time, that of children that have ended included.
    pub cpu: Duration,
    /// Memory that no file stands behind: what a process has allocated. Mapped programs and
    /// libraries are shared, and don't leak.
    pub memory_bytes: Option<u64>,
    /// Open file descriptors.
    pub fds: Option<u64>,
    /// Threads.
    pub threads: u64,
}

impl Figures {
    /// The figures of every living process of which `belongs` is true; none where there is no such
    /// process.
    pub fn of(belongs: impl Fn(&Process, &Stat) -> bool) -> Option<Figures> {
        // A process that ends while it is looked at is no part of the sum.
        let processes = all_processes().ok()?.filter_map(Result::ok);
        let living = processes.filter_map(|process| {
            let stat = process.stat().ok()?;
            (!matches!(stat.state, 'Z' | 'X') && belongs(&process, &stat))
                .then(|| of_one(&process, &stat))
                .flatten()
        });
        living.reduce(Figures::and)
    }

    /// The figures of these processes, as far as they live; none where none does. Nothing else is
    /// looked at.
    pub fn of_these(pids: impl Iterator<Item = i32>) -> Option<Figures> {
        let living = pids.filter_map(|pid| {
            let process = Process::new(pid).ok()?;
            let stat = process.stat().ok()?;
            (!matches!(stat.state, 'Z' | 'X'))
                .then(|| of_one(&process, &stat))
                .flatten()
        });
        living.reduce(Figures::and)
    }

    fn and(self, other: Figures) -> Figures {
        let sum = |a: Option<u64>, b: Option<u64>| Some(a? + b?);
        Figures {
            cpu: self.cpu + other.cpu,
            memory_bytes: sum(self.memory_bytes, other.memory_bytes),
            fds: sum(self.fds, other.fds),
            threads: self.threads + other.threads,
        }
    }
}

fn of_one(process: &Process, stat: &Stat) -> Option<Figures> {
    let fds = match process.fd_count() {
        Ok(count) => Some(count as u64),
        Err(ProcError::NotFound(_)) => return None,
        Err(_) => None,
    };
    let status = process.status().ok();
    let memory_kib = status.and_then(|status| Some(status.rssanon? + status.rssshmem.unwrap_or(0)));
    let children = (stat.cutime.max(0) + stat.cstime.max(0)) as u64;
    let ticks = stat.utime + stat.stime + children;
    Some(Figures {
        cpu: Duration::from_millis(ticks.saturating_mul(1_000) / procfs::ticks_per_second()),
        memory_bytes: memory_kib.map(|kib| kib * 1_024),
        fds,
        threads: stat.num_threads.max(0) as u64,
    })
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::process::Command;

    use super::*;

    /// Whoever tells this process to be the one that is measured, and nothing else.
    const MEASURED: &str = "COMEBACK_TEST_OF_FIGURES";

    fn own() -> Figures {
        let me = std::process::id() as i32;
        Figures::of(|process, _| process.pid() == me).unwrap()
    }

    /// Other tests of this process open files and use memory at the same time, so this is measured
    /// in a process of its own: this test, started by itself.
    #[test]
    fn open_files_threads_and_memory_are_counted_at_once() {
        if std::env::var_os(MEASURED).is_none() {
            let itself = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "--test-threads=1"])
                .arg("stack::figures::tests::open_files_threads_and_memory_are_counted_at_once")
                .env(MEASURED, "1")
                .output()
                .unwrap();
            let said = [itself.stdout, itself.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            assert!(itself.status.success(), "{said}");
            assert!(said.contains("1 passed"), "{said}");
            return;
        }
        let before = own();
        let files: Vec<File> = (0..50).map(|_| File::open("/dev/null").unwrap()).collect();
        let block = vec![1_u8; 64 << 20];
        let after = own();
        assert_eq!(after.fds.unwrap() - before.fds.unwrap(), 50);
        let more_bytes = after.memory_bytes.unwrap() - before.memory_bytes.unwrap();
        assert!((60 << 20..70 << 20).contains(&more_bytes), "{more_bytes}");
        assert!(after.threads > 0 && after.cpu >= before.cpu);
        drop((files, block));
    }

    #[test]
    fn without_a_process_there_are_no_figures() {
        assert_eq!(Figures::of(|_, _| false), None);
    }

    #[test]
    fn what_is_unknown_of_one_is_unknown_of_all() {
        let blind = Figures { fds: None, ..own() };
        assert_eq!(own().and(blind.clone()).fds, None);
        assert!(blind.and(own()).memory_bytes.is_some());
    }
}
