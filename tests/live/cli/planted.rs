//! Configurations with a secret in every key that holds a text.

use std::collections::BTreeSet;

/// Every key that holds a text of the user's own, with a secret in it. `API` and `BACKEND` are ports.
pub const LIVE: &str = r#"
name = "sec ${S_NAME}"
[api]
url = "http://127.0.0.1:API/${S_URL}"
process = { command = ["python3", "hostile.py", "API", "BACKEND", "${S_ARGUMENT}"], dir = "${S_FOLDER}", env = { S_ENV = "${S_ENV}", S_LINES = "${S_LINES}", S_ID = "${S_ID}", S_FAILED = "${S_FAILED}", S_DONE = "${S_DONE}", S_EXPECT = "${S_EXPECT}", S_FORBIDDEN = "${S_FORBIDDEN}", S_PASSWORD = "literal-in-env" } }
[backend.store]
process = { command = ["python3", "${S_FOLDER}/hostile.py", "BACKEND", "backend"] }
ready = { http = "http://127.0.0.1:BACKEND/${S_READY}", every = "50ms" }
executed = "(EXEC) ${S_EXECUTED}"
[[request]]
path = "/x/${S_PATH}?q=${S_QUERY}"
headers = { x-literal = "literal-in-header", authorization = "Bearer ${S_HEADER}", x-bare = "Token literal-token" }
json = { token = "{token}", secret = "${S_JSON}", odd = "${S_ODD}", lines = "${S_LINES}", weak = "${S_WEAK}", short = "${S_SHORT}" }
expect = { status = 200, echo = "/token", json = { "/sign" = "${S_EXPECT}" } }
[[request]]
name = "kind ${S_KIND}"
path = "/y"
json = { token = "{token}", method = "${S_JSON}" }
job = { id = "/id", poll = "/job/{id}?k=${S_POLL}", state = "/state", done = ["done ${S_DONE}"], failed = ["failed ${S_FAILED}"], states = ["state ${S_ONTHEWAY}"], message = "/message" }
[log]
detected = "detected ${S_DETECTED}"
reconnected = "reconnected ${S_RECONNECTED}"
forbidden = ["${S_FORBIDDEN}"]
[limits]
answer = "20s"
job = "20s"
recovery = "20s"
log-lines = 1000000
[generator]
faults = ["kill"]
log-anchors = ["log .*${S_ANCHOR}"]
steps = [2, 3]
requests = [2, 4]
min-outage = "500ms"
max-outage = "800ms"
max-grace = "100ms"
max-wait = "200ms"
max-offset = "200ms"
max-plan = "3s"
background = 1.0
background-rate = [2, 3]
[trial]
settle = "100ms"
probe-every = "100ms"
anchor-timeout = "1s"
baseline = 2
"#;

/// Parts of configurations that cannot be used, each with what it takes the place of: their errors must not show secrets either.
pub const UNUSABLE: &[(&str, &str)] = &[
    ("", "instances = [\"${S_INSTANCE}\"]\n"),
    ("", "surprise = \"${S_SURPRISE}\"\n"),
    ("[backend.store]", "ca = \"${S_CA}\"\n[backend.store]"),
    (
        "ready = { http =",
        "ready = { tcp = \"${S_TCP}\", ignored =",
    ),
    (
        "ready = { http = \"http://127.0.0.1:BACKEND/${S_READY}\"",
        "ready = { tcp = \"${S_TCP}\"",
    ),
    (
        "ready = { http = \"http://127.0.0.1:BACKEND/${S_READY}\"",
        "ready = { log = \"(${S_READYLOG}\"",
    ),
    (
        "ready = { http = \"http://127.0.0.1:BACKEND/${S_READY}\"",
        "ready = { exec = [\"./${S_EXEC}\"]",
    ),
    (
        "process = { command = [\"python3\", \"${S_FOLDER}",
        "docker = { name = \"${S_CONTAINER}\" }\n#",
    ),
    (
        "process = { command = [\"python3\", \"${S_FOLDER}",
        "docker = { compose-project = \"${S_PROJECT}\", service = \"${S_SERVICE}\" }\n#",
    ),
    (
        "process = { command = [\"python3\", \"${S_FOLDER}",
        "command = { start = [\"./${S_START}\"], stop = [\"${S_STOP}\"], kill = [\"${S_KILL}\"], status = [\"./${S_STATUS}\"], dir = \"${S_FOLDER}\" }\n#",
    ),
    (
        "[backend.store]",
        "max-body = \"${S_BODY}\"\n[backend.store]",
    ),
    ("dir = ", "stop-signal = \"${S_SIGNAL}\", dir = "),
    ("ready = { http", "after = [\"${S_AFTER}\"]\nready = { http"),
    (
        "ready = { http",
        "link = { listen = \"${S_LISTEN}\", to = \"${S_LEADSTO}\" }\nready = { http",
    ),
    (
        "ready = { http",
        "link = { control = \"unix:/${S_CONTROL}\" }\nready = { http",
    ),
    (
        "ready = { http",
        "ready = { headers = { \"x y\" = \"${S_PROBE}\" }, http",
    ),
    ("path = \"/y\"", "path = \"${S_PATH}\""),
    ("path = \"/y\"", "path = \"/y\"\nmethod = \"${S_METHOD}\""),
    ("id = \"/id\"", "id = \"${S_JOBID}\""),
    ("poll = \"/job/{id}?k=${S_POLL}\"", "poll = \"${S_POLL}\""),
    ("state = \"/state\"", "state = \"${S_STATE}\""),
    ("message = \"/message\"", "message = \"${S_MESSAGE}\""),
    ("echo = \"/token\"", "echo = \"${S_ECHO}\""),
    ("\"/sign\"", "\"sign\""),
    ("path = \"/y\"", "path = \"/y\"\nafter = \"${S_EARLIER}\""),
    ("echo = \"/token\"", "text = \"${S_TEXT} {no}\""),
    ("echo = \"/token\"", "regex = \"(${S_REGEX}\""),
    (
        "echo = \"/token\"",
        "headers = { \"x y\" = \"${S_ANSWER}\" }",
    ),
    ("answer = \"20s\"", "answer = \"${S_LIMIT}\""),
    ("max-outage = \"800ms\"", "max-outage = \"${S_TIME}\""),
    ("faults = [\"kill\"]", "faults = [\"${S_FAULT}\"]"),
    (
        "x-literal = \"literal-in-header\"",
        "\"x literal\" = \"literal-in-header\"",
    ),
    (
        "x-literal = \"literal-in-header\"",
        "x-literal = \"literal-in-header\", = ",
    ),
    (
        "forbidden = [\"${S_FORBIDDEN}\"]",
        "forbidden = [\"(${S_FORBIDDEN}\"]",
    ),
    (
        "[trial]",
        "[load]\nconnections = \"${S_CONNECTIONS}\"\n[trial]",
    ),
    ("baseline = 2", "reset = \"${S_RESET}\""),
    ("baseline = 2", "baseline = \"${S_BASELINE}\""),
];

