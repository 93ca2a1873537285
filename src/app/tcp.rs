//! The demo's network over TCP: the only file of it that knows a socket.

use std::io;

use async_trait::async_trait;
use tokio::net::{TcpListener, TcpStream};

use super::{Listener, Network, Stream};

/// The way to a peer at a TCP address.
#[derive(Debug)]
pub struct TcpNetwork {
    /// `host:port`. The host is looked up for every connection: a restarted container may have
    /// another address.
    pub address: String,
}

/// A TCP port where peers arrive.
#[derive(Debug)]
pub struct TcpPort(TcpListener);

impl TcpPort {
    /// Listens at `host:port`, also while connections of a process that used the port before
    /// linger.
    ///
    /// # Errors
    /// When the address is in use or is none of ours.
    pub async fn bind(address: &str) -> io::Result<TcpPort> {
        TcpListener::bind(address).await.map(TcpPort)
    }
}

#[async_trait]
impl Network for TcpNetwork {
    async fn connect(&self) -> io::Result<Stream> {
        stream(TcpStream::connect(&self.address).await?)
    }
}

#[async_trait]
impl Listener for TcpPort {
    async fn accept(&mut self) -> io::Result<Stream> {
        stream(self.0.accept().await?.0)
    }
}

fn stream(stream: TcpStream) -> io::Result<Stream> {
    // Messages are short and each is waited for, so none may be held back to be sent with the next.
    stream.set_nodelay(true)?;
    Ok(Box::new(stream))
}
