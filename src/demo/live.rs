//! The live demo: this program's own API and backend as two child processes.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::parts::{self, BACKEND};
use crate::app::Variant;
use crate::app::tcp::TcpNetwork;
use crate::model::API;
use crate::stack::port::ReservedPort;
use crate::stack::process::ProcessDriver;
use crate::stack::{Driver, Stack};

/// The demo stack, not yet started.
pub struct LiveDemo {
    /// The services.
    pub stack: Stack,
    /// The API's URL, without a slash at its end.
    pub url: String,
    /// The backend's address: `host:port`.
    pub backend: String,
}

impl LiveDemo {
    /// A demo of some variant, whose services are `executable demo-part …`.
    ///
    /// # Errors
    /// When no port is free.
    pub fn new(executable: PathBuf, variant: Variant) -> io::Result<Self> {
        let ports = vec![ReservedPort::reserve()?, ReservedPort::reserve()?];
        let api = ports[0].address()?.to_string();
        let backend = ports[1].address()?.to_string();
        let api_arguments = [
            "api",
            "--listen",
            &api,
            "--backend",
            &backend,
            "--variant",
            variant.name(),
        ];
        let backend_driver = part(&executable, BACKEND, &["backend", "--listen", &backend]);
        let stack = Stack {
            api: Some(part(&executable, API, &api_arguments)),
            backends: vec![parts::backend(
                backend_driver,
                Box::new(TcpNetwork {
                    address: backend.clone(),
                }),
            )],
            ports,
        };
        Ok(LiveDemo {
            stack,
            url: format!("http://{api}"),
            backend,
        })
    }
}

fn part(executable: &Path, service: &str, arguments: &[&str]) -> Box<dyn Driver> {
    let mut command = vec![executable.display().to_string(), "demo-part".to_owned()];
    command.extend(arguments.iter().map(|&argument| argument.to_owned()));
    Box::new(ProcessDriver::new(service, command, BTreeMap::new(), None))
}
