//! The signals that ask a process to end.

use procfs::process::Process;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGINT, SIGTERM and SIGHUP, which a terminal sends when it is closed. From now on none of them
/// ends the process by itself. SIGHUP stays ignored where it was: that is what `nohup` asks for.
pub struct Signals(Vec<Signal>);

impl Signals {
    /// Listens for them.
    ///
    /// # Errors
    /// When they cannot be listened for.
    pub fn listen() -> std::io::Result<Self> {
        let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
        if !is_ignored(SignalKind::hangup()) {
            kinds.push(SignalKind::hangup());
        }
        let signals = kinds.into_iter().map(signal);
        Ok(Signals(signals.collect::<std::io::Result<_>>()?))
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        let waits = self.0.iter_mut().map(|signal| Box::pin(signal.recv()));
        futures_util::future::select_all(waits).await;
    }
}

/// Whether this process was started with a signal ignored.
fn is_ignored(signal: SignalKind) -> bool {
    let status = Process::myself().and_then(|process| process.status());
    status.is_ok_and(|status| status.sigign & (1 << (signal.as_raw_value() - 1)) != 0)
}
