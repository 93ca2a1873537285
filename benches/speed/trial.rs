//! A trial of a stack of processes that is up within milliseconds, beside a loop that does only
//! what a trial must do.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Child;
use std::time::Instant;

use anyhow::{bail, ensure};
use comeback::LiveStack;
use comeback::model::{Action, Anchor, Fault, FaultKind, Plan, Step, Verdict};

use crate::{Effort, repeats, service};

const API: &str = "127.0.0.1:21761";
const BACKEND: &str = "127.0.0.1:21762";
const BARE_API: &str = "127.0.0.1:21763";
const BARE_BACKEND: &str = "127.0.0.1:21764";

/// Requests before and after the kill.
const REQUESTS: usize = 3;

pub fn measure(effort: Effort) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("comeback.toml");
    let words = |command: Vec<String>| format!("{command:?}");
    fs::write(
        &config,
        format!(
            "[api]\nurl = \"http://{API}\"\nprocess = {{ command = {} }}\n\
             [backend.db]\nprocess = {{ command = {} }}\nready = {{ tcp = \"{BACKEND}\" }}\n\
             [[request]]\nname = \"ask\"\npath = \"/ask\"\n",
            words(service::command(API, Some(BACKEND))),
            words(service::command(BACKEND, None)),
        ),
    )?;
    let mut stack = LiveStack::open(&config)?;
    let plan = Plan {
        seed: 1,
        index: 0,
        background: None,
        steps: vec![Step {
            id: "f1".into(),
            anchor: Anchor::At { offset_ms: 0 },
            action: Action::Fault(Fault {
                backend: "db".to_owned(),
                kind: FaultKind::Kill,
                outage_ms: 1,
            }),
        }],
    };
    let repeats = effort.repeats;
    let mut bare = Bare::start()?;
    let both = repeats::in_turn(
        repeats,
        || ours(&mut stack, &plan),
        || {
            let began = Instant::now();
            bare.trial()?;
            Ok(began.elapsed().as_secs_f64() * 1_000.0)
        },
    )?;
    repeats::head("minimal loop");
    repeats::row("reset, baseline, kill, start, three requests", "ms", &both);
    Ok(())
}

/// How long a trial takes, in milliseconds. One that a busy machine left undecided is run again.
fn ours(stack: &mut LiveStack, plan: &Plan) -> anyhow::Result<f64> {
    loop {
        let began = Instant::now();
        let trace = stack.execute(plan)?;
        let took_ms = began.elapsed().as_secs_f64() * 1_000.0;
        match trace.verdict() {
            Verdict::Holds => return Ok(took_ms),
            Verdict::Violated => bail!("{:?}", trace.judgement),
            Verdict::Inconclusive => {}
        }
    }
}

/// The same services, and nothing but what must be done to them.
struct Bare {
    api: Child,
    backend: Child,
}

impl Bare {
    fn start() -> anyhow::Result<Self> {
        Ok(Bare {
            backend: service::start(&service::command(BARE_BACKEND, None))?,
            api: service::start(&service::command(BARE_API, Some(BARE_BACKEND)))?,
        })
    }

    fn trial(&mut self) -> anyhow::Result<()> {
        end(&mut self.api)?;
        end(&mut self.backend)?;
        *self = Bare::start()?;
        ask()?;
        end(&mut self.backend)?;
        self.backend = service::start(&service::command(BARE_BACKEND, None))?;
        ask()
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // They have ended already, or do now.
        let _ = (end(&mut self.api), end(&mut self.backend));
    }
}

fn end(service: &mut Child) -> std::io::Result<()> {
    service.kill()?;
    service.wait().map(drop)
}

fn ask() -> anyhow::Result<()> {
    for _ in 0..REQUESTS {
        let mut connection = TcpStream::connect(BARE_API)?;
        connection.write_all(b"GET /ask HTTP/1.1\r\nhost: api\r\n\r\n")?;
        let mut answer = [0; 1_024];
        let read = connection.read(&mut answer)?;
        let answer = String::from_utf8_lossy(&answer[..read]);
        ensure!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    Ok(())
}
