//! `comeback send`: requests by hand.

use std::time::{Duration, Instant, SystemTime};

use anyhow::bail;
use clap::Args;
use humantime::format_rfc3339_seconds;

use crate::assembly::Presence;
use crate::cli::kit::{
    Bar, Exit, Output, Progress, Session, Source, seconds, seed_of_now, stream, whole,
};
use crate::load;
use crate::model::{Burst, KindName, Mix, Pace, RequestKind, StepId, ceiling};
use crate::report::{SendStats, SendSummary};
use crate::trace::{Event, Origin, Recorder};

/// Between two requests of one sender with `--continuous`, unless `--interval` says otherwise.
const INTERVAL: Duration = Duration::from_secs(2);

/// How often the live table is drawn.
const REDRAW_EVERY: Duration = Duration::from_millis(200);

/// Send requests, and show what becomes of them.
///
/// Requests are of the configured kinds, drawn by their weights; a job is followed until it ends.
/// Nothing is stopped, started or reset, so that it can run in one terminal while `comeback fault`
/// acts in another. Only services of this command's own, such as the demo, are started first and
/// ended afterwards.
///
/// Exit codes: 0 every request was ok; 1 some were not; 2 bad usage or configuration; 3 the
/// environment failed, or a cap of `[load]` is used up. Ctrl-C ends it with the summary so far.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  comeback send --count 10 --workers 3\n  \
    comeback send --continuous --interval 2\n  comeback send --demo healthy --count 10")]
pub struct Send {
    #[command(flatten)]
    source: Source,
    /// How many requests to send.
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = whole(1..=u32::MAX))]
    count: u32,
    /// Send until Ctrl-C.
    #[arg(long, conflicts_with = "count")]
    continuous: bool,
    /// Pause of each worker between two requests: seconds, or a duration such as `500ms` [default:
    /// 0, or 2 s with --continuous].
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    interval: Option<Duration>,
    /// How many workers send, each one request at a time.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = whole(1..=ceiling::MOST_AT_ONCE))]
    workers: u32,
    /// Send requests of this kind only.
    #[arg(long, value_name = "NAME")]
    kind: Option<KindName>,
}

impl Send {
    pub async fn run(self, output: &Output) -> anyhow::Result<Exit> {
        let session = Session::beside(&self.source, Presence::Unneeded).await?;
        let progress = Progress::new(output, None);
        let summary = session
            .beside_stack(&progress, async |handle, interrupt| {
                let burst = self.burst(&handle.executor.kinds)?;
                progress.finish();
                let recorder = handle.recorder();
                let client = handle.client("send", seed_of_now(), recorder.clone())?;
                let origin = Origin::Step(StepId("send".to_owned()));
                let began = Instant::now();
                let mut board = Board::new(output);
                {
                    let sending = load::burst(&client, &origin, &burst);
                    tokio::select! {
                        biased;
                        () = interrupt.requested() => {}
                        () = sending => {}
                        () = board.follow(&recorder) => {}
                    }
                }
                board.close(&recorder);
                Ok(board.stats.summary(&handle.info.name, began.elapsed()))
            })
            .await;
        progress.finish();
        let Some(summary) = summary? else {
            return Ok(Exit::Interrupted);
        };
        output.document(&summary, &summary.text())?;
        Ok(exit(&summary))
    }

    /// The requests as one burst: each worker is one of its senders.
    fn burst(&self, kinds: &[RequestKind]) -> anyhow::Result<Burst> {
        let think = self.interval.unwrap_or(match self.continuous {
            true => INTERVAL,
            false => Duration::ZERO,
        });
        Ok(Burst {
            count: if self.continuous {
                u32::MAX
            } else {
                self.count
            },
            concurrency: self.workers,
            pace: Pace::Closed {
                think_ms: think.as_millis() as u64,
            },
            mix: mix(kinds, self.kind.as_ref())?,
        })
    }
}

/// All kinds by their weights, or the one that was asked for.
fn mix(kinds: &[RequestKind], only: Option<&KindName>) -> anyhow::Result<Mix> {
    let Some(name) = only else {
        return Ok(kinds.iter().map(|k| (k.name.clone(), k.weight)).collect());
    };
    if kinds.iter().all(|kind| kind.name != *name) {
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name.as_str()).collect();
        bail!(
            "there is no request kind `{name}`; the configuration has {}",
            names.join(", ")
        );
    }
    Ok(Mix::from([(name.clone(), 1)]))
}

fn exit(summary: &SendSummary) -> Exit {
    if summary.trouble.is_some() {
        Exit::Inconclusive
    } else if summary.failed + summary.refused + summary.unknown > 0 {
        Exit::Violated
    } else {
        Exit::Success
    }
}

/// The live table on standard error. Where that is no terminal, only new errors are shown.
struct Board {
    bar: Bar,
    lines: bool,
    stats: SendStats,
    next_seq: u64,
}

impl Board {
    fn new(output: &Output) -> Self {
        let bar = Bar::table(output.quiet);
        Board {
            lines: !output.quiet && bar.is_hidden(),
            bar,
            stats: SendStats::default(),
            next_seq: 0,
        }
    }

    /// Follows a history for ever.
    async fn follow(&mut self, recorder: &Recorder) {
        let mut history = recorder.follow_from(self.next_seq);
        let mut redraw = tokio::time::interval(REDRAW_EVERY);
        loop {
            tokio::select! {
                biased;
                event = history.next() => self.read(&event),
                _ = redraw.tick() => {
                    self.bar.set_table(&self.stats.table());
                    recorder.forget_before(self.next_seq);
                }
            }
        }
    }

    fn read(&mut self, event: &Event) {
        self.next_seq = event.seq + 1;
        let Some(error) = self.stats.read(event) else {
            return;
        };
        let line = format!("{} {error}", format_rfc3339_seconds(SystemTime::now()));
        if self.lines {
            stream::say(&line);
        } else {
            self.bar.write_line(&line);
        }
    }

    /// Reads what is left, and takes the table away.
    fn close(&mut self, recorder: &Recorder) {
        for event in recorder.history() {
            if event.seq >= self.next_seq {
                self.read(&event);
            }
        }
        self.bar.finish();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo;

    #[test]
    fn a_kind_that_is_not_there_is_answered_by_those_that_are() {
        let kinds = demo::kinds();
        assert_eq!(mix(&kinds, None).unwrap().len(), 2);
        let only = mix(&kinds, Some(&"sync".to_owned())).unwrap();
        assert_eq!(only, Mix::from([("sync".to_owned(), 1)]));
        let error = mix(&kinds, Some(&"sink".to_owned())).unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no request kind `sink`; the configuration has job, sync"
        );
    }
}
