//! Ctrl-C and SIGTERM.

use tokio::signal::unix::{SignalKind, signal};

use crate::campaign::Interrupt;
use crate::watch;

/// Turns SIGINT, SIGTERM and SIGHUP into a request to end early. From now on none of them ends the process by itself: `then` says
/// on standard error what is done first.
///
/// # Errors
/// When the signals cannot be listened for.
pub fn on_signals(then: &'static str) -> std::io::Result<Interrupt> {
    let (sender, receiver) = watch::channel(false);
    let mut signals = [
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
        signal(SignalKind::hangup())?,
    ];
    tokio::spawn(async move {
        loop {
            let waits = signals.iter_mut().map(|signal| Box::pin(signal.recv()));
            futures_util::future::select_all(waits).await;
            eprintln!("comeback: interrupted; {then}");
            sender.send_replace(true);
        }
    });
    Ok(Interrupt::new(receiver))
}
