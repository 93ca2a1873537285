//! The ports at which a container is published on the host.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bollard::models::{ContainerInspectResponse, PortBinding};

use super::{Engine, Selector};
use crate::stack::DriverError;

/// A container's ports (`8080/tcp`), each with the host addresses at which it is published.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct PublishedPorts(BTreeMap<String, BTreeSet<String>>);

/// A port that is no longer published where it was.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MovedPort {
    port: String,
    before: BTreeSet<String>,
    now: BTreeSet<String>,
}

impl PublishedPorts {
    /// The ports that are published now. A stopped container publishes none.
    pub fn of(found: &ContainerInspectResponse) -> Self {
        let ports = found
            .network_settings
            .iter()
            .flat_map(|settings| settings.ports.iter().flatten());
        let address = |binding: &PortBinding| {
            let ip = binding.host_ip.as_deref().unwrap_or_default();
            let port = binding.host_port.as_deref().unwrap_or_default();
            format!("{ip}:{port}")
        };
        let published = ports.filter_map(|(port, bindings)| {
            let addresses = bindings.as_ref()?.iter().map(address);
            Some((port.clone(), addresses.collect()))
        });
        PublishedPorts(published.collect())
    }

    /// The container's port that is published at this host port.
    fn inner(&self, port: u16) -> Option<String> {
        let is_there = |address: &String| self::port(address) == Some(port);
        let mut ports = self.0.iter();
        let found = ports.find(|(_, addresses)| addresses.iter().any(is_there));
        found.map(|(inner, _)| inner.clone())
    }

    /// The host port at which a container's port is published.
    fn outer(&self, inner: &str) -> Option<u16> {
        self.0.get(inner)?.iter().find_map(|address| port(address))
    }

    /// The first port that is no longer published where it was.
    pub fn moved(&self, now: &Self) -> Option<MovedPort> {
        let moved = |(port, before): (&String, &BTreeSet<String>)| {
            let now = now.0.get(port).cloned().unwrap_or_default();
            (now != *before).then(|| MovedPort {
                port: port.clone(),
                before: before.clone(),
                now,
            })
        };
        self.0.iter().find_map(moved)
    }
}

/// The host port of a copy's container that corresponds to the host port `port` of the original.
///
/// # Errors
/// When one of the two does not run, or does not publish it.
pub async fn published_alike(
    engine: &Engine,
    original: &Selector,
    copy: &Selector,
    port: u16,
) -> Result<u16, DriverError> {
    let service = original.to_string();
    let (_, original_found) = original.find_running(engine, &service).await?;
    let (_, copy_found) = copy.find_running(engine, &copy.to_string()).await?;
    let inner = PublishedPorts::of(&original_found).inner(port);
    let outer = |inner: &String| PublishedPorts::of(&copy_found).outer(inner);
    let missing = |which: &Selector, what: String| {
        let message = format!("it publishes no port {what}, so a copy of the stack is unreachable");
        DriverError::missing(which.to_string(), message)
    };
    let inner = inner.ok_or_else(|| missing(original, format!("at {port}")))?;
    outer(&inner).ok_or_else(|| missing(copy, inner))
}

impl fmt::Display for MovedPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |addresses: &BTreeSet<String>| match addresses.is_empty() {
            true => "nowhere".to_owned(),
            false => Vec::from_iter(addresses.iter().map(String::as_str)).join(", "),
        };
        write!(
            f,
            "its port {} was published at {} and is now at {}; publish it at a fixed host port, below the range of random ones",
            self.port,
            list(&self.before),
            list(&self.now)
        )
    }
}

fn port(address: &str) -> Option<u16> {
    address.rsplit_once(':')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(address: &str) -> PublishedPorts {
        PublishedPorts(BTreeMap::from([(
            "80/tcp".to_owned(),
            BTreeSet::from([address.to_owned()]),
        )]))
    }

    #[test]
    fn a_port_that_moved_is_named_with_both_places() {
        let before = ports("127.0.0.1:32768");
        assert_eq!(before.moved(&before), None);
        let moved = before.moved(&ports("127.0.0.1:32769")).expect("it moved");
        let text = moved.to_string();
        assert!(text.contains("80/tcp") && text.contains("32768") && text.contains("32769"));
        let gone = before.moved(&PublishedPorts::default()).expect("it moved");
        assert!(gone.to_string().contains("nowhere"));
    }

    #[test]
    fn what_a_copy_publishes_is_found_by_the_containers_own_port() {
        let (original, copy) = (ports("127.0.0.1:5001"), ports("127.0.0.1:5011"));
        let inner = original.inner(5001).unwrap();
        assert_eq!(copy.outer(&inner), Some(5011));
        assert_eq!(original.inner(5011), None);
        assert_eq!(copy.outer("443/tcp"), None);
    }
}
