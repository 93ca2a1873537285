//! The resources that processes of this machine use, from `/proc`.

use std::time::Duration;

use procfs::ProcError;
use procfs::process::{Process, Stat};

/// The sum of several processes' figures. A sum is `None` if it is unreadable for any of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Figures {
    /// CPU time, including that of children that have ended.
    pub cpu: Duration,
    /// Memory that a process has allocated (anonymous and shared memory). Mapped files do not
    /// count: they are shared and cannot leak.
    pub memory_bytes: Option<u64>,
    /// Open file descriptors.
    pub fds: Option<u64>,
    /// Threads.
    pub threads: u64,
}

impl Figures {
    /// The figures of those processes that are alive; `None` if none is.
    pub fn of(processes: impl Iterator<Item = Process>) -> Option<Figures> {
        // A process that ends meanwhile is not part of the sum.
        let living = processes.filter_map(|process| {
            let stat = process.stat().ok()?;
            match stat.state {
                'Z' | 'X' => None,
                _ => of_one(&process, &stat),
            }
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

    /// Set in the process that is to be measured.
    const MEASURED: &str = "COMEBACK_TEST_OF_FIGURES";

    fn own() -> Figures {
        Figures::of(Process::myself().into_iter()).unwrap()
    }

    /// Other tests in this process open files and use memory at the same time, so this test
    /// measures another process that runs only this test.
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
        assert_eq!(Figures::of(std::iter::empty()), None);
    }

    #[test]
    fn what_is_unknown_of_one_is_unknown_of_all() {
        let blind = Figures { fds: None, ..own() };
        assert_eq!(own().and(blind.clone()).fds, None);
        assert!(blind.and(own()).memory_bytes.is_some());
    }
}
