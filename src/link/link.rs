//! A running link.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

use super::connection;
use super::lease;
use super::link_listener::LinkListener;
use super::switchboard::{ListenerOrder, Switchboard};
use super::{LinkAddress, LinkPath, PROTOCOL};

/// A path that a link shall have: where it listens, and where it connects to.
pub type PathAddresses = (LinkAddress, LinkAddress);

/// The line that a link prints once all its addresses are bound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkReady {
    /// [`PROTOCOL`].
    pub comeback_link: u32,
    /// Where it is controlled, with the port that it got; none if it cannot be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<String>,
    /// The paths, in the order of the command line, with the ports that they got.
    pub paths: Vec<LinkPath>,
}

/// Why a link cannot start.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// An address cannot be listened at.
    #[error("cannot listen at {address}: {source}; end what uses it, or choose another")]
    Listen {
        /// The address.
        address: LinkAddress,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Others than this machine could take control.
    #[error(
        "whoever reaches {0} could take control of this link; listen at 127.0.0.1, or, in a \
        container whose port is published at 127.0.0.1 only, add `--control-anywhere`"
    )]
    ControlAnywhere(LinkAddress),
    /// A path that leads to itself.
    #[error("{0} leads to itself; `--to` is where the backend listens")]
    Loop(LinkAddress),
}

/// A link that forwards while this lives. When it is dropped, all its connections are closed and
/// nothing listens any more.
#[derive(Debug)]
pub struct Link {
    ready: LinkReady,
    _tasks: JoinSet<()>,
}

impl Link {
    /// Listens everywhere, and forwards from then on.
    ///
    /// # Errors
    /// When an address is not free, or the control address is not of this machine and `anywhere`
    /// does not allow that.
    pub async fn start(
        paths: &[PathAddresses],
        control: Option<&LinkAddress>,
        anywhere: bool,
    ) -> Result<Self, LinkError> {
        if let Some(control) = control.filter(|control| !anywhere && !control.is_local()) {
            return Err(LinkError::ControlAnywhere(control.clone()));
        }
        let mut tasks = JoinSet::new();
        let switchboard = Arc::new(Switchboard::default());
        let mut ready = LinkReady {
            comeback_link: PROTOCOL,
            control: None,
            paths: Vec::new(),
        };
        let mut listeners = Vec::new();
        for (listen, to) in paths {
            if listen == to {
                return Err(LinkError::Loop(listen.clone()));
            }
            let listener = bind(listen).await?;
            ready.paths.push(LinkPath {
                listen: listener.address().to_string(),
                to: to.to_string(),
            });
            listeners.push((listener, to.clone()));
        }
        if let Some(control) = control {
            let listener = bind(control).await?;
            ready.control = Some(listener.address().to_string());
            let paths = ready.paths.clone();
            tasks.spawn(lease::serve(listener, paths, Arc::clone(&switchboard)));
        }
        for (path, (listener, to)) in listeners.into_iter().enumerate() {
            let orders = switchboard.add_listener();
            let switchboard = Arc::clone(&switchboard);
            tasks.spawn(accept(path, listener, to, orders, switchboard));
        }
        Ok(Link {
            ready,
            _tasks: tasks,
        })
    }

    /// The addresses that it got.
    pub fn ready(&self) -> &LinkReady {
        &self.ready
    }
}

async fn bind(address: &LinkAddress) -> Result<LinkListener, LinkError> {
    let bound = LinkListener::bind(address).await;
    bound.map_err(|source| LinkError::Listen {
        address: address.clone(),
        source,
    })
}

/// Accepts connections of a path, and does what the listener is asked.
async fn accept(
    path: usize,
    mut listener: LinkListener,
    to: LinkAddress,
    mut orders: UnboundedReceiver<ListenerOrder>,
    switchboard: Arc<Switchboard>,
) {
    let to = Arc::new(to);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            order = orders.recv() => {
                let Some((fault, answer)) = order else { return };
                let obeyed = listener.obey(fault).map_err(|error| {
                    let name = fault.map_or("lift", |fault| fault.name());
                    format!("cannot {name} at {}: {error}", listener.address())
                });
                // If the one who asked is gone, it is done all the same.
                let _ = answer.send(obeyed);
            }
            api = listener.accept() => {
                let entry = switchboard.enter(path);
                let (to, switchboard) = (Arc::clone(&to), Arc::clone(&switchboard));
                connections.spawn(async move {
                    connection::live(entry, api, &to, &switchboard).await;
                });
            }
            // Those that have ended are forgotten.
            Some(_) = connections.join_next() => {}
        }
    }
}
