//! One connection through a link, from its acceptance to its end.

use std::pin::pin;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::carry::{Carrier, Parting};
use super::link_order::{LinkOrder, Strike};
use super::link_stream::LinkStream;
use super::switchboard::{Admission, Switchboard};
use super::{LinkAddress, Sight};
use crate::model::{ClosedBy, LinkFault};

/// How long the API has to close a connection whose reply was cut. Closed at once, it would get
/// RST instead of the bytes before the cut if it was still sending.
const LINGER: Duration = Duration::from_secs(2);

/// Carries a connection from the API to where the path leads.
pub(super) async fn live(
    mut entry: Admission,
    mut api: LinkStream,
    to: &LinkAddress,
    switchboard: &Switchboard,
) {
    let connection = entry.connection;
    let mut backend = match dial(&mut entry, to).await {
        Dialled::Connected(stream) => stream,
        Dialled::Failed(reason) => {
            // The API was accepted before the backend was asked: this is as near to refusing as
            // can be.
            api.reset();
            return switchboard.leave(connection, Sight::Failed { connection, reason });
        }
        Dialled::Forbidden => {
            drop(api);
            let reason = LinkFault::AcceptClose.name().to_owned();
            return switchboard.leave(connection, Sight::Failed { connection, reason });
        }
        Dialled::Struck(strike, order) => {
            strike_both(strike, api, None, switchboard);
            switchboard.leave(
                connection,
                closed(connection, ClosedBy::Fault, &Carrier::new(None)),
            );
            return drop(order);
        }
    };
    let mut carrier = Carrier::new(entry.fault);
    let seen = |direction| {
        switchboard.eyes.tell(Sight::FirstByte {
            connection,
            direction,
        });
    };
    let fate = carrier
        .carry(&mut api, &mut backend, &mut entry.orders, seen)
        .await;
    let leave = |by| switchboard.leave(connection, closed(connection, by, &carrier));
    match fate {
        Parting::Finished(by) => leave(by),
        Parting::Broken(by) => {
            api.reset();
            backend.reset();
            leave(by);
        }
        Parting::Struck(strike, order) => {
            strike_both(strike, api, Some(backend), switchboard);
            leave(ClosedBy::Fault);
            drop(order);
        }
        Parting::Idle => {
            strike_both(Strike::Forget, api, Some(backend), switchboard);
            leave(ClosedBy::Fault);
        }
        Parting::Truncated => {
            leave(ClosedBy::Fault);
            drop(backend);
            // No change of the fault waits for this connection any more.
            drop(entry);
            end_gently(api).await;
        }
    }
}

/// What came of dialling the backend.
enum Dialled {
    Connected(LinkStream),
    Failed(String),
    /// The fault lets nothing through.
    Forbidden,
    Struck(Strike, LinkOrder),
}

async fn dial(entry: &mut Admission, to: &LinkAddress) -> Dialled {
    let mut connect = pin!(LinkStream::connect(to));
    loop {
        if entry.fault == Some(LinkFault::AcceptClose) {
            return Dialled::Forbidden;
        }
        let is_held = entry.fault == Some(LinkFault::BlackHole);
        tokio::select! {
            biased;
            order = entry.orders.recv() => {
                let Some(order) = order else {
                    return Dialled::Failed("the link is ending".to_owned());
                };
                match Strike::of(order.fault) {
                    Some(strike) => return Dialled::Struck(strike, order),
                    None => entry.fault = order.fault,
                }
            }
            connected = &mut connect, if !is_held => return match connected {
                Ok(stream) => Dialled::Connected(stream),
                Err(error) => Dialled::Failed(error.to_string()),
            },
        }
    }
}

fn strike_both(
    strike: Strike,
    api: LinkStream,
    backend: Option<LinkStream>,
    switchboard: &Switchboard,
) {
    match strike {
        Strike::Reset => {
            api.reset();
            backend.into_iter().for_each(LinkStream::reset);
        }
        Strike::Forget => switchboard.forgotten.keep(api, backend),
    }
}

/// Says the end, and reads what still comes.
async fn end_gently(mut api: LinkStream) {
    let _ = api.shutdown().await;
    let rest = async {
        let mut rest = [0; 4096];
        while api.read(&mut rest).await.is_ok_and(|count| count > 0) {}
    };
    // Whoever goes on sending gets RST.
    let _ = timeout(LINGER, rest).await;
}

fn closed(connection: u64, by: ClosedBy, carrier: &Carrier) -> Sight {
    Sight::Closed {
        connection,
        by,
        to_backend_bytes: carrier.bytes_to_backend(),
        from_backend_bytes: carrier.bytes_from_backend(),
    }
}
