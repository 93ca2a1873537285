//! Trouble with the surroundings: it is told, the answer is "inconclusive", and nothing is left running.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::parts::Parts;
use crate::support::desk::{Desk, Finished, finish};
use crate::support::live;
use crate::support::turn::{self, Group};

#[test]
fn a_program_that_does_not_exist_is_named() {
    let _turn = turn::with(Group::Cli);
    let desk = Desk::new();
    let parts = Parts {
        api: "no-such-program",
        ..Parts::new()
    };
    parts.write(&desk, &parts.api());
    let run = desk.run("run");
    let told =
        "comeback: api: there is no program `no-such-program`: install it, or give its full path\n";
    assert!(run.stderr.ends_with(told), "{}", run.stderr);
    is_inconclusive(&desk, &run);
}

#[test]
fn a_port_in_use_is_named_in_the_api_s_own_words() {
    let _turn = turn::with(Group::Cli);
    let desk = Desk::new();
    let parts = Parts::new();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    parts.write(&desk, &address);
    let run = desk.run("run --plans 3");
    assert!(
        run.stderr.contains("Address already in use"),
        "{}",
        run.stderr
    );
    is_inconclusive(&desk, &run);
}

#[test]
fn a_backend_that_never_gets_ready_is_named_with_what_its_probe_says() {
    let _turn = turn::with(Group::Cli);
    let desk = Desk::new();
    let parts = Parts {
        boot: "1h",
        more: "[trial]\nready-within = \"700ms\"\n",
        ..Parts::new()
    };
    parts.write(&desk, &parts.api());
    let run = desk.run("run --plans 1");
    let told = "the backend store was not ready within 700 ms: not ready: it is booting; \
                mend it, or allow more by `[trial] ready-within`";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    is_inconclusive(&desk, &run);
}

#[test]
fn a_container_engine_that_is_not_there_is_named() {
    let _turn = turn::with(Group::Cli);
    let desk = Desk::new();
    desk.write(
        "comeback.toml",
        r#"
[api]
url = "http://127.0.0.1:1"
[backend.ray]
docker = { name = "ray" }
ready = { tcp = "127.0.0.1:1" }
[[request]]
path = "/"
"#,
    );
    let mut command = desk.comeback("run");
    command.env("DOCKER_HOST", "unix:///nonexistent.sock");
    let run = finish(command);
    assert_eq!(
        run.stderr,
        "comeback: docker: no container engine answers at unix:///nonexistent.sock: /nonexistent.sock does not exist; \
         start the engine, or correct DOCKER_HOST\n"
    );
    is_inconclusive(&desk, &run);
}

#[test]
fn a_disk_that_is_full_in_the_middle_of_a_trial_or_before_one_is_told() {
    let _turn = turn::with(Group::Cli);
    let desk = Desk::new();
    // The first is too small for the trace of one trial; the second holds a few, and none is begun when there is no room for it.
    for (size, told) in [
        ("8k", "trial 0 inconclusive: writing the trace"),
        ("64k", "No space left"),
    ] {
        let Some(disk) = SmallDisk::mount(&desk, size) else {
            // The test runner keeps what `eprintln!` writes to itself while a test passes; the stream it leaves alone.
            let skipped = b"skipped: a_disk_that_is_full_in_the_middle_of_a_trial_or_before_one_is_told (may not mount)\n";
            let _ = std::io::Write::write_all(&mut std::io::stderr(), skipped);
            return;
        };
        let run = desk.run("run --demo healthy --seed 1 --plans 20 --out small");
        assert!(run.stderr.contains(told), "{}", run.stderr);
        assert!(
            run.stderr.contains("No space left on device"),
            "{}",
            run.stderr
        );
        is_inconclusive(&desk, &run);
        drop(disk);
    }
}

/// The failure was found before; it is told, and its trace is kept.
#[test]
fn a_stack_that_breaks_while_a_failure_is_shrunk_ends_that_and_not_the_verdict() {
    let _turn = turn::with(Group::Cli);
    for (trouble, code, told) in [
        (
            "test -n \"$(ls traces)\" && exit 7",
            1,
            "9 executions in a row told nothing, the last because ",
        ),
        // It is there for the trial, the control and one more execution, and then for nothing, also not to be left as it was found.
        (
            "echo >> starts; test $(wc -l < starts) -ge 3 && rm $0",
            3,
            "api: there is no program ",
        ),
    ] {
        let desk = Desk::new();
        let script = desk.path().join("api.sh");
        let folder = desk.path().display().to_string();
        let program = env!("CARGO_BIN_EXE_comeback");
        let text = format!(
            "#!/bin/sh\ncd {folder}\n{trouble}\n\
             exec {program} \"$@\" --variant stale-connected\n"
        );
        desk.write("api.sh", &text);
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        let parts = Parts {
            api: script.display().to_string().leak(),
            more: "[generator]\nmax-outage = \"200ms\"\nmax-plan = \"1s\"\n\
                   [limits]\nanswer = \"1s\"\nrecovery = \"2s\"\n\
                   [trial]\nsettle = \"600ms\"\nanchor-timeout = \"300ms\"\nready-within = \"2s\"\n",
            ..Parts::new()
        };
        parts.write(&desk, &parts.api());
        let run = desk.run("run --seed 1 --plans 20");
        assert_eq!(run.code, code, "{}{}", run.stdout, run.stderr);
        let runs = fs::read_dir(desk.path().join("runs")).unwrap();
        let folder = runs.map(|run| run.unwrap().path()).next().unwrap();
        let summary = fs::read_to_string(folder.join("summary.json")).unwrap();
        let summary: Value = serde_json::from_str(&summary).unwrap();
        assert_eq!(summary["verdict"], "violated");
        let needs = summary["failures"][0]["explanation"].as_str().unwrap();
        let told = format!("Shrinking ended early ({told}");
        assert!(needs.starts_with(&told), "{needs}");
        assert_eq!(fs::read_dir(desk.path().join("traces")).unwrap().count(), 1);
        // The journal stays for `heal` where an API could not be started again.
        let mut left = live::left_behind(&desk);
        left.retain(|left| code != 3 || !left.ends_with(".jsonl"));
        assert_eq!(left, [""; 0]);
    }
}

/// The failure is told and its trace kept, if not where it should be. In `/proc` nobody can make a file, and it is there.
#[test]
fn a_violation_is_told_also_if_its_trace_cannot_be_kept_in_its_folder() {
    let _turn = turn::with(Group::Cli);
    let desk = Desk::new();
    let run = desk.run(
        "run --demo stuck-busy --sim --plans 100 --seed 1 --no-shrink --traces /proc --format json",
    );
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    let summary: Value = serde_json::from_str(&run.stdout).unwrap();
    let failure = &summary["failures"][0];
    let told = failure["message"].as_str().unwrap();
    let where_it_is = "its trace is in the run's folder: ";
    assert!(told.contains(where_it_is), "{told}");
    let trace = desk.path().join(failure["trace"].as_str().unwrap());
    assert!(trace.starts_with(desk.path().join("runs")) && trace.exists());
}

/// A disk of so much room, in the folder `small` of a desk.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None where this user may not mount one.
    fn mount(desk: &Desk, size: &str) -> Option<Self> {
        let folder = desk.path().join("small");
        fs::create_dir_all(&folder).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]);
        let output = mount.arg(&folder).output().ok()?;
        output.status.success().then_some(SmallDisk(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The folder is removed with the desk; what cannot be unmounted would keep that from being done, and be seen.
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn is_inconclusive(desk: &Desk, run: &Finished) {
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
    assert_eq!(live::left_behind(desk), [""; 0]);
}
