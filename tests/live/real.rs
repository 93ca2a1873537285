//! Bugs of others that were publicly reported: the affected version is found, and the fixed one
//! holds. See `tests/stacks/real`.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::support::turn::{self, Group};

/// One stack, and what tells its versions apart: variables of the environment that its
/// configuration names.
struct Case {
    /// Its folder in `tests/stacks/real`, and the file there.
    folder: &'static str,
    config: &'static str,
    /// Variables of the affected version, and of the fixed one, if there is one that holds. `VENV`
    /// names a list of packages.
    affected: &'static [(&'static str, &'static str)],
    fixed: Option<&'static [(&'static str, &'static str)]>,
    /// The invariants by which the affected version may be found; none where there is none.
    found_as: &'static [&'static str],
}

const CONFIG: &str = "comeback.toml";

#[test]
fn psycopg_pool_gives_up() {
    let _turn = turn::with(Group::Real);
    check(&Case {
        folder: "psycopg-pool",
        config: CONFIG,
        affected: &[("VENV", "affected")],
        fixed: Some(&[("VENV", "fixed")]),
        found_as: &["recovers", "no-hang"],
    });
}

#[test]
fn redis_py_keeps_broken_connections() {
    let _turn = turn::with(Group::Real);
    check(&Case {
        folder: "redis-cache",
        config: CONFIG,
        affected: &[("VENV", "affected")],
        fixed: Some(&[("VENV", "fixed")]),
        found_as: &["bounded-failures", "accounting", "recovers"],
    });
}

#[test]
fn redis_py_gives_one_user_the_answer_of_another() {
    let _turn = turn::with(Group::Real);
    check(&Case {
        folder: "redis-cache",
        config: "pause.toml",
        affected: &[("VENV", "affected")],
        fixed: Some(&[("VENV", "fixed")]),
        found_as: &["accounting"],
    });
}

#[test]
fn celery_loses_what_its_worker_had_fetched() {
    let _turn = turn::with(Group::Real);
    check(&Case {
        folder: "celery",
        config: CONFIG,
        affected: &[("VENV", "affected")],
        // Celery 5.5.2 goes on consuming, but what its worker had fetched is lost for an hour, too.
        fixed: None,
        found_as: &["no-hang", "recovers"],
    });
}

#[test]
fn sqlalchemy_hands_out_broken_connections() {
    let _turn = turn::with(Group::Real);
    check(&Case {
        folder: "sqlalchemy",
        config: CONFIG,
        affected: &[("VENV", "both"), ("PRE_PING", "0")],
        fixed: Some(&[("VENV", "both"), ("PRE_PING", "1")]),
        found_as: &["bounded-failures"],
    });
}

#[test]
fn a_multiplexed_connection_of_redis_rs_never_recovers() {
    let _turn = turn::with(Group::Real);
    check(&Case {
        folder: "redis-rs",
        config: CONFIG,
        affected: &[("CLIENT", "multiplexed")],
        fixed: Some(&[("CLIENT", "manager")]),
        found_as: &["recovers"],
    });
}

#[test]
fn a_client_of_tokio_postgres_never_recovers() {
    let _turn = turn::with(Group::Real);
    check(&Case {
        folder: "tokio-postgres",
        config: CONFIG,
        affected: &[("CLIENT", "client")],
        fixed: Some(&[("CLIENT", "pool")]),
        found_as: &["recovers"],
    });
}

#[test]
fn pgpool_takes_a_backend_for_down_for_ever() {
    let _turn = turn::with(Group::Real);
    check(&Case {
        folder: "pgpool",
        config: CONFIG,
        affected: &[("VENV", "both"), ("FAILOVER", "on")],
        fixed: Some(&[("VENV", "both"), ("FAILOVER", "off")]),
        found_as: &["recovers"],
    });
}

#[test]
fn webdis_comes_back() {
    let _turn = turn::with(Group::Real);
    check(&Case {
        folder: "webdis",
        config: CONFIG,
        affected: &[],
        fixed: Some(&[]),
        found_as: &[],
    });
}

/// Finds the affected version, and lets the fixed one hold.
fn check(case: &Case) {
    let Some(parts) = parts_or_skip(case) else {
        return;
    };
    if !case.found_as.is_empty() {
        let (code, summary) = run(case, case.affected, parts, "15m");
        assert_eq!(code, 1, "{summary:#}");
        let invariant = summary["failures"][0]["invariant"].as_str().unwrap();
        assert!(case.found_as.contains(&invariant), "{summary:#}");
    }
    let Some(fixed) = case.fixed else { return };
    let within = env::var("COMEBACK_REAL_FOR").unwrap_or_else(|_| "3m".to_owned());
    let (code, summary) = run(case, fixed, parts, &within);
    assert_eq!(code, 0, "{summary:#}");
}

/// A campaign with what is the default.
fn run(case: &Case, variables: &[(&str, &str)], parts: &Path, within: &str) -> (i32, Value) {
    let desk = tempfile::tempdir().unwrap();
    copy(&stacks(), desk.path());
    // PostgreSQL is another user, and works in a folder of its own below.
    fs::set_permissions(desk.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_comeback"));
    command
        .current_dir(desk.path().join(case.folder))
        .env("COMEBACK_STATE_DIR", desk.path().join("state"))
        .env("SERVERS", parts.join("rust/release"))
        .args(["run", "--seed", "1", "--for", within, "--no-shrink"])
        .args(["--format", "json", "--config", case.config]);
    for (name, value) in variables {
        match *name {
            "VENV" => command.env(name, parts.join(format!("{}-{value}", case.folder))),
            _ => command.env(name, value),
        };
    }
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let summary = serde_json::from_slice(&output.stdout);
    (
        output.status.code().unwrap(),
        summary.unwrap_or_else(|_| panic!("{told}")),
    )
}

/// Where what the stacks need was put; none where these tests are not asked for.
fn parts_or_skip(case: &Case) -> Option<&'static Path> {
    static PARTS: OnceLock<PathBuf> = OnceLock::new();
    if !env::var("COMEBACK_REQUIRE_REAL").is_ok_and(|value| value == "1") {
        // The test runner keeps what `eprintln!` writes to itself while a test passes.
        let line = format!(
            "skipped: {}/{} (COMEBACK_REQUIRE_REAL=1 runs it)\n",
            case.folder, case.config
        );
        let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
        return None;
    }
    let parts = PARTS.get_or_init(|| {
        let parts = Path::new(env!("CARGO_TARGET_TMPDIR")).join("real");
        let setup = Command::new(stacks().join("setup.sh")).arg(&parts).status();
        assert!(setup.unwrap().success(), "the stacks were not set up");
        parts
    });
    Some(parts)
}

fn stacks() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stacks/real")
}

/// Copies a folder, files and what they may do included.
fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => {
                fs::create_dir(&to).unwrap();
                copy(&entry.path(), &to);
            }
            false => {
                fs::copy(entry.path(), to).unwrap();
            }
        }
    }
}
