//! An engine that is cut off, or hangs, while a run works on a container.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::{self, sleep};
use std::time::Duration;

use rustix::process::Signal;

use super::Containers;
use crate::support::desk::finish;
use crate::support::docker;
use crate::support::live::{self, Live};
use crate::support::turn::{self, Group};

/// Long enough that an act, its undoing and a look all meet it.
const SECONDS: Duration = Duration::from_secs(6);

const WELL: u8 = 0;
/// Connections are closed, and new ones at once.
const CUT: u8 = 1;
/// Nothing is passed on.
const HANGS: u8 = 2;

/// The engine, behind a socket of its own that can be cut off.
struct Engine {
    host: String,
    mode: Arc<AtomicU8>,
}

impl Engine {
    fn between(rig: &Containers) -> Self {
        let path = rig.desk.path().join("engine.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let mode = Arc::new(AtomicU8::new(WELL));
        let of_all = Arc::clone(&mode);
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if of_all.load(Ordering::Relaxed) == CUT {
                    continue;
                }
                let Ok(far) = UnixStream::connect("/var/run/docker.sock") else {
                    continue;
                };
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let mode = Arc::clone(&of_all);
                    thread::spawn(move || carry(from, to, &mode));
                }
            }
        });
        let host = format!("unix://{}", path.display());
        Engine { host, mode }
    }

    fn is(&self, mode: u8) {
        self.mode.store(mode, Ordering::Relaxed);
    }

    /// `comeback` with these arguments, which knows the engine by this socket only.
    fn comeback(&self, rig: &Containers, arguments: &str) -> Command {
        let mut command = rig.desk.comeback(arguments);
        command.env("DOCKER_HOST", &self.host);
        command
    }

    /// A run that has just broken the container.
    fn run<'a>(&self, rig: &'a Containers) -> Live<'a> {
        let run = self.comeback(rig, "run --seed 1 --plans 3 --no-shrink");
        let mut live = Live::spawn(&rig.desk, run);
        live.until_a_fault_strikes();
        live::until("the container is down", || !rig.is_right());
        live
    }
}

/// Carries what one end says to the other, as the mode has it.
fn carry(mut from: UnixStream, mut to: UnixStream, mode: &AtomicU8) {
    let moment = Duration::from_millis(20);
    from.set_read_timeout(Some(moment)).unwrap();
    let mut buffer = [0; 1 << 16];
    loop {
        match mode.load(Ordering::Relaxed) {
            CUT => break,
            HANGS => sleep(moment),
            _ => match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) if to.write_all(&buffer[..read]).is_ok() => {}
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                _ => break,
            },
        }
    }
    for end in [from, to] {
        let _ = end.shutdown(Shutdown::Both);
    }
}

/// How many runs have left a summary.
fn summaries(rig: &Containers) -> usize {
    let runs = fs::read_dir(rig.desk.path().join("runs"))
        .into_iter()
        .flatten();
    runs.filter(|run| run.as_ref().unwrap().path().join("summary.json").exists())
        .count()
}

#[tokio::test]
async fn an_engine_that_goes_away_for_seconds_costs_a_verdict_and_not_the_stack() {
    let _turn = turn::with(Group::Kills);
    let name = "an_engine_that_goes_away_for_seconds_costs_a_verdict_and_not_the_stack";
    if docker::engine_or_skip(name).await.is_none() {
        return;
    }
    for mode in [CUT, HANGS] {
        let rig = Containers::new();
        let engine = Engine::between(&rig);
        let live = engine.run(&rig);
        engine.is(mode);
        sleep(SECONDS);
        engine.is(WELL);
        let run = live.finish();
        assert!([0, 3].contains(&run.code), "{}{}", run.stdout, run.stderr);
        assert_eq!(summaries(&rig), 1, "{}", run.stderr);
        live::until("nothing is left to be undone", || {
            live::left_behind(&rig.desk).is_empty()
        });
        assert!(rig.is_right(), "{}{}", run.stdout, run.stderr);
    }
}

#[tokio::test]
async fn an_engine_that_stays_away_is_told_with_the_remedy_and_healed_later() {
    let _turn = turn::with(Group::Kills);
    let name = "an_engine_that_stays_away_is_told_with_the_remedy_and_healed_later";
    if docker::engine_or_skip(name).await.is_none() {
        return;
    }
    let rig = Containers::new();
    let engine = Engine::between(&rig);
    let live = engine.run(&rig);
    engine.is(CUT);
    let run = live.finish();
    assert_eq!(run.code, 3, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("comeback heal"), "{}", run.stderr);
    assert_eq!(summaries(&rig), 1, "{}", run.stderr);
    let heal = finish(engine.comeback(&rig, "heal"));
    assert_eq!(heal.code, 3, "{}{}", heal.stdout, heal.stderr);
    engine.is(WELL);
    let heal = finish(engine.comeback(&rig, "heal"));
    assert_eq!(heal.code, 0, "{}{}", heal.stdout, heal.stderr);
    assert!(rig.is_right());
}

#[tokio::test]
async fn a_run_that_is_killed_while_its_engine_is_away_is_healed_when_it_is_back() {
    let _turn = turn::with(Group::Kills);
    let name = "a_run_that_is_killed_while_its_engine_is_away_is_healed_when_it_is_back";
    if docker::engine_or_skip(name).await.is_none() {
        return;
    }
    for reaper_too in [true, false] {
        let rig = Containers::new();
        let engine = Engine::between(&rig);
        let mut live = engine.run(&rig);
        engine.is(CUT);
        if reaper_too {
            live::reapers(&rig.desk).iter().for_each(live::kill);
        }
        live.signal(Signal::KILL);
        live.wait_killed();
        if reaper_too {
            assert_eq!(finish(engine.comeback(&rig, "heal")).code, 3);
            engine.is(WELL);
            assert_eq!(finish(engine.comeback(&rig, "heal")).code, 0);
        } else {
            sleep(SECONDS);
            engine.is(WELL);
            live::until("the reaper has undone it", || {
                live::left_behind(&rig.desk).is_empty()
            });
        }
        assert!(rig.is_right());
    }
}
