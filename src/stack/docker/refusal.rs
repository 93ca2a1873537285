//! Which containers are refused because they could not be brought back as they were, and what a
//! restart of the others loses.
//!
//! | found | refused because |
//! |---|---|
//! | `--rm` | the first stop destroys the container and its anonymous volumes |
//! | the label of an orchestrator or a systemd unit | its owner replaces or restarts it as well |
//! | a port published at a random host port | each start publishes it elsewhere |
//! | running containers share its network namespace | they lose their network when it restarts |
//!
//! A restart policy is no reason to refuse: Docker does not apply it to a container that was ended
//! by a signal through its API (seen with 20.10 for `always`, `unless-stopped` and `on-failure`),
//! and our start enables it again, with its retry count at zero.

use std::collections::{BTreeSet, HashMap};

use bollard::models::{
    ContainerInspectResponse, ContainerSummary, ContainerSummaryStateEnum, HostConfig, PortBinding,
    RestartPolicyNameEnum,
};

use super::selector::name;

/// Labels of systems that replace or restart their containers, and the names of these systems.
const OWNERS: [(&str, &str); 7] = [
    ("com.docker.swarm.service.id", "Docker Swarm"),
    ("com.docker.swarm.task.id", "Docker Swarm"),
    ("io.kubernetes.pod.uid", "Kubernetes"),
    ("io.kubernetes.pod.name", "Kubernetes"),
    ("com.hashicorp.nomad.alloc_id", "Nomad"),
    ("com.amazonaws.ecs.task-arn", "Amazon ECS"),
    ("PODMAN_SYSTEMD_UNIT", "systemd"),
];

/// The prefix of the unit label that podman-compose sets on every container, with or without
/// systemd.
const PODMAN_COMPOSE: &str = "podman-compose@";

/// Podman's annotation for `--rm`.
const PODMAN_AUTO_REMOVE: &str = "io.podman.annotations.autoremove";

/// Why a container must not be stopped, killed or restarted, and what to do; `None` if it may.
/// `others` are all containers of its engine.
pub(super) fn refusal(
    found: &ContainerInspectResponse,
    others: &[ContainerSummary],
) -> Option<String> {
    let host = found.host_config.as_ref();
    if host.is_some_and(removes_itself) {
        return Some(
            "it was started with `--rm` (AutoRemove), so the first stop would destroy it and its anonymous volumes; start it without \
             `--rm`"
                .to_owned(),
        );
    }
    if let Some((owner, label)) = owner(found) {
        return Some(format!(
            "{owner} manages it (label {label}), and would replace or restart it at the same time as comeback; drive it by commands of \
             {owner}, as in `command = {{ start = […], … }}`, or test a copy that was started by `docker run` or compose"
        ));
    }
    if let Some(port) = host.and_then(random_port) {
        return Some(format!(
            "its port {port} is published at a random host port, so each start would move it; publish it at a fixed one, such as \
             `127.0.0.1:5001:{}`",
            port.split('/').next().unwrap_or_default()
        ));
    }
    let guests = guests(found, others);
    (!guests.is_empty()).then(|| {
        format!(
            "its network is also used by {} (`network_mode: container:…`), and would be lost for them at its restart; give them their own \
             network",
            guests.join(", ")
        )
    })
}

/// What a stop and a start lose or change although the container comes back, each in one sentence.
pub(super) fn losses(found: &ContainerInspectResponse) -> Vec<String> {
    let host = found.host_config.as_ref();
    let mut losses = Vec::new();
    let tmpfs = tmpfs(found);
    if !tmpfs.is_empty() {
        let places = Vec::from_iter(tmpfs).join(", ");
        losses.push(format!(
            "{places} is in memory (tmpfs): a stop or kill empties it"
        ));
    }
    let policy = host.and_then(|host| host.restart_policy.as_ref()?.name);
    if let Some(policy @ (RestartPolicyNameEnum::ALWAYS | RestartPolicyNameEnum::UNLESS_STOPPED)) =
        policy
    {
        losses.push(format!(
            "its restart policy `{policy}` does not apply when comeback ends it, except if the engine itself is restarted during a fault: \
             that may start it early"
        ));
    }
    losses
}

