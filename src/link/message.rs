//! What a link and its controller tell each other: one JSON document a line, over the control
//! connection.

use serde::{Deserialize, Serialize};

use crate::model::{ClosedBy, Direction, LinkFault};

/// The version of this protocol. A link greets with it.
pub const PROTOCOL: u32 = 1;

/// What a controller asks of a link. Each is answered by one [`Told::Done`] or [`Told::Refused`],
/// in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkRequest {
    /// Do this to the connections, instead of what was done before.
    Fault(LinkFault),
    /// Forward plainly again.
    Lift,
}

/// What a link tells its controller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Told {
    /// The first line of every control connection, unless another controller has the lease: that
    /// is [`Told::Refused`]. What is open already is then told as [`Sight::Opened`].
    Hello {
        /// [`PROTOCOL`].
        comeback_link: u32,
        /// The paths, in the order of the command line. Events name them by their place.
        paths: Vec<LinkPath>,
    },
    /// What was asked has been done.
    Done,
    /// What was asked cannot be done, and why. The link forwards as before.
    Refused(String),
    /// Something was seen on the path.
    Seen(Sight),
}

/// One path through a link, as the command line gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkPath {
    /// Where the link listens: `host:port`, or `unix:` and a path.
    pub listen: String,
    /// Where it connects to.
    pub to: String,
}

/// Something that a link saw. Connections are numbered from 0 since the link's start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sight {
    /// The API has dialled.
    Opened {
        /// The connection.
        connection: u64,
        /// The path's place.
        path: usize,
    },
    /// The backend did not take the connection, or the fault forbade it. The connection is over.
    Failed {
        /// The connection.
        connection: u64,
        /// The error, or the fault's name.
        reason: String,
    },
    /// The first byte in a direction.
    FirstByte {
        /// The connection.
        connection: u64,
        /// The direction.
        direction: Direction,
    },
    /// The connection is over.
    Closed {
        /// The connection.
        connection: u64,
        /// Who ended it.
        by: ClosedBy,
        /// Bytes from the API to the backend.
        to_backend_bytes: u64,
        /// Bytes from the backend to the API.
        from_backend_bytes: u64,
    },
    /// More was to be told than the limit of a second allows, and only counted.
    Counted {
        /// Connections that the API opened.
        opened: u64,
        /// Connections that ended.
        closed: u64,
    },
}
