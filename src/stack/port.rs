//! Free ports for services that comeback starts, reserved so that no other program takes them.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// The lowest port to try.
const FIRST: u16 = 10_000;

/// A port of 127.0.0.1 that is reserved for a service, even while the service is down.
///
/// The port is below the kernel's range for outgoing connections. Inside that range, a client that
/// connects while nothing listens can get the destination port as its own source port, talk to
/// itself, and block the service's restart.
///
/// The reservation is a socket that is bound but does not listen. A service that sets
/// `SO_REUSEADDR` can still listen on the port, connections are refused while it does not, and
/// other programs find the port in use.
#[derive(Debug)]
pub struct ReservedPort {
    held: TcpSocket,
}

impl ReservedPort {
    /// Reserves a free port.
    ///
    /// # Errors
    /// When all ports are taken, or no socket can be created.
    pub fn reserve() -> io::Result<ReservedPort> {
        let ports = FIRST..first_ephemeral().max(FIRST + 1);
        // Runs that start at the same time begin at different ports.
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
    /// When the system cannot provide it.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.held.local_addr()
    }
}

fn hold(port: u16) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Without SO_REUSEADDR, binding fails if another program has bound the port. Set it afterwards,
    // so that our own service can share the port.
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    socket.set_reuseaddr(true)?;
    Ok(socket)
}

/// The first port of the kernel's range for outgoing connections, 32768 by default.
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
            // The service closes first, so that its end of the connection stays in TIME_WAIT.
            drop(listener.accept().await.unwrap());
            drop(client);
        }
    }
}
