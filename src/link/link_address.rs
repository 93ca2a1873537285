//! Where a link listens, and where it connects to.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use tokio::net::lookup_host;

/// An address as people write it: `HOST:PORT`, `[::1]:PORT` or `unix:/PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkAddress {
    /// A TCP port. The host is a name or an address, without brackets.
    Tcp {
        /// The host.
        host: String,
        /// The port; where a link listens, 0 asks for any free one.
        port: u16,
    },
    /// The path of a Unix socket.
    Unix(PathBuf),
}

/// A text that is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an address; write HOST:PORT, [::1]:PORT or unix:/PATH")]
pub struct LinkAddressError(String);

impl LinkAddress {
    /// The addresses that the host has now. A name is looked up each time, because a container that
    /// was replaced has another address.
    pub(super) async fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        match self {
            LinkAddress::Tcp { host, port } => match host.parse::<IpAddr>() {
                Ok(ip) => Ok(vec![SocketAddr::new(ip, *port)]),
                Err(_) => Ok(lookup_host((host.as_str(), *port)).await?.collect()),
            },
            LinkAddress::Unix(_) => Ok(Vec::new()),
        }
    }

    /// Whether only this machine can reach it, by how it is written.
    pub(super) fn is_local(&self) -> bool {
        match self {
            LinkAddress::Tcp { host, .. } => match host.parse::<IpAddr>() {
                Ok(ip) => ip.is_loopback(),
                Err(_) => host == "localhost",
            },
            LinkAddress::Unix(_) => true,
        }
    }
}

impl From<SocketAddr> for LinkAddress {
    fn from(address: SocketAddr) -> Self {
        LinkAddress::Tcp {
            host: address.ip().to_string(),
            port: address.port(),
        }
    }
}

impl FromStr for LinkAddress {
    type Err = LinkAddressError;

    fn from_str(text: &str) -> Result<Self, LinkAddressError> {
        let wrong = || LinkAddressError(text.to_owned());
        if let Some(path) = text.strip_prefix("unix:") {
            return match path {
                "" => Err(wrong()),
                path => Ok(LinkAddress::Unix(path.into())),
            };
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().map_err(|_| wrong())?;
        let host = match host.strip_prefix('[') {
            Some(inner) => inner.strip_suffix(']').ok_or_else(wrong)?,
            None if host.contains(':') => return Err(wrong()),
            None => host,
        };
        match host {
            "" => Err(wrong()),
            host => Ok(LinkAddress::Tcp {
                host: host.to_owned(),
                port,
            }),
        }
    }
}

impl fmt::Display for LinkAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinkAddress::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            LinkAddress::Tcp { host, port } => write!(f, "{host}:{port}"),
            LinkAddress::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written_as_people_write_them() {
        for text in ["127.0.0.1:0", "db:5432", "[::1]:80", "unix:/run/db.sock"] {
            let address: LinkAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "", "db", ":80", "db:", "db:99999", "::1:80", "[::1:80", "unix:", "[]:1",
        ] {
            assert!(text.parse::<LinkAddress>().is_err(), "{text}");
        }
    }
}
