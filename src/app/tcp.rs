//! The demo's network over TCP.

use std::io;

use async_trait::async_trait;
use tokio::net::{TcpListener, TcpStream};

use super::{Listener, Network, Stream};

/// Connects to a TCP address.
#[derive(Debug)]
pub struct TcpNetwork {
    /// `host:port`. The host is looked up for every connection, because a restarted container may
    /// have another address.
    pub address: String,
}

/// A listening TCP port.
#[derive(Debug)]
pub struct TcpPort(TcpListener);

impl TcpPort {
    /// Listens at `host:port`, even while connections of an earlier process on that port linger.
    ///
    /// # Errors
    /// When the address is in use or not local.
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
    // Messages are short and the peer waits for each, so Nagle's algorithm would only add delay.
    stream.set_nodelay(true)?;
    Ok(Box::new(stream))
}