/// The tables of a configuration: where each is in the text, and a key that it does not know.
pub const TABLES: &[(&str, &str, &str)] = &[
    ("", "", "qqqq = 1\n"),
    ("api", "[backend.store]", "qqqq = 1\n[backend.store]"),
    ("api.process", "dir =", "qqqq = 1, dir ="),
    ("backend.store", "ready = {", "qqqq = 1\nready = {"),
    (
        "backend.store.docker",
        "process = { command = [\"python3\", \"${S_FOLDER}",
        "docker = { qqqq = 1 }\n#",
    ),
    (
        "backend.store.command",
        "process = { command = [\"python3\", \"${S_FOLDER}",
        "command = { qqqq = 1 }\n#",
    ),
    ("backend.store.ready", "ready = {", "ready = { qqqq = 1,"),
    ("request", "path = \"/y\"", "path = \"/y\"\nqqqq = 1"),
    ("request.expect", "echo =", "qqqq = 1, echo ="),
    ("request.job", "poll =", "qqqq = 1, poll ="),
    ("limits", "answer =", "qqqq = 1\nanswer ="),
    ("log", "detected =", "qqqq = 1\ndetected ="),
    ("generator", "faults =", "qqqq = 1\nfaults ="),
    ("load", "[trial]", "[load]\nqqqq = 1\n[trial]"),
    ("trial", "settle =", "qqqq = 1\nsettle ="),
    ("trace", "[trial]", "[trace]\nqqqq = 1\n[trial]"),
];

/// Keys without a text: numbers, times, and tables that are looked at by themselves.
pub const WITHOUT_TEXT: &[&str] = &[
    "allow-remote",
    "api.docker",
    "api.command",
    "api.process.command",
    "backend.store.ready.every",
    "backend.store.ready.timeout",
    "backend.store.command.timeout",
    "backend.store.faults",
    "backend.store.exactly-once",
    "request.weight",
    "request.expect.status",
    "load",
    "load.in-flight",
    "load.requests",
    "load.rate",
    "trace",
    "trace.max-bytes",
    "trace.max-run-bytes",
    "trace.max-text-bytes",
];

/// The values of the variables. All but a few look alike.
pub fn value(name: &str) -> Option<String> {
    Some(match name {
        "S_ODD" => "o\"d'd\\ é&<%41>+ /🦀?".to_owned(),
        "S_LINES" => "first line of 3!\n  \"second\": 'line'\nthird-line\n".to_owned(),
        // Neither is a secret by its looks, so only what reads APIs and logs takes it out.
        "S_WEAK" => "qzxvkw".to_owned(),
        "S_SHORT" => "q7z".to_owned(),
        _ => {
            let name = name.strip_prefix("S_")?.to_lowercase();
            format!("Sx-{name}-4711")
        }
    })
}

/// The variables that a text names.
pub fn variables(text: &str) -> BTreeSet<String> {
    let named = regex::Regex::new(r"\$\{(S_[A-Z]+)\}").unwrap();
    named
        .captures_iter(text)
        .map(|name| name[1].to_owned())
        .collect()
}
