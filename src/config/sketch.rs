//! A first `comeback.toml` for a stack, which the user adapts by hand.

use std::fmt::Write;

use super::ReadyCheck;
use crate::model::API;

/// What `comeback init` finds out about a compose project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sketch {
    /// The compose project.
    pub project: String,
    /// The compose service of the API.
    pub api: String,
    /// The port of 127.0.0.1 at which the API answers.
    pub port: u16,
    /// The backends.
    pub backends: Vec<SketchedBackend>,
}

/// A backend in a sketch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SketchedBackend {
    /// Its compose service.
    pub service: String,
    /// A readiness probe that may work.
    pub ready: ReadyCheck,
}

impl Sketch {
    /// The configuration text, with comments that say what to adapt.
    pub fn text(&self) -> String {
        let mut text = format!(
            "# How comeback reaches and faults this stack. `comeback doctor` checks it, `comeback run` uses it.\n\n\
             [api]\nurl = \"http://127.0.0.1:{}\"\n\
             # Lets comeback follow the API's log, notice its exits, and restart it after each trial.\n\
             docker = {}\n",
            self.port,
            self.docker(&self.api)
        );
        for backend in &self.backends {
            let (ready, comment) = ready(&backend.ready);
            let _ = write!(
                text,
                "\n# comeback stops, kills, pauses and restarts it while requests are sent.\n\
                 [backend.{}]\ndocker = {}\n{comment}ready = {ready}\n",
                key(&backend_name(&backend.service)),
                self.docker(&backend.service),
            );
        }
        text.push_str(REQUEST);
        text.push_str(LIMITS);
        text
    }

    fn docker(&self, service: &str) -> String {
        format!(
            "{{ compose-project = {}, service = {} }}",
            quoted(&self.project),
            quoted(service)
        )
    }
}

const REQUEST: &str = r#"
# Adapt this to a request that needs the backend: a page that the API serves on its own tells nothing.
# There may be several kinds of request, each in a section like this.
[[request]]
name = "first"
method = "GET"
path = "/"
# With a body, the method is POST. {token} is unique for each request, {n} counts requests, {pick:a|b} draws a or b, and {pick}
# repeats the drawn value.
#   json = { prompt = "say {pick:hello|good bye} to {n}", token = "{token}" }
# Values may come from the environment. Header values are never shown or stored.
#   headers = { x-api-key = "${API_KEY}" }
# What a successful response looks like (default: any 2xx status), and where it repeats the token, if it does.
#   expect = { status = 200, json = { "/status" = "RECEIVED" }, text = "say {pick}", echo = "/token" }
# For a response that only accepts a job: where its id is, and how to poll the job. With `states = ["QUEUED", "RUNNING"]`
# (intermediate states that a poll shows), faults also strike while a job is in one of these states.
#   job = { id = "/id", poll = "/response/{id}", state = "/status", done = ["COMPLETED"], failed = ["ERROR"] }
"#;

const LIMITS: &str = r#"
# What takes longer than this is a failure. `comeback doctor` compares these limits with its measurements.
[limits]
answer = "10s"     # until a response arrives
job = "120s"       # until a job ends
recovery = "120s"  # from the moment the backend is ready until requests succeed again
"#;

/// A backend's `ready` value, and a comment to put above it.
fn ready(check: &ReadyCheck) -> (String, &'static str) {
    match check {
        ReadyCheck::Exec(command) => (
            format!(
                "{{ exec = {}, every = \"1s\", timeout = \"5s\" }}",
                toml::Value::Array(command.iter().map(|word| unexpanded(word)).collect())
            ),
            "# The container's own health check, run inside it. Ready means that the backend can serve, not only that it runs.\n",
        ),
        ReadyCheck::Tcp(address) => (
            format!("{{ tcp = {} }}", quoted(address)),
            "# Adapt this: a backend that accepts connections may not be able to serve yet. A command inside the container\n\
             # (`exec = [\"…\"]`) or an HTTP health check (`http = \"…\"`) is better.\n",
        ),
        ReadyCheck::Http { url, .. } => (format!("{{ http = {} }}", quoted(url)), ""),
        ReadyCheck::Log(pattern) => (
            format!("{{ log = {} }}", quoted(pattern)),
            "# Adapt this regular expression to the line that the backend logs when it can serve. A command inside the container\n\
             # is better: `exec = [\"…\"]`.\n",
        ),
    }
}

/// The backend's name: the name of its service, unless that is reserved.
fn backend_name(service: &str) -> String {
    match [API, "baseline"].contains(&service) {
        true => format!("{service}-service"),
        false => service.to_owned(),
    }
}

fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match !name.is_empty() && name.chars().all(bare) {
        true => name.to_owned(),
        false => quoted(name),
    }
}

/// A TOML string in which no `${VAR}` is replaced.
fn quoted(text: &str) -> String {
    unexpanded(text).to_string()
}

fn unexpanded(text: &str) -> toml::Value {
    text.replace("${", "$${").into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;
    use crate::config::{Config, ContainerName, ServiceConfig};

    fn sketch(ready: ReadyCheck) -> Sketch {
        Sketch {
            project: "dev".to_owned(),
            api: "web".to_owned(),
            port: 8_080,
            backends: vec![SketchedBackend {
                service: "ray".to_owned(),
                ready,
            }],
        }
    }

    fn parsed(sketch: &Sketch) -> Config {
        let nothing = |_: &str| None;
        Config::parse(&sketch.text(), Path::new("comeback.toml"), &nothing)
            .unwrap_or_else(|error| panic!("{error}\n{}", sketch.text()))
    }

    #[test]
    fn every_sketch_is_a_valid_configuration() {
        let words = ["/bin/sh", "-c", "echo \"${PORT}\" 'x' \\ \n"];
        let checks = [
            ReadyCheck::Exec(words.map(str::to_owned).to_vec()),
            ReadyCheck::Tcp("127.0.0.1:7000".to_owned()),
            ReadyCheck::Http {
                url: "http://127.0.0.1:7000/health".to_owned(),
                headers: BTreeMap::new(),
            },
            ReadyCheck::Log("(?i)ready".to_owned()),
        ];
        for check in checks {
            let config = parsed(&sketch(check.clone()));
            assert_eq!(config.api.url, "http://127.0.0.1:8080");
            assert_eq!(config.backends[0].name, "ray");
            assert_eq!(config.backends[0].ready.check, check);
        }
    }

    #[test]
    fn names_that_toml_or_comeback_would_take_for_something_else_are_kept_apart() {
        let mut sketch = sketch(ReadyCheck::Log("ready".to_owned()));
        for (service, name) in [("api", "api-service"), ("a.b \"c\"", "a.b \"c\"")] {
            sketch.backends[0].service = service.to_owned();
            let config = parsed(&sketch);
            assert_eq!(config.backends[0].name, name);
            let expected = ContainerName::Compose {
                project: "dev".to_owned(),
                service: service.to_owned(),
            };
            assert_eq!(config.backends[0].service, ServiceConfig::Docker(expected));
        }
    }

    #[test]
    fn what_is_commented_out_is_valid_too() {
        let text = sketch(ReadyCheck::Tcp("127.0.0.1:1".to_owned())).text();
        let text = text.replace("#   ", "").replace("method = \"GET\"\n", "");
        let key = |name: &str| (name == "API_KEY").then(|| "k".to_owned());
        let config = Config::parse(&text, Path::new("comeback.toml"), &key).unwrap();
        assert_eq!(config.kinds[0].method, "POST");
        assert!(config.kinds[0].job.is_some());
    }
}
