//! A recording fake of the Docker API on a Unix socket: containers and networks that are only data,
//! found by references as the real engine finds them (the id, the name, or any unambiguous
//! beginning of an id), and a note of every request that changes one.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::UnixListener;
use tokio::task::JoinHandle;

/// The engine. It ends when it is dropped.
pub struct FakeEngine {
    /// As `DOCKER_HOST` would give it.
    pub address: String,
    state: Arc<Mutex<State>>,
    server: JoinHandle<()>,
    _folder: TempDir,
}

/// Everything that the engine knows.
#[derive(Debug, Default)]
pub struct State {
    pub containers: Vec<Container>,
    pub networks: Vec<Network>,
    /// What was changed, since it was last taken.
    pub changes: Vec<Change>,
    /// Whether the next change is refused for the state's sake.
    pub is_stubborn: bool,
    next_exec: usize,
    execs: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default)]
pub struct Container {
    pub id: String,
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub auto_remove: bool,
    pub running: bool,
    pub paused: bool,
    /// Whether it ends when it is asked to.
    pub obeys: bool,
    /// The ids of its networks.
    pub networks: BTreeSet<String>,
}

#[derive(Debug, Clone)]
pub struct Network {
    pub id: String,
    pub name: String,
}

/// A request that changes something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The method and the path, as they came.
    pub request: String,
    /// The id of the container that it reached; none if there was no such container.
    pub container: Option<String>,
    /// The id of the network that it reached, if it was about one.
    pub network: Option<String>,
}

impl FakeEngine {
    /// Begins to serve these containers and networks.
    pub fn serve(containers: Vec<Container>, networks: Vec<Network>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("docker.sock");
        let listener = UnixListener::bind(&path).expect("a socket");
        let state = Arc::new(Mutex::new(State {
            containers,
            networks,
            ..State::default()
        }));
        let served = Arc::clone(&state);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let served = Arc::clone(&served);
                let service = service_fn(move |request| answer(Arc::clone(&served), request));
                let connection = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .with_upgrades();
                tokio::spawn(connection);
            }
        });
        FakeEngine {
            address: format!("unix://{}", path.display()),
            state,
            server,
            _folder: folder,
        }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for FakeEngine {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// An answer's status and body.
type Answer = (StatusCode, Value);

async fn answer(
    state: Arc<Mutex<State>>,
    mut request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    if path.ends_with("/start") && path.contains("/exec/") {
        {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.note_exec(&path);
        }
        // The output of a command comes over the connection itself. There is none.
        tokio::spawn(hyper::upgrade::on(&mut request));
        let switched = Response::builder()
            .status(StatusCode::SWITCHING_PROTOCOLS)
            .header("connection", "Upgrade")
            .header("upgrade", "tcp")
            .body(Full::default());
        return Ok(switched.expect("a response"));
    }
    let body = request.into_body().collect().await;
    let body = body
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let (status, value) = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.answer(&method, &path, &query, &body)
    };
    let text = match value {
        Value::Null => String::new(),
        value => value.to_string(),
    };
    let response = Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(text)));
    Ok(response.expect("a response"))
}

impl State {
    fn answer(&mut self, method: &Method, path: &str, query: &str, body: &Value) -> Answer {
        let words: Vec<&str> = path.split('/').filter(|word| !word.is_empty()).collect();
        // The API's version comes first, once it is agreed upon.
        let words = match words[..] {
            [version, ref rest @ ..] if version.starts_with("v1.") => rest.to_vec(),
            ref all => all.to_vec(),
        };
        match (method.as_str(), &words[..]) {
            ("GET", ["version"]) => ok(json!({ "ApiVersion": "1.41", "Version": "20.10.24" })),
            ("GET", ["events"]) => ok(Value::Null),
            ("GET", ["containers", "json"]) => {
                ok(self.containers.iter().map(Container::summary).collect())
            }
            ("GET", ["containers", reference, "json"]) => match self.container(reference) {
                Some(nth) => ok(self.inspected(nth)),
                None => absent(),
            },
            ("GET", ["containers", ..]) => ok(json!({})),
            ("GET", ["exec", id, "json"]) => match self.execs.contains_key(*id) {
                true => ok(json!({ "ID": id, "Running": false, "ExitCode": 0, "Pid": 4321 })),
                false => absent(),
            },
            ("POST", ["containers", reference, act]) => {
                let nth = self.container(reference);
                self.note(method, path, nth, None);
                match nth {
                    None => absent(),
                    Some(_) if std::mem::take(&mut self.is_stubborn) => conflict(),
                    Some(nth) => self.act(nth, act, query),
                }
            }
            ("POST", ["networks", reference, act]) => {
                let network = self.network(reference);
                let nth = self.container(body["Container"].as_str().unwrap_or_default());
                self.note(method, path, nth, network.clone());
                match (nth, network, *act) {
                    (Some(nth), Some(network), "connect") => {
                        self.containers[nth].networks.insert(network);
                        ok(Value::Null)
                    }
                    (Some(nth), Some(network), "disconnect") => {
                        self.containers[nth].networks.remove(&network);
                        ok(Value::Null)
                    }
                    _ => absent(),
                }
            }
            _ => {
                self.note(method, path, None, None);
                (StatusCode::NOT_IMPLEMENTED, json!({ "message": path }))
            }
        }
    }

