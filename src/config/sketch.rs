//! The first `comeback.toml` of a stack, to be adapted by hand.

use std::fmt::Write;

use super::ReadyCheck;
use crate::model::API;

/// What is known of a stack of a compose project before anybody has described it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sketch {
    /// The compose project.
    pub project: String,
    /// The API's service.
    pub api: String,
    /// The port of 127.0.0.1 at which the API answers.
    pub port: u16,
    /// The backends.
    pub backends: Vec<SketchedBackend>,
}

/// A backend, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SketchedBackend {
    /// Its service.
    pub service: String,
    /// How it may be asked whether it is ready.
    pub ready: ReadyCheck,
}

impl Sketch {
    /// The configuration, with comments that say what to adapt.
    pub fn text(&self) -> String {
        let mut text = format!(
            "# How comeback reaches and breaks this stack. `comeback doctor` checks it, `comeback run` uses it.\n\n\
             [api]\nurl = \"http://127.0.0.1:{}\"\n\
             # Lets comeback follow its log, notice its exits, and restart it after each trial.\n\
             docker = {}\n",
            self.port,
            self.docker(&self.api)
        );
        for backend in &self.backends {
            let (ready, comment) = ready(&backend.ready);
            let _ = write!(
                text,
                "\n# It is stopped, killed, paused and restarted while requests are sent.\n\
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
# Adapt this one to a request whose success needs the backend: a page that the API serves by itself tells nothing.
# There may be several kinds, each in a section like this.
[[request]]
name = "first"
method = "GET"
path = "/"
# A body makes it a POST; {token} is different in each request, {n} counts, {pick:a|b} is one of these, and {pick} the same again.
#   json = { prompt = "say {pick:hello|good bye} to {n}", token = "{token}" }
# Values may come from the environment; those of headers are never written anywhere.
#   headers = { x-api-key = "${API_KEY}" }
# What makes an answer a success (otherwise any 2xx does), and where it repeats the token, if it does.
#   expect = { status = 200, json = { "/status" = "RECEIVED" }, text = "say {pick}", echo = "/token" }
# Where the answer only accepts a job: where its id is, and how it is followed to its end. With `states = ["QUEUED", "RUNNING"]`
# (what a poll shows on the way) faults strike while a job is in one of these, too.
#   job = { id = "/id", poll = "/response/{id}", state = "/status", done = ["COMPLETED"], failed = ["ERROR"] }
"#;

const LIMITS: &str = r#"
# How long may pass before it counts as a failure. `comeback doctor` compares them with what it measures.
[limits]
answer = "10s"     # until an exchange is answered
job = "120s"       # until a job has ended
recovery = "120s"  # from the backend being ready until requests succeed again
"#;

/// How a backend is asked, and what is to be said about that.
fn ready(check: &ReadyCheck) -> (String, &'static str) {
    match check {
        ReadyCheck::Exec(command) => (
            format!(
                "{{ exec = [{}], every = \"1s\", timeout = \"5s\" }}",
                command
                    .iter()
                    .map(|word| quoted(word))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
            "# The container's own health check, run inside it: ready means that it can serve, not only that it runs.\n",
        ),
        ReadyCheck::Tcp(address) => (
            format!("{{ tcp = {} }}", quoted(address)),
            "# Adapt this: a port that accepts connections may not serve yet. A command inside the container\n\
             # (`exec = [\"…\"]`) or a page (`http = \"…\"`) that needs the whole backend is better.\n",
        ),
        ReadyCheck::Http { url, .. } => (format!("{{ http = {} }}", quoted(url)), ""),
        ReadyCheck::Log(pattern) => (
            format!("{{ log = {} }}", quoted(pattern)),
            "# Adapt this to the line that its log shows when it can serve (a regular expression), or better, give a\n\
             # command that tells it inside the container: `exec = [\"…\"]`.\n",
        ),
    }
}

/// The backend's name: that of its service, unless it would mean something else.
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

/// A text in quotes, in which nothing stands for a variable of the environment.
fn quoted(text: &str) -> String {
    toml::Value::from(text.replace("${", "$${")).to_string()
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
