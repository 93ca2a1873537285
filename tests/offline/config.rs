//! `comeback.toml`: what parses into what, and how each mistake reads.

mod documentation;
mod mistakes;

use std::path::{Path, PathBuf};
use std::time::Duration;

use comeback::config::{Config, ContainerName, ReadyCheck, ServiceConfig};
use comeback::executor::ResetPolicy;
use comeback::load::Connections;
use comeback::model::FaultName;
use comeback::redact::Secret;

/// The example of the design, with its comments.
const EXAMPLE: &str = r#"
[api]
url = "http://127.0.0.1:5001"
docker = { compose-project = "dev", service = "api" }     # optional: logs, exits, resources, reset

[backend.ray]                                             # one or more; a fault names its backend
docker = { compose-project = "dev", service = "ray" }     # or process = { command = [...] }
ready = { exec = ["ray", "health-check", "--component", "ray_client_server"], every = "1s", timeout = "5s" }
                                                          # or tcp, http, log; asked past the API

[[request]]                                               # one or more kinds, weighted
method = "POST"
path = "/request"
headers = { "x-api-key" = "${API_KEY}" }
json = { prompt = "hello {token}" }                       # {token}: unique per request; {pick:a|b|c}; {n}
expect = { status = 200 }                                 # and json = { "/status" = "RECEIVED" }; echo = "/token"
job = { id = "/id", poll = "/response/{id}", state = "/status", done = ["COMPLETED"], failed = ["ERROR"] }

[limits]
recovery = "90s"
"#;

/// The least that says everything a configuration has to say. Line 2 is the API's, 4 and 5 the backend's, 7 the request's.
const LEAST: &str = r#"[api]
url = "http://127.0.0.1:5001"
[backend.db]
process = { command = ["db"] }
ready = { tcp = "127.0.0.1:6001" }
[[request]]
path = "/read"
"#;

fn environment(name: &str) -> Option<String> {
    match name {
        "API_KEY" => Some("swordfish".to_owned()),
        "HOST" => Some("backend.internal".to_owned()),
        "BROKEN" => Some("swordfish\n".to_owned()),
        _ => None,
    }
}

fn parse(source: &str) -> Config {
    let config = Config::parse(source, Path::new("shop/comeback.toml"), &environment);
    config.unwrap_or_else(|error| panic!("{error}"))
}

