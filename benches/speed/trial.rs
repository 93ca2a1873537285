//! A trial of a stack of processes that is up within milliseconds, beside a loop that does only
//! what a trial must do.

use std::fs;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use comeback::LiveStack;

use crate::kill::{self, OUTAGE_MS, REQUESTS};
use crate::{Effort, repeats, service};

const API: &str = "127.0.0.1:21761";
const BACKEND: &str = "127.0.0.1:21762";
const BARE_API: &str = "127.0.0.1:21763";
const BARE_BACKEND: &str = "127.0.0.1:21764";

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
    let mut bare = Bare::start()?;
    let both = repeats::in_turn(
        effort.repeats,
        || Ok(kill::trial(&mut stack)?.took_ms),
        || {
            let began = Instant::now();
            bare.trial()?;
            Ok(kill::ms_since(began))
        },
    )?;
    repeats::head("minimal loop");
    repeats::row("reset, baseline, kill, start, three requests", "ms", &both);
    let both = repeats::in_turn(
        effort.repeats,
        || Ok(kill::trial(&mut stack)?.away_ms),
        || bare.trial(),
    )?;
    repeats::row("kill, start, the first answer", "ms", &both);
    Ok(())
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

    /// Returns how long it took from the kill to the first answer, in milliseconds.
    fn trial(&mut self) -> anyhow::Result<f64> {
        end(&mut self.api)?;
        end(&mut self.backend)?;
        *self = Bare::start()?;
        ask(REQUESTS)?;
        let began = Instant::now();
        end(&mut self.backend)?;
        thread::sleep(Duration::from_millis(OUTAGE_MS));
        self.backend = service::start(&service::command(BARE_BACKEND, None))?;
        ask(1)?;
        let away_ms = kill::ms_since(began);
        ask(REQUESTS - 1)?;
        Ok(away_ms)
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

fn ask(times: usize) -> anyhow::Result<()> {
    (0..times).try_for_each(|_| service::ask(BARE_API))
}