fn removes_itself(host: &HostConfig) -> bool {
    let annotation = host
        .annotations
        .as_ref()
        .and_then(|all| all.get(PODMAN_AUTO_REMOVE));
    host.auto_remove == Some(true)
        || annotation.is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// The system that manages the container, and the label that says so.
fn owner(found: &ContainerInspectResponse) -> Option<(&'static str, &'static str)> {
    let labels: &HashMap<String, String> = found.config.as_ref()?.labels.as_ref()?;
    let owns = |value: &String| !value.starts_with(PODMAN_COMPOSE);
    let mut owners = OWNERS.into_iter();
    let (label, owner) = owners.find(|(label, _)| labels.get(*label).is_some_and(owns))?;
    Some((owner, label))
}

/// A port of the container, such as `80/tcp`, that each start publishes at a random host port.
fn random_port(host: &HostConfig) -> Option<String> {
    // With a shared or no network, port settings have no effect.
    let mode = host.network_mode.as_deref().unwrap_or_default();
    if mode == "host" || mode == "none" || mode.starts_with("container:") {
        return None;
    }
    let is_random = |binding: &PortBinding| {
        let port = binding.host_port.as_deref().unwrap_or_default();
        // From a range such as 8000-8010 the engine also draws a port.
        !port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    let bindings = host.port_bindings.iter().flatten();
    let mut random: Vec<&String> = bindings
        .filter(|(_, bindings)| bindings.iter().flatten().any(is_random))
        .map(|(port, _)| port)
        .collect();
    random.sort();
    let all = (host.publish_all_ports == Some(true)).then(|| "of `--publish-all`".to_owned());
    random.first().map(|port| (*port).clone()).or(all)
}

/// The running containers that share this one's network namespace.
fn guests(found: &ContainerInspectResponse, others: &[ContainerSummary]) -> Vec<String> {
    let Some(id) = found.id.as_deref() else {
        return Vec::new();
    };
    let own_name = found.name.as_deref().unwrap_or_default();
    let is_guest = |other: &&ContainerSummary| {
        let mode = other.host_config.as_ref();
        let mode = mode.and_then(|host| host.network_mode.as_deref());
        let host = mode.and_then(|mode| mode.strip_prefix("container:"));
        other.state == Some(ContainerSummaryStateEnum::RUNNING)
            && host.is_some_and(|host| host == id || host == own_name.trim_start_matches('/'))
    };
    let mut guests: Vec<String> = others
        .iter()
        .filter(is_guest)
        .map(|guest| name(guest).to_owned())
        .collect();
    guests.sort();
    guests
}

/// The mount points of file systems in memory.
fn tmpfs(found: &ContainerInspectResponse) -> BTreeSet<&str> {
    let host = found.host_config.as_ref();
    let by_option = host.and_then(|host| host.tmpfs.as_ref());
    let by_option = by_option.into_iter().flatten().map(|(place, _)| &**place);
    let mounts = found.mounts.iter().flatten();
    let mounts = mounts.filter(|mount| mount.typ.as_deref() == Some("tmpfs"));
    by_option
        .chain(mounts.filter_map(|mount| mount.destination.as_deref()))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ID: &str = "0123456789abcdef";

    fn found(config: Value, host: Value) -> ContainerInspectResponse {
        let answer = json!({ "Id": ID, "Name": "/db", "Config": config, "HostConfig": host });
        serde_json::from_value(answer).expect("an answer")
    }

    fn why(config: Value, host: Value) -> Option<String> {
        refusal(&found(config, host), &[])
    }

    #[test]
    fn what_vanishes_when_it_stops_is_refused_with_the_remedy() {
        for host in [
            json!({ "AutoRemove": true }),
            json!({ "Annotations": { PODMAN_AUTO_REMOVE: "TRUE" } }),
        ] {
            let why = why(json!({}), host).expect("a refusal");
            assert!(why.contains("start it without `--rm`"), "{why}");
        }
        for host in [
            json!({}),
            json!({ "AutoRemove": false, "Annotations": { PODMAN_AUTO_REMOVE: "FALSE" } }),
        ] {
            assert_eq!(why(json!({}), host), None);
        }
    }

    #[test]
    fn what_somebody_else_replaces_is_refused_by_its_label() {
        for (label, owner) in OWNERS {
            let why = why(json!({ "Labels": { label: "x" } }), json!({})).expect("a refusal");
            assert!(why.contains(owner) && why.contains("command ="), "{why}");
        }
        let compose = json!({ "Labels": { "com.docker.compose.project": "shop" } });
        assert_eq!(why(compose, json!({})), None);
        let compose = json!({ "Labels": { "PODMAN_SYSTEMD_UNIT": "podman-compose@shop.service" } });
        assert_eq!(why(compose, json!({})), None);
    }

    #[test]
    fn a_port_that_each_start_would_move_is_refused() {
        let bound = |port: &str| {
            let binding = json!([{ "HostIp": "127.0.0.1", "HostPort": port }]);
            why(
                json!({}),
                json!({ "PortBindings": { "80/tcp": binding, "81/tcp": null } }),
            )
        };
        for random in ["", "0", "8000-8010"] {
            let why = bound(random).expect("a refusal");
            assert!(why.contains("80/tcp") && why.contains(":80`"), "{why}");
        }
        assert_eq!(bound("5001"), None);
        assert!(why(json!({}), json!({ "PublishAllPorts": true })).is_some());
        let host = json!({ "PublishAllPorts": true, "NetworkMode": "host" });
        assert_eq!(why(json!({}), host), None);
    }

    #[test]
    fn a_container_whose_network_others_use_is_refused_while_they_run() {
        let guest = |mode: &str, state: &str| -> ContainerSummary {
            let guest = json!({ "Names": ["/vpn-guest"], "State": state, "HostConfig": { "NetworkMode": mode } });
            serde_json::from_value(guest).expect("a summary")
        };
        let refused = |mode: &str, state| {
            let found = found(json!({}), json!({}));
            refusal(&found, &[guest(mode, state)])
        };
        for mode in [format!("container:{ID}"), "container:db".to_owned()] {
            let why = refused(&mode, "running").expect("a refusal");
            assert!(why.contains("vpn-guest"), "{why}");
            assert_eq!(refused(&mode, "exited"), None);
        }
        assert_eq!(refused("container:0123", "running"), None);
        assert_eq!(refused("bridge", "running"), None);
    }

    #[test]
    fn what_a_restart_loses_is_said() {
        let losses = |host: Value| losses(&found(json!({}), host)).join("\n");
        assert_eq!(losses(json!({ "RestartPolicy": { "Name": "no" } })), "");
        let both =
            losses(json!({ "Tmpfs": { "/run": "" }, "RestartPolicy": { "Name": "always" } }));
        assert!(
            both.contains("/run is in memory") && both.contains("`always`"),
            "{both}"
        );
        let mounted = json!({ "Id": ID, "Mounts": [{ "Type": "tmpfs", "Destination": "/cache" }] });
        let mounted = serde_json::from_value(mounted).expect("an answer");
        assert!(super::losses(&mounted)[0].contains("/cache"));
    }
}
