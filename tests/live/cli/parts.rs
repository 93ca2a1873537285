//! The demo's two parts as a stack that a configuration describes.

use comeback::stack::port::ReservedPort;

use crate::support::desk::Desk;

/// A stack at ports of its own.
pub struct Parts {
    /// The API's and the backend's.
    pub ports: [ReservedPort; 2],
    /// How long the backend takes to be ready.
    pub boot: &'static str,
    /// The program that is the API.
    pub api: &'static str,
    /// Sections that are added to the configuration.
    pub more: &'static str,
}

impl Parts {
    pub fn new() -> Self {
        Parts {
            ports: [(); 2].map(|()| ReservedPort::reserve().unwrap()),
            boot: "50ms",
            api: env!("CARGO_BIN_EXE_comeback"),
            more: "",
        }
    }

    /// Where the API listens.
    pub fn api(&self) -> String {
        self.ports[0].address().unwrap().to_string()
    }

    /// Writes `comeback.toml`, with the API at an address.
    pub fn write(&self, desk: &Desk, api: &str) {
        let backend = self.ports[1].address().unwrap();
        let this = env!("CARGO_BIN_EXE_comeback");
        let (program, boot, more) = (self.api, self.boot, self.more);
        desk.write(
            "comeback.toml",
            &format!(
                r#"
name = "parts"
[api]
url = "http://{api}"
process = {{ command = ["{program}", "demo-part", "api", "--listen", "{api}", "--backend", "{backend}"] }}
[backend.store]
process = {{ command = ["{this}", "demo-part", "backend", "--listen", "{backend}", "--boot", "{boot}"] }}
ready = {{ exec = ["{this}", "demo-part", "health", "{backend}"], every = "50ms", timeout = "2s" }}
[[request]]
name = "sync"
path = "/sync"
json = {{ prompt = "hello", token = "{{token}}" }}
expect = {{ status = 200, echo = "/token" }}
{more}
"#
            ),
        );
    }
}
