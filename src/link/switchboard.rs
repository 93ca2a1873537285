//! All connections of a link, and the fault that holds for them.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use super::Sight;
use super::eyes::Eyes;
use super::forgotten::Forgotten;
use super::link_order::LinkOrder;
use crate::model::LinkFault;

/// What a listener is asked: to obey a fault, and to answer whether it could.
pub(super) type ListenerOrder = (Option<LinkFault>, oneshot::Sender<Result<(), String>>);

/// Knows every connection and listener, and changes what is done to them. A change is complete
/// when all have carried it out: afterwards no byte moves by the old rule.
#[derive(Debug, Default)]
pub(super) struct Switchboard {
    state: Mutex<State>,
    /// One change at a time.
    change: tokio::sync::Mutex<()>,
    pub(super) eyes: Eyes,
    pub(super) forgotten: Forgotten,
}

#[derive(Debug, Default)]
struct State {
    fault: Option<LinkFault>,
    next: u64,
    connections: BTreeMap<u64, (usize, UnboundedSender<LinkOrder>)>,
    listeners: Vec<UnboundedSender<ListenerOrder>>,
}

/// A connection that was let in.
#[derive(Debug)]
pub(super) struct Admission {
    pub(super) connection: u64,
    /// The fault that holds for it until an order comes.
    pub(super) fault: Option<LinkFault>,
    pub(super) orders: UnboundedReceiver<LinkOrder>,
}

impl Switchboard {
    /// A listener is there; what it has to do comes by the receiver.
    pub(super) fn add_listener(&self) -> UnboundedReceiver<ListenerOrder> {
        let (sender, orders) = unbounded_channel();
        self.state().listeners.push(sender);
        orders
    }

    /// Lets a connection in.
    pub(super) fn enter(&self, path: usize) -> Admission {
        let (sender, orders) = unbounded_channel();
        let mut state = self.state();
        let connection = state.next;
        state.next += 1;
        state.connections.insert(connection, (path, sender));
        self.eyes.tell(Sight::Opened { connection, path });
        Admission {
            connection,
            fault: state.fault,
            orders,
        }
    }

    /// A connection is over, and `last` is the last that is told of it.
    pub(super) fn leave(&self, connection: u64, last: Sight) {
        let mut state = self.state();
        state.connections.remove(&connection);
        self.eyes.tell(last);
    }

    /// Tells what is seen from now on, beginning with the connections that there are.
    pub(super) fn watch(&self, sights: UnboundedSender<Sight>) {
        let state = self.state();
        self.eyes.open(sights);
        for (&connection, &(path, _)) in &state.connections {
            self.eyes.tell(Sight::Opened { connection, path });
        }
    }

    /// Does this to the path from now on; done when it returns.
    ///
    /// # Errors
    /// Why it cannot be done. The link forwards as before.
    pub(super) async fn apply(&self, fault: Option<LinkFault>) -> Result<(), String> {
        let _one_at_a_time = self.change.lock().await;
        let before = self.state().fault;
        // Who is still let in must find the fault that refuses others.
        let closes = matches!(fault, Some(LinkFault::Refuse | LinkFault::BlackHole));
        if closes && let Err(why) = self.ask_listeners(fault).await {
            // What was possible before is possible again.
            let _ = self.ask_listeners(before).await;
            return Err(why);
        }
        let (done, mut all_done) = mpsc::channel::<Infallible>(1);
        {
            let mut state = self.state();
            state.fault = fault;
            for (_, orders) in state.connections.values() {
                let order = LinkOrder {
                    fault,
                    _done: done.clone(),
                };
                // A connection that has just ended needs none.
                let _ = orders.send(order);
            }
        }
        drop(done);
        let listening = match closes {
            true => Ok(()),
            false => self.ask_listeners(fault).await,
        };
        // Nothing is ever sent: this waits until every order is dropped.
        let _ = all_done.recv().await;
        listening
    }

    /// Asks every listener, also if one of them cannot. Returns the first failure.
    async fn ask_listeners(&self, fault: Option<LinkFault>) -> Result<(), String> {
        let listeners = self.state().listeners.clone();
        let mut all = Ok(());
        for listener in listeners {
            let (answer, answered) = oneshot::channel();
            let asked = listener.send((fault, answer));
            let obeyed = match (asked, answered.await) {
                (Ok(()), Ok(answer)) => answer,
                _ => Err("the link is ending".to_owned()),
            };
            all = all.and(obeyed);
        }
        all
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
