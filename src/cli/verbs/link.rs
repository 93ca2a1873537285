//! `comeback link`: forward a backend's connections, so that the network can be faulted.

use anyhow::ensure;
use clap::Args;
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::assembly::Signals;
use crate::cli::kit::{Exit, stream};
use crate::link::{Link, LinkAddress};

/// Forward connections to a backend, so that comeback can disturb and observe the network.
///
/// Point the API at `--listen` instead of at the backend. The link forwards until it is asked to
/// end (Ctrl-C, SIGTERM). A run takes control over `--control`, one at a time; when its connection
/// closes, for whatever reason, the link forwards plainly again. Once it listens, it prints one
/// line of JSON with the addresses that it got; port 0 asks for any free one.
///
/// An address is HOST:PORT, [::1]:PORT or unix:/PATH.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    comeback link --listen 127.0.0.1:15432 --to 127.0.0.1:5432 --control 127.0.0.1:15400\n  \
    comeback link --listen unix:/run/app/db.sock --to [::1]:5432\n\n\
    In a container, the control port has to listen at 0.0.0.0, which --control-anywhere allows.\n\
    Publish it at 127.0.0.1 only (ports: [\"127.0.0.1:15400:15400\"]): whoever reaches it can\n\
    disturb the path.")]
pub struct LinkArgs {
    /// Where to listen; give `--listen` and `--to` once for each path.
    #[arg(long, required = true, value_name = "ADDRESS")]
    listen: Vec<LinkAddress>,
    /// Where the backend listens, in the order of `--listen`.
    #[arg(long, required = true, value_name = "ADDRESS")]
    to: Vec<LinkAddress>,
    /// Where to be controlled.
    #[arg(long, value_name = "ADDRESS")]
    control: Option<LinkAddress>,
    /// Allow a control address that other machines can reach.
    #[arg(long, requires = "control")]
    control_anywhere: bool,
    /// End when standard input closes, and not by Ctrl-C: what started this link ends it.
    #[arg(long)]
    leased: bool,
}

impl LinkArgs {
    /// Forwards until it is asked to end.
    ///
    /// # Errors
    /// When an address is not free, or misused.
    pub async fn run(self) -> anyhow::Result<Exit> {
        let (listen, to) = (self.listen.len(), self.to.len());
        ensure!(
            listen == to,
            "there are {listen} `--listen` and {to} `--to`; give one `--to` for each `--listen`"
        );
        let paths: Vec<_> = self.listen.into_iter().zip(self.to).collect();
        // Before anybody knows that it runs: an early signal must not be lost.
        let mut end = match self.leased {
            true => End::Leased(LeasedSignals::listen()?),
            false => End::Own(Signals::listen()?),
        };
        let link = Link::start(&paths, self.control.as_ref(), self.control_anywhere).await?;
        let ready = serde_json::to_string(link.ready())?;
        stream::out(&format!("{ready}\n"))?;
        match &mut end {
            End::Leased(signals) => signals.starter_is_gone().await,
            End::Own(signals) => signals.next().await,
        }
        Ok(Exit::Success)
    }
}

/// What ends a link.
enum End {
    Leased(LeasedSignals),
    Own(Signals),
}

/// A Ctrl-C goes to every process of a terminal, and whoever started a leased link still needs it
/// to heal. So SIGINT and SIGHUP are caught and ignored.
struct LeasedSignals {
    terminate: Signal,
    _ignored: [Signal; 2],
}

impl LeasedSignals {
    fn listen() -> std::io::Result<Self> {
        Ok(LeasedSignals {
            terminate: signal(SignalKind::terminate())?,
            _ignored: [
                signal(SignalKind::interrupt())?,
                signal(SignalKind::hangup())?,
            ],
        })
    }

    /// Waits until standard input closes, or SIGTERM.
    async fn starter_is_gone(&mut self) {
        let closed = async {
            let mut read = [0; 64];
            let mut input = tokio::io::stdin();
            while input.read(&mut read).await.is_ok_and(|count| count > 0) {}
        };
        tokio::select! {
            biased;
            _ = self.terminate.recv() => {}
            () = closed => {}
        }
    }
}