fn complaint(source: &str) -> String {
    match Config::parse(source, Path::new("comeback.toml"), &environment) {
        Ok(config) => panic!("no complaint about:\n{source}\n{config:#?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_example_of_the_design_says_what_it_means() {
    let config = parse(EXAMPLE);
    let of_project = |service: &str| {
        ServiceConfig::Docker(ContainerName::Compose {
            project: "dev".to_owned(),
            service: service.to_owned(),
        })
    };
    assert_eq!(config.name, "shop");
    assert_eq!(config.api.url, "http://127.0.0.1:5001");
    assert_eq!(config.api.service, Some(of_project("api")));

    let [ray] = &config.backends[..] else {
        panic!("{:?}", config.backends)
    };
    assert_eq!(
        (ray.name.as_str(), &ray.service),
        ("ray", &of_project("ray"))
    );
    assert_eq!(ray.ready.every, Duration::from_secs(1));
    assert!(matches!(&ray.ready.check, ReadyCheck::Exec(command) if command[0] == "ray"));

    let [request] = &config.kinds[..] else {
        panic!("{:?}", config.kinds)
    };
    assert_eq!(
        (request.name.as_str(), request.weight),
        ("POST /request", 1)
    );
    assert_eq!(request.headers["x-api-key"], "swordfish");
    assert_eq!(request.expect.status, Some(200));
    assert_eq!(request.job.as_ref().unwrap().poll, "/response/{id}");

    assert_eq!(config.limits.recovery_ms, 90_000);
    assert_eq!(
        config.secrets,
        [Secret::of_variable("API_KEY", "swordfish")]
    );
}

#[test]
fn everything_else_has_a_default() {
    let config = parse(LEAST);
    assert_eq!(config.api.service, None);
    assert_eq!(config.api.connections, Connections::Fresh);
    assert_eq!(config.kinds[0].name, "GET /read");
    assert_eq!(config.limits, comeback::model::Limits::default());
    assert_eq!(config.trial, comeback::executor::Settings::default());
    assert_eq!(config.caps, comeback::load::Caps::default());
    assert_eq!(
        config.space.bounds(),
        &comeback::generator::Bounds::default()
    );
    assert_eq!(config.reset, ResetPolicy::Always);
    assert!(config.secrets.is_empty());
}

/// Every key there is.
const EVERY_KEY: &str = r#"
name = "dev stack"
allow-remote = true

[api]
url = "https://${HOST}/v1/"
process = { command = ["nginx", "-g", "daemon off;"], env = { LANG = "C" }, dir = "front", stop-signal = "SIGQUIT" }
ca = "certs/ca.pem"
max-body = "2 MiB"

[backend.web]
docker = { name = "web-1" }
ready = { http = "http://127.0.0.1:6001/ready/?full=1", headers = { authorization = "Basic c2VjcmV0" }, every = "100ms", timeout = "1s" }
faults = ["cut", "pause"]

[backend.db]
process = { command = ["db", "--price", "5$${"] }
ready = { log = "ready in [0-9]+ ms" }
after = ["web"]
executed = "EXEC (\\S+)"
exactly-once = true
link = [{ listen = "127.0.0.1:6002", to = "127.0.0.1:6003" }, { listen = "unix:/run/link", to = "unix:/run/db" }]

[[request]]
name = "write"
weight = 3
method = "put"
path = "/items/{n}"
json = { colour = "{pick:red|blue}" }
expect = { json = { "/status" = "RECEIVED", "/colour" = "{pick}", "/count" = 1 }, text = "{pick}", regex = "a+", headers = { content-type = "text/plain" }, echo = "/token" }
job = { id = "/id", poll = "/items/{id}", state = "/state", done = ["DONE"], failed = ["FAILED"], states = ["QUEUED"], message = "/why" }

[[request]]
path = "/items/{after.n}"
after = "write"

[limits]
answer = "5s"
job = "1m"
recovery = "2m"
grace = "3s"
failures = 4
stragglers = 1
log-lines = 5
error-bodies = "required"
cpu = "80%"
cpu-window = "7s"
fds = 6
threads = 7
memory = "80 %"
memory-mib = 9
latency = "250%"
latency-slack = "11ms"

[log]
detected = "lost"
reconnected = "^connected"
forbidden = ["Traceback"]

[generator]
faults = ["kill"]
log-anchors = ["connected"]
steps = [2, 4]
requests = [1, 5]
concurrency = [1, 2]
rate = [0.5, 2]
max-think = "1ms"
min-outage = "2ms"
max-outage = "3s"
max-gap = "4ms"
max-grace = "5ms"
max-wait = "6ms"
max-offset = "0s"
max-plan = "8s"
event-anchors = 1
background = 0.5
background-rate = [1, 2]

[load]
connections = "pooled"
in-flight = 9
requests = 10
rate = 11

[trial]
ready-within = "12s"
api-ready-within = "13s"
baseline = 13
anchor-timeout = "14s"
probe-patience = "15s"
probe-every = "16ms"
resources-every = "17ms"
settle = "18ms"
reset = "if-unhealthy"

[trace]
max-bytes = 17
max-run-bytes = "170 KiB"
max-text-bytes = 18
"#;

#[test]
fn every_key_is_read() {
    let config = parse(EVERY_KEY);
    let [variable, texts @ ..] = &config.secrets[..] else {
        panic!("{:?}", config.secrets);
    };
    assert_eq!(*variable, Secret::of_variable("HOST", "backend.internal"));
    let texts: Vec<&str> = texts.iter().map(|secret| &*secret.value).collect();
    assert_eq!(texts, ["Basic c2VjcmV0", "c2VjcmV0"]);
    assert_eq!(config.space.bounds().outage_ms, 2..=3_000);
    let plan = comeback::generator::plan(&config.space, 1, 0);
    assert_eq!(config.space.fits(&plan), Ok(()));
    insta::assert_debug_snapshot!(config);
}

#[test]
fn what_a_backend_allows_is_its_own_or_the_generator_s_or_all_but_cut() {
    let allowed = |source: String| {
        let config = parse(&source);
        let names = FaultName::all().map(FaultName::name);
        let drawn =
            (0..200).flat_map(|index| comeback::generator::plan(&config.space, 1, index).steps);
        let drawn: Vec<_> = drawn.map(|step| format!("{:?}", step.action)).collect();
        let fault = |name: &str| format!("kind: {}{}", name[..1].to_uppercase(), &name[1..]);
        let found = names.filter(|name| drawn.iter().any(|step| step.contains(&fault(name))));
        found.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(allowed(LEAST.to_owned()), "stop kill rapid pause");
    assert_eq!(
        allowed(format!("{LEAST}[generator]\nfaults = [\"rapid\"]")),
        "rapid"
    );
    let own = LEAST.replace("[[request]]", "faults = [\"kill\"]\n[[request]]");
    assert_eq!(
        allowed(format!("{own}[generator]\nfaults = [\"rapid\"]")),
        "kill"
    );
}

#[test]
fn relative_paths_count_from_the_file() {
    let source = LEAST
        .replace("5001\"", "5001\"\nca = \"ca.pem\"")
        .replace("[\"db\"]", "[\"db\"], dir = \"run\"");
    let config = parse(&source);
    assert_eq!(config.api.ca, Some(PathBuf::from("shop/ca.pem")));
    assert!(
        matches!(&config.backends[0].service, ServiceConfig::Process(p) if p.dir == Path::new("shop/run"))
    );
}

#[test]
fn backends_keep_the_file_s_order() {
    let mut source = LEAST.to_owned();
    for name in ["zebra", "ant"] {
        source.push_str(&format!(
            "[backend.{name}]\nprocess = {{ command = [\"x\"] }}\nready = {{ tcp = \"127.0.0.1:1\" }}\n"
        ));
    }
    let names: Vec<_> = parse(&source)
        .backends
        .into_iter()
        .map(|b| b.name)
        .collect();
    assert_eq!(names, ["db", "zebra", "ant"]);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Config::load(Path::new("no/such/comeback.toml"), &environment).unwrap_err();
    insta::assert_snapshot!(error, @"
    cannot read the configuration no/such/comeback.toml: No such file or directory (os error 2)
      = help: name another with `--config FILE`, or try comeback on its own demo with `--demo BUG`
    ");
}

/// Every mistake and its message, as one page to read.
#[test]
fn every_mistake_is_located_and_has_a_remedy() {
    let mut page = String::new();
    for (mistake, source) in mistakes::of(LEAST) {
        page.push_str(&format!("# {mistake}\n{}\n\n", complaint(&source)));
    }
    assert!(
        !page.contains("backend.internal"),
        "a value from the environment is shown"
    );
    insta::assert_snapshot!(page);
}

/// The places of all leaves of a document.
fn leaves(at: Vec<String>, value: &toml::Value, found: &mut Vec<Vec<String>>) {
    let inner = |name: String| [at.clone(), vec![name]].concat();
    match value {
        toml::Value::Table(all) => {
            for (name, value) in all {
                leaves(inner(name.clone()), value, found);
            }
        }
        toml::Value::Array(all) => {
            for (place, value) in all.iter().enumerate() {
                leaves(inner(place.to_string()), value, found);
            }
        }
        _ => found.push(at),
    }
}

fn leaf<'v>(value: &'v mut toml::Value, path: &[String]) -> &'v mut toml::Value {
    path.iter().fold(value, |value, name| match value {
        toml::Value::Array(all) => &mut all[name.parse::<usize>().unwrap()],
        other => other.get_mut(name).unwrap(),
    })
}

/// Whatever key is given a number or a time without bounds says so, with its place and what to do; and what is taken is used: a plan is
/// drawn.
#[test]
fn no_number_and_no_time_is_without_bounds() {
    let whole: toml::Value = toml::from_str(EVERY_KEY).unwrap();
    let mut places = Vec::new();
    leaves(Vec::new(), &whole, &mut places);
    let mut refused = 0;
    for place in places {
        let mut absurd = vec![];
        match leaf(&mut whole.clone(), &place) {
            toml::Value::Integer(_) | toml::Value::Float(_) => {
                absurd.extend([i64::MAX, i64::from(u32::MAX), 1_000_000].map(toml::Value::Integer));
                absurd.extend([1e300, f64::INFINITY].map(toml::Value::Float));
            }
            toml::Value::String(_) => {
                let texts = [
                    "18446744073709551615s",
                    "585000000y",
                    "18446744073709551615%",
                    "8388608 TiB",
                ];
                absurd.extend(texts.map(|text| toml::Value::String(text.to_owned())));
            }
            _ => {}
        }
        for value in absurd {
            let mut document = whole.clone();
            *leaf(&mut document, &place) = value.clone();
            let source = toml::to_string(&document).unwrap();
            match Config::parse(&source, Path::new("comeback.toml"), &environment) {
                Ok(config) => {
                    let drawn = comeback::generator::plan(&config.space, 1, 0);
                    assert_eq!(drawn.check(), Ok(()), "{place:?} = {value}");
                }
                Err(error) => {
                    refused += 1;
                    let words = error.to_string();
                    assert!(
                        words.starts_with("comeback.toml:"),
                        "{place:?} = {value}: {words}"
                    );
                }
            }
        }
    }
    assert!(refused > 150, "{refused}");
}

/// Each of these once made the harness panic, or use more than a gigabyte.
#[test]
fn what_is_beyond_all_bounds_is_refused_with_its_place_and_a_remedy() {
    let of = |section: &str| format!("{LEAST}{section}\n");
    insta::assert_snapshot!(
        [
            complaint(&of("[trial]\nready-within = \"18446744073709551615s\"")),
            complaint(&of("[trial]\nprobe-patience = \"18446744073709551615s\"")),
            complaint(&of("[limits]\nanswer = \"18446744073709551615s\"")),
            complaint(&of("[generator]\nsteps = [1000000, 1000000]")),
            complaint(&of("[load]\nin-flight = 9223372036854775807")),
            complaint(&of("[trace]\nmax-bytes = \"17 TiB\"")),
            complaint(&of("[trial]\nbaseline = 4294967295")),
        ]
        .join("\n\n")
    );
}