    fn act(&mut self, nth: usize, act: &str, query: &str) -> Answer {
        let exec = format!("exec{}", self.next_exec);
        let container = &mut self.containers[nth];
        let up = (container.running, container.paused);
        match (act, up) {
            ("start", (true, _)) => (StatusCode::NOT_MODIFIED, Value::Null),
            ("start", (false, _)) => container.is(true, false),
            ("kill", (true, _)) if query.contains("SIGKILL") || container.obeys => {
                container.is(false, false)
            }
            ("kill", (true, _)) => done(),
            ("pause", (true, false)) => container.is(true, true),
            ("unpause", (true, true)) => container.is(true, false),
            ("exec", (true, false)) => {
                self.next_exec += 1;
                self.execs.insert(exec.clone(), container.id.clone());
                (StatusCode::CREATED, json!({ "Id": exec }))
            }
            _ => conflict(),
        }
    }

    fn note(&mut self, method: &Method, path: &str, nth: Option<usize>, network: Option<String>) {
        self.changes.push(Change {
            request: format!("{method} {path}"),
            container: nth.map(|nth| self.containers[nth].id.clone()),
            network,
        });
    }

    fn note_exec(&mut self, path: &str) {
        let id = path.split('/').rev().nth(1).unwrap_or_default();
        let container = self.execs.get(id).cloned();
        self.changes.push(Change {
            request: format!("POST {path}"),
            container,
            network: None,
        });
    }

    fn container(&self, reference: &str) -> Option<usize> {
        let all = self.containers.iter();
        let known = Vec::from_iter(all.map(|known| (known.id.as_str(), known.name.as_str())));
        find(reference, &known)
    }

    fn network(&self, reference: &str) -> Option<String> {
        let all = self.networks.iter();
        let known = Vec::from_iter(all.map(|known| (known.id.as_str(), known.name.as_str())));
        find(reference, &known).map(|nth| self.networks[nth].id.clone())
    }

    fn inspected(&self, nth: usize) -> Value {
        let container = &self.containers[nth];
        let of_container = |network: &&Network| container.networks.contains(&network.id);
        let networks = self.networks.iter().filter(of_container).map(|network| {
            let endpoint = json!({ "NetworkID": network.id, "IPAddress": "10.9.0.2" });
            (network.name.clone(), endpoint)
        });
        json!({
            "Id": container.id,
            "Name": format!("/{}", container.name),
            "State": { "Running": container.running, "Paused": container.paused, "Restarting": false },
            "Config": { "Labels": container.labels },
            "HostConfig": { "AutoRemove": container.auto_remove, "NetworkMode": "bridge" },
            "NetworkSettings": { "Networks": networks.collect::<serde_json::Map<_, _>>() },
        })
    }
}

/// As the real engine looks things up: by the id, then by the name, then by a beginning that only
/// one id has.
fn find(reference: &str, known: &[(&str, &str)]) -> Option<usize> {
    let exactly = known.iter().position(|(id, _)| *id == reference);
    let named = || known.iter().position(|(_, name)| *name == reference);
    let begun = || {
        let mut begun = known
            .iter()
            .enumerate()
            .filter(|(_, (id, _))| id.starts_with(reference));
        match (begun.next(), begun.next()) {
            (Some((nth, _)), None) => Some(nth),
            _ => None,
        }
    };
    exactly.or_else(named).or_else(begun)
}

impl Container {
    /// Another one was started in its place.
    pub fn is_running_again(&mut self) {
        (self.running, self.paused) = (true, false);
    }

    fn is(&mut self, running: bool, paused: bool) -> Answer {
        (self.running, self.paused) = (running, paused);
        done()
    }

    fn summary(&self) -> Value {
        json!({
            "Id": self.id,
            "Names": [format!("/{}", self.name)],
            "Labels": self.labels,
            "State": if self.running { "running" } else { "exited" },
        })
    }
}

fn ok(value: Value) -> Answer {
    (StatusCode::OK, value)
}

fn done() -> Answer {
    (StatusCode::NO_CONTENT, Value::Null)
}

fn absent() -> Answer {
    (StatusCode::NOT_FOUND, json!({ "message": "no such thing" }))
}

fn conflict() -> Answer {
    let message = json!({ "message": "it is not in the state for that" });
    (StatusCode::CONFLICT, message)
}
