//! The control connection. It is the lease: when it ends, for whatever reason, the link forwards
//! plainly again.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::codec::{Framed, LinesCodec};

use super::link_listener::LinkListener;
use super::link_stream::LinkStream;
use super::switchboard::Switchboard;
use super::{LinkPath, LinkRequest, PROTOCOL, Told};

/// The longest line that a controller may send, in bytes.
const LONGEST_LINE: usize = 4096;

/// How long a controller may leave unread what it is told, before it is taken for gone.
const UNREAD: Duration = Duration::from_secs(5);

/// The pause before lifting is tried again.
const AGAIN: Duration = Duration::from_millis(100);

/// A connection, line by line.
type Lines = Framed<LinkStream, LinesCodec>;

/// Serves controllers, one at a time.
pub(super) async fn serve(
    mut listener: LinkListener,
    paths: Vec<LinkPath>,
    switchboard: Arc<Switchboard>,
) {
    let mut controller: JoinSet<()> = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            Some(_) = controller.join_next() => {}
            stream = listener.accept() => {
                let lines = Framed::new(stream, LinesCodec::new_with_max_length(LONGEST_LINE));
                if controller.is_empty() {
                    let (paths, switchboard) = (paths.clone(), Arc::clone(&switchboard));
                    controller.spawn(control(lines, paths, switchboard));
                } else {
                    // It is not waited for: the one that has the lease goes first.
                    tokio::spawn(turn_away(lines));
                }
            }
        }
    }
}

async fn turn_away(mut lines: Lines) {
    let why = "another controller has the lease of this link; end it first".to_owned();
    let _ = tell(&mut lines, &Told::Refused(why)).await;
}

/// Serves one controller to its end, and lifts what it has left.
async fn control(mut lines: Lines, paths: Vec<LinkPath>, switchboard: Arc<Switchboard>) {
    let _ = serve_lease(&mut lines, paths, &switchboard).await;
    switchboard.eyes.close();
    while let Err(why) = switchboard.apply(None).await {
        tracing::warn!("cannot forward plainly yet: {why}");
        sleep(AGAIN).await;
    }
}

/// Ends, by `None`, when the controller is gone.
async fn serve_lease(
    lines: &mut Lines,
    paths: Vec<LinkPath>,
    switchboard: &Switchboard,
) -> Option<()> {
    lines.get_ref().keep_alive().ok()?;
    let hello = Told::Hello {
        comeback_link: PROTOCOL,
        paths,
    };
    tell(lines, &hello).await?;
    let (sender, mut sights) = unbounded_channel();
    switchboard.watch(sender);
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            line = lines.next() => {
                let line = line?.ok()?;
                let fault = match serde_json::from_str(&line) {
                    Ok(LinkRequest::Fault(fault)) => Some(fault),
                    Ok(LinkRequest::Lift) => None,
                    Err(error) => {
                        // Something else has connected, such as a browser; what it says next must
                        // not be taken for an order.
                        let why = format!("not understood: {error}");
                        return tell(lines, &Told::Refused(why)).await;
                    }
                };
                let answer = match switchboard.apply(fault).await {
                    Ok(()) => Told::Done,
                    Err(why) => Told::Refused(why),
                };
                tell(lines, &answer).await?;
            }
            Some(sight) = sights.recv() => tell(lines, &Told::Seen(sight)).await?,
            _ = seconds.tick() => switchboard.eyes.next_second(),
        }
    }
}

/// Writes a line; none if nobody reads it.
async fn tell(lines: &mut Lines, told: &Told) -> Option<()> {
    let line = serde_json::to_string(told).ok()?;
    timeout(UNREAD, lines.send(line)).await.ok()?.ok()
}
