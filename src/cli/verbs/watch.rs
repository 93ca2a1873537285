//! `comeback watch`: what happens to a stack, as it happens.

use std::time::{Duration, SystemTime};

use clap::Args;
use humantime::format_rfc3339_millis;
use regex::Regex;
use serde::Serialize;
use tokio::time::sleep;

use crate::assembly::Presence;
use crate::campaign::StackHandle;
use crate::cli::kit::{Exit, Output, Progress, Session, Source, above_zero, seconds, seed_of_now};
use crate::load;
use crate::model::Background;
use crate::observe::{ReadinessObserver, Services};
use crate::report::{EventLine, LiveLog, Tone};
use crate::trace::{EventKind, Recorder};

/// What log lines of most frameworks have in common when something is wrong.
const ERROR: &str = "(?i)error|exception|traceback|fatal|panic|critical|fail|refused|unavailable|\
    unreachable|timed? ?out|connection lost|broken pipe|reset by peer";

/// How many events are kept while they are being shown.
const KEPT: u64 = 1_000;

/// Follow the logs of the API and the backends, the backends' state, and regular probes of the API.
///
/// Lines have the time (UTC) at which they were observed here; changes of state begin with `***`.
/// Nothing is stopped, started or reset, except that services of this command's own, such as the
/// demo, are started first and ended afterwards. It ends on Ctrl-C (exit code 0), after `--for`, or
/// when a service can no longer be observed (3). With `--format json`, each line is a JSON object.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  comeback watch\n  comeback watch --errors --probe-every 2\n  \
    comeback watch --demo healthy --for 10s"
)]
pub struct Watch {
    #[command(flatten)]
    source: Source,
    /// Show only log lines that look like errors, and only probes that fail.
    #[arg(long)]
    errors: bool,
    /// What an error looks like, as a regular expression.
    #[arg(long, default_value = ERROR, value_name = "REGEX", hide_default_value = true)]
    pattern: Regex,
    /// How often to send a request as a probe: seconds, or a duration such as `500ms`.
    #[arg(long, default_value = "5s", value_name = "TIME", value_parser = above_zero)]
    probe_every: Duration,
    /// Send no probes.
    #[arg(long, conflicts_with = "probe_every")]
    no_probe: bool,
    /// End after this time: seconds, or a duration such as `1m`.
    #[arg(long = "for", value_name = "TIME", value_parser = seconds)]
    time: Option<Duration>,
}

/// A line as JSON.
#[derive(Serialize)]
struct Record<'a> {
    /// When it was observed.
    at: String,
    /// What the line is about: a service, or `probe`.
    about: &'a str,
    /// What it says to people.
    text: &'a str,
    /// Whether something is wrong.
    bad: bool,
    #[serde(flatten)]
    event: &'a EventKind,
}

impl Watch {
    pub async fn run(self, output: &Output) -> anyhow::Result<Exit> {
        let session = Session::beside(&self.source, Presence::Observed).await?;
        let progress = Progress::new(output, None);
        // What services say while they start is shown as well.
        let recorder = session.handle().recorder();
        let _services = Services::observe(&session.handle().executor.stack, &recorder);
        let exit = session
            .beside_stack(&progress, async |handle, interrupt| {
                progress.finish();
                tokio::select! {
                    biased;
                    () = interrupt.requested() => Ok(Exit::Success),
                    () = self.time_is_up() => Ok(Exit::Success),
                    exit = self.show(&recorder, output) => exit,
                    never = self.observe(handle, &recorder) => never,
                }
            })
            .await;
        progress.finish();
        Ok(exit?.unwrap_or(Exit::Interrupted))
    }

    async fn time_is_up(&self) {
        match self.time {
            Some(time) => sleep(time).await,
            None => std::future::pending().await,
        }
    }

    /// Observes and probes, for ever.
    async fn observe(&self, handle: &StackHandle, recorder: &Recorder) -> anyhow::Result<Exit> {
        let executor = &handle.executor;
        let _readiness = ReadinessObserver::probe(&executor.stack, recorder);
        if !self.no_probe {
            let client = handle.client("watch", seed_of_now(), recorder.clone())?;
            let kinds = executor.kinds.iter();
            let probes = Background {
                rate_per_s: 1.0 / self.probe_every.as_secs_f64(),
                mix: kinds.map(|kind| (kind.name.clone(), kind.weight)).collect(),
            };
            load::background(&client, &probes, std::future::pending()).await;
        }
        std::future::pending().await
    }

    /// Shows what is recorded, until it cannot go on.
    async fn show(&self, recorder: &Recorder, output: &Output) -> anyhow::Result<Exit> {
        let mut log = LiveLog::new(self.pattern.clone(), self.errors);
        let mut history = recorder.follow_from(0);
        loop {
            let event = history.next().await;
            if event.seq.is_multiple_of(KEPT) {
                recorder.forget_before(event.seq);
            }
            if let Some(line) = log.read(&event) {
                let at = format_rfc3339_millis(SystemTime::now()).to_string();
                let text = text(&at, &line);
                let record = Record {
                    at,
                    about: &line.about,
                    text: &line.text,
                    bad: line.tone == Tone::Bad,
                    event: &event.kind,
                };
                if !output.line(&record, &text, line.tone)? {
                    return Ok(Exit::Success);
                }
            }
            if let EventKind::Trouble { .. } = event.kind {
                return Ok(Exit::Inconclusive);
            }
        }
    }
}

/// A line for people: the time of day, the service, the text.
fn text(at: &str, line: &EventLine) -> String {
    // 2026-01-31T12:34:56.789Z
    let time = at.get(11..23).unwrap_or(at);
    format!("{time} {:>8} | {}", line.about, line.text)
}
