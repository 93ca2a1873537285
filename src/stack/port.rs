//! Free ports for services of our own, chosen so that nobody else takes them.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// The lowest port that is tried.
const FIRST: u16 = 10_000;

/// A port of 127.0.0.1 that is kept for a service of ours, also while that service is down.
///
/// It is below the range that the kernel gives to outgoing connections: in that range, a client
/// that tries to connect while nothing listens can be given the very port it connects to, talk to
/// itself, and keep the service from coming back. It is held by a socket that is bound and does not
/// listen: a service that sets `SO_REUSEADDR` can listen there, connections are refused while none
/// does, and whoever else looks for a free port finds it taken.
#[derive(Debug)]
pub struct ReservedPort {
    held: TcpSocket,
}

impl ReservedPort {
    /// Reserves a free port.
    ///
    /// # Errors
    /// When all are taken, or the system allows no sockets.
    pub fn reserve() -> io::Result<ReservedPort> {
        let ports = FIRST..first_ephemeral().max(FIRST + 1);
        // Runs that start together look in different places first.
        let start = std::process::id() as usize * 2 % ports.len();
        let mut last = io::Error::other("no port is free");
        for port in ports.clone().skip(start).chain(ports.take(start)) {
            match hold(port) {
                Ok(held) => return Ok(ReservedPort { held }),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// The port's address.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.held.local_addr()
    }
}

fn hold(port: u16) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Bound without SO_REUSEADDR, so that it fails where somebody else has bound; shared with our
    // own service only afterwards.
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    socket.set_reuseaddr(true)?;
    Ok(socket)
}

/// The first port that the kernel gives to outgoing connections: by default 32768.
fn first_ephemeral() -> u16 {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range");
    let first = range
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse().ok());
    first.unwrap_or(32_768)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::{TcpListener, TcpStream};

    #[tokio::test]
    async fn a_reserved_port_serves_only_its_own_service() {
        let [a, b] = [(); 2].map(|()| ReservedPort::reserve().unwrap());
        let address = a.address().unwrap();
        assert_ne!(address, b.address().unwrap());
        assert!(address.port() < first_ephemeral());
        for _restart in 0..3 {
            let refused = TcpStream::connect(address).await.unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
            let listener = TcpListener::bind(address).await.unwrap();
            let client = TcpStream::connect(address).await.unwrap();
            // The service closes first, so that its end of the connection lingers in TIME_WAIT.
            drop(listener.accept().await.unwrap());
            drop(client);
        }
    }
}
