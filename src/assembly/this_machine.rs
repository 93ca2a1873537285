//! Other machines are sent load and faults only where somebody has allowed it.
//!
//! This machine is what is reached by a Unix socket, `localhost`, or an address of 127.0.0.0/8,
//! `::1`, or the unspecified one, which Linux takes for it. Any other name is looked up once,
//! before anything is done, and is this machine only if all of its addresses are such. A name that
//! is not found is another machine.

use std::net::IpAddr;
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;

use super::AssemblyError;
use crate::config::{Config, LinkConfig, ReadyCheck, ServiceConfig};
use crate::link::LinkAddress;
use crate::stack::docker::Engine;

/// How long a name may take to be looked up.
const RESOLVED_WITHIN: Duration = Duration::from_secs(5);

/// Makes sure that a configuration leads to no other machine, unless that is allowed.
///
/// # Errors
/// When it does, with what to do about it in the same line.
pub async fn check(config: &Config) -> Result<(), AssemblyError> {
    if config.allow_remote {
        return Ok(());
    }
    for (key, place) in places(config) {
        if !is_here(&place).await {
            let host = shown(&place);
            return Err(AssemblyError::Elsewhere { key, host });
        }
    }
    Ok(())
}

/// Where requests, probes and acts go, each with what says so.
fn places(config: &Config) -> Vec<(String, String)> {
    let mut places = vec![("`url` of [api]".to_owned(), config.api.url.clone())];
    for backend in &config.backends {
        let key = format!("`ready` of [backend.{}]", backend.name);
        match &backend.ready.check {
            ReadyCheck::Http { url, .. } => places.push((key, url.clone())),
            ReadyCheck::Tcp(address) => places.push((key, format!("tcp://{address}"))),
            ReadyCheck::Exec(_) | ReadyCheck::Log(_) => {}
        }
        let key = format!("`link` of [backend.{}]", backend.name);
        let ends: Vec<&LinkAddress> = match &backend.link {
            Some(LinkConfig::Running(control)) => vec![control],
            Some(LinkConfig::Started(paths)) => paths.iter().map(|(_, to)| to).collect(),
            None => Vec::new(),
        };
        let urls = ends.into_iter().map(|end| match end {
            LinkAddress::Tcp { .. } => format!("tcp://{end}"),
            LinkAddress::Unix(path) => format!("unix://{}", path.display()),
        });
        places.extend(urls.map(|url| (key.clone(), url)));
    }
    let services = config.backends.iter().map(|backend| &backend.service);
    let mut services = services.chain(&config.api.service);
    if services.any(|service| matches!(service, ServiceConfig::Docker(_))) {
        let engine = Engine::asked_for();
        places.extend(engine.map(|engine| ("DOCKER_HOST".to_owned(), engine)));
    }
    places
}

/// Whether a URL leads to this machine. What cannot be read as one does not.
async fn is_here(place: &str) -> bool {
    if ["unix://", "npipe://"]
        .iter()
        .any(|scheme| place.starts_with(scheme))
    {
        return true;
    }
    match host(place) {
        Some(host) => is_this_machine(&host).await,
        None => false,
    }
}

async fn is_this_machine(host: &str) -> bool {
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    if let Ok(address) = host.parse() {
        return is_loopback(address);
    }
    let found = timeout(RESOLVED_WITHIN, lookup_host((host, 0))).await;
    match found {
        Ok(Ok(addresses)) => {
            let addresses = Vec::from_iter(addresses);
            !addresses.is_empty() && addresses.iter().all(|address| is_loopback(address.ip()))
        }
        _ => false,
    }
}

fn is_loopback(address: IpAddr) -> bool {
    let address = address.to_canonical();
    address.is_loopback() || address.is_unspecified()
}

/// The host of a URL, an IPv6 address without its brackets.
fn host(url: &str) -> Option<String> {
    let uri: hyper::Uri = url.parse().ok()?;
    let host = uri.host()?;
    Some(host.trim_matches(['[', ']']).to_owned())
}

/// An address as it is shown: its host only, for a URL may hold a password.
fn shown(place: &str) -> String {
    host(place).unwrap_or_else(|| "a place that cannot be read as an address".to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[tokio::test]
    async fn this_machine_is_told_from_others() {
        for here in [
            "http://127.0.0.1:80",
            "http://127.9.8.7",
            "http://[::1]:80/x",
            "http://[::ffff:127.0.0.1]:80",
            "http://0.0.0.0:80",
            "https://localhost:443",
            "http://LOCALHOST",
            "tcp://127.0.0.1:2375",
            "unix:///var/run/docker.sock",
        ] {
            assert!(is_here(here).await, "{here}");
        }
        for elsewhere in [
            "http://10.0.0.1:80",
            "http://192.168.1.2",
            "http://172.17.0.2:8080",
            "http://[fe80::1]:80",
            "http://[::ffff:10.0.0.1]:80",
            "http://8.8.8.8",
            "http://127.0.0.1@8.8.8.8/",
            "http://no-such-host.invalid",
            "http://127.0.0.1.no-such-host.invalid",
            "tcp://10.0.0.1:2375",
            "ssh://root@10.0.0.1",
            "10.0.0.1:2375/x y",
            "",
        ] {
            assert!(!is_here(elsewhere).await, "{elsewhere}");
        }
    }

    fn config(text: &str) -> Config {
        let parsed = Config::parse(text, Path::new("comeback.toml"), &|_| None);
        parsed.expect("a configuration")
    }

    #[tokio::test]
    async fn another_machine_is_named_with_its_key_and_the_remedy_in_one_line() {
        let least = "[api]\nurl = \"http://127.0.0.1:80\"\n[backend.db]\nprocess = { command = [\"db\"] }\n\
            ready = { tcp = \"127.0.0.1:1\" }\n[[request]]\npath = \"/\"\n";
        assert!(check(&config(least)).await.is_ok());
        for (key, here, there) in [
            ("`url` of [api]", "127.0.0.1:80", "me:secret@10.0.0.9:80"),
            ("`ready` of [backend.db]", "127.0.0.1:1", "10.0.0.9:1"),
            (
                "`ready` of [backend.db]",
                "tcp = \"127.0.0.1:1\"",
                "http = \"http://10.0.0.9/up\"",
            ),
        ] {
            let text = least.replace(here, there);
            let error = check(&config(&text)).await.expect_err(there).to_string();
            assert!(error.contains(key) && error.contains("10.0.0.9"), "{error}");
            assert!(
                error.contains("--allow-remote") && !error.contains('\n'),
                "{error}"
            );
            assert!(!error.contains("secret"), "{error}");
            let allowed = format!("allow-remote = true\n{text}");
            assert!(check(&config(&allowed)).await.is_ok(), "{there}");
        }
    }
}
