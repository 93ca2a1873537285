//! Takes a container off its networks, and puts it back as before.

use bollard::models::{
    ContainerInspectResponse, EndpointIpamConfig, EndpointSettings, NetworkConnectRequest,
    NetworkDisconnectRequest,
};
use serde::{Deserialize, Serialize};

use super::container::{Container, short};
use crate::stack::DriverError;

/// Network modes, not networks: a container cannot leave them.
const NOT_JOINED: [&str; 2] = ["host", "none"];

/// A container's connection to one network, with everything needed to restore it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Attachment {
    network: String,
    /// The network's id, because a name also matches ids that begin with it. Older journals have
    /// none.
    #[serde(default)]
    id: Option<String>,
    aliases: Vec<String>,
    links: Vec<String>,
    ipv4: Option<String>,
    ipv6: Option<String>,
    mac: Option<String>,
    /// Whether the user chose the addresses. Otherwise the engine did, and they may change.
    fixed: bool,
}

impl Attachment {
    /// The networks that a container is on now, sorted by name.
    pub fn all(found: &ContainerInspectResponse) -> Vec<Self> {
        let id = found.id.as_deref().unwrap_or_default();
        let networks = found
            .network_settings
            .iter()
            .flat_map(|settings| settings.networks.iter().flatten());
        let mut all: Vec<Attachment> = networks
            .filter(|(network, _)| !NOT_JOINED.contains(&network.as_str()))
            .map(|(network, endpoint)| Attachment::new(network, endpoint, id))
            .collect();
        all.sort_by(|a, b| a.network.cmp(&b.network));
        all
    }

    fn new(network: &str, endpoint: &EndpointSettings, id: &str) -> Self {
        let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let fixed = endpoint.ipam_config.as_ref();
        let fixed_ipv4 = fixed.and_then(|fixed| filled(&fixed.ipv4_address));
        let fixed_ipv6 = fixed.and_then(|fixed| filled(&fixed.ipv6_address));
        // The engine adds the short id as an alias itself.
        let aliases = endpoint.aliases.iter().flatten();
        let aliases = aliases.filter(|alias| *alias != short(id)).cloned();
        Attachment {
            network: network.to_owned(),
            id: filled(&endpoint.network_id),
            aliases: aliases.collect(),
            links: endpoint.links.clone().unwrap_or_default(),
            fixed: fixed_ipv4.is_some() || fixed_ipv6.is_some(),
            ipv4: fixed_ipv4.or_else(|| filled(&endpoint.ip_address)),
            ipv6: fixed_ipv6.or_else(|| filled(&endpoint.global_ipv6_address)),
            mac: filled(&endpoint.mac_address),
        }
    }

    /// The network's id, or its name if the id is unknown.
    fn reference(&self) -> &str {
        self.id.as_deref().unwrap_or(&self.network)
    }

    fn endpoint(&self, with_addresses: bool) -> EndpointSettings {
        let given = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
        let addresses = with_addresses.then(|| EndpointIpamConfig {
            ipv4_address: self.ipv4.clone(),
            ipv6_address: self.ipv6.clone(),
            link_local_ips: None,
        });
        EndpointSettings {
            aliases: given(&self.aliases),
            links: given(&self.links),
            mac_address: self.mac.clone().filter(|_| with_addresses),
            ipam_config: addresses,
            ..EndpointSettings::default()
        }
    }
}

/// Takes a container off all its networks.
pub(super) async fn cut(container: &Container) -> Result<(), DriverError> {
    for attachment in Attachment::all(&container.inspect().await?) {
        let request = NetworkDisconnectRequest {
            container: container.id.clone(),
            force: Some(true),
        };
        let left = container
            .docker
            .disconnect_network(attachment.reference(), request)
            .await;
        left.map_err(|error| container.refused("cut off", &error))?;
    }
    match Attachment::all(&container.inspect().await?).is_empty() {
        true => Ok(()),
        false => Err(container.failed(
            "cut off",
            "the engine accepted the request, but the container is still on a network",
        )),
    }
}

/// Puts a container back on those of its networks that it is not on. Returns whether there were
/// any.
pub(super) async fn join(
    container: &Container,
    networks: &[Attachment],
) -> Result<bool, DriverError> {
    let now = Attachment::all(&container.inspect().await?);
    let mut joined = false;
    for attachment in networks {
        if !now.iter().any(|other| other.network == attachment.network) {
            join_one(container, attachment).await?;
            joined = true;
        }
    }
    Ok(joined)
}

async fn join_one(container: &Container, attachment: &Attachment) -> Result<(), DriverError> {
    let join = |with_addresses| {
        let request = NetworkConnectRequest {
            container: container.id.clone(),
            endpoint_config: Some(attachment.endpoint(with_addresses)),
        };
        container
            .docker
            .connect_network(attachment.reference(), request)
    };
    let joined = match join(true).await {
        // Ask for the old address, so that open connections survive the cut, as after a real
        // network failure. A network whose subnet the engine chose refuses that; then any address
        // will do.
        Err(_) if !attachment.fixed => join(false).await,
        other => other,
    };
    joined.map_err(|error| container.refused(format!("join to {}", attachment.network), &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attachment_keeps_what_was_chosen_and_drops_what_the_engine_adds() {
        let endpoint = EndpointSettings {
            aliases: Some(vec!["backend".to_owned(), "0123456789ab".to_owned()]),
            network_id: Some("feed".repeat(16)),
            ip_address: Some("10.9.0.2".to_owned()),
            global_ipv6_address: Some(String::new()),
            ..EndpointSettings::default()
        };
        let attachment = Attachment::new("net", &endpoint, "0123456789abcdef");
        assert_eq!(attachment.aliases, ["backend"]);
        assert_eq!(attachment.reference(), "feed".repeat(16));
        assert_eq!(attachment.ipv4.as_deref(), Some("10.9.0.2"));
        assert_eq!(attachment.ipv6, None);
        assert!(!attachment.fixed);
        assert_eq!(attachment.endpoint(false).ipam_config, None);

        let journalled = serde_json::to_value(&attachment).expect("plain data");
        let read: Attachment = serde_json::from_value(journalled).expect("what was written");
        assert_eq!(read, attachment);
    }
}
