//! A fault of a link, by hand.

use std::io::BufRead;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::target::Target;
use crate::campaign::Interrupt;
use crate::cli::kit::{above_zero, seconds, whole};
use crate::model::{Direction, LinkFault, LinkFaultName};

/// Which fault of a link, with its numbers.
#[derive(Debug, Clone, Args)]
pub(super) struct LinkFaultArgs {
    /// The fault.
    #[arg(value_parser = named, value_name = "FAULT")]
    fault: LinkFaultName,
    #[command(flatten)]
    pub(super) target: Target,
    /// Lift it after this time: seconds, or a duration such as `1m`. Without it, Enter or Ctrl-C
    /// lifts it.
    #[arg(long = "for", value_name = "TIME", value_parser = above_zero)]
    pub(super) lasts: Option<Duration>,
    /// What `slow` adds in each direction.
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = seconds)]
    latency: Duration,
    /// How many KiB per second `slow` lets through; without it, any.
    #[arg(long, value_name = "KIB", value_parser = whole(1..=u64::from(u32::MAX)))]
    rate: Option<u64>,
    /// The time between two bytes of `trickle`.
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = above_zero)]
    gap: Duration,
    /// After how many bytes of replies `truncate` closes a connection.
    #[arg(long, value_name = "BYTES", default_value = "1", value_parser = whole(0..=u64::from(u32::MAX)))]
    bytes: u64,
    /// How long a connection may be idle before `idle-close` forgets it.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = above_zero)]
    idle: Duration,
    /// What `one-way` silences.
    #[arg(long, value_enum, default_value = "replies")]
    silent: Silent,
}

/// What a one-way fault silences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Silent {
    /// What the API sends.
    Requests,
    /// What the backend sends.
    Replies,
}

fn named(text: &str) -> Result<LinkFaultName, String> {
    LinkFaultName::named(text).ok_or_else(|| {
        let known = LinkFaultName::ALL.map(LinkFaultName::name).join(", ");
        format!("expected one of {known}")
    })
}

impl LinkFaultArgs {
    /// The fault with its numbers.
    pub(super) fn fault(&self) -> LinkFault {
        let ms = |time: Duration| time.as_millis() as u64;
        match self.fault {
            LinkFaultName::Reset => LinkFault::Reset,
            LinkFaultName::Refuse => LinkFault::Refuse,
            LinkFaultName::AcceptClose => LinkFault::AcceptClose,
            LinkFaultName::HalfOpen => LinkFault::HalfOpen,
            LinkFaultName::BlackHole => LinkFault::BlackHole,
            LinkFaultName::OneWay => LinkFault::OneWay {
                silent: match self.silent {
                    Silent::Requests => Direction::ToBackend,
                    Silent::Replies => Direction::FromBackend,
                },
            },
            LinkFaultName::IdleClose => LinkFault::IdleClose {
                idle_ms: ms(self.idle),
            },
            LinkFaultName::Truncate => LinkFault::Truncate {
                after_bytes: self.bytes,
            },
            LinkFaultName::Slow => LinkFault::Slow {
                latency_ms: ms(self.latency),
                rate_kib_s: self.rate,
            },
            LinkFaultName::Trickle => LinkFault::Trickle {
                gap_ms: ms(self.gap),
            },
        }
    }

    /// Waits for as long as the fault shall last. Returns whether it was cut short.
    pub(super) async fn wait(&self, interrupt: &Interrupt) -> bool {
        match self.lasts {
            Some(lasts) => tokio::select! {
                biased;
                () = interrupt.requested() => true,
                () = sleep(lasts) => false,
            },
            // Ctrl-C is a way to say that it is enough.
            None => tokio::select! {
                biased;
                () = interrupt.requested() => false,
                () = enter() => false,
            },
        }
    }

    /// What to say while it lasts.
    pub(super) fn until(&self) -> String {
        match self.lasts {
            Some(lasts) => format!("for {}", crate::model::duration(lasts)),
            None => "until Enter or Ctrl-C".to_owned(),
        }
    }
}

/// Waits for Enter, for ever if standard input has ended. The thread that reads may outlive the
/// wait; it does not keep the process from ending, as one of tokio's would.
async fn enter() {
    let (sender, pressed) = oneshot::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        if std::io::stdin()
            .lock()
            .read_line(&mut line)
            .is_ok_and(|count| count > 0)
        {
            let _ = sender.send(());
        }
    });
    if pressed.await.is_err() {
        std::future::pending().await
    }
}
