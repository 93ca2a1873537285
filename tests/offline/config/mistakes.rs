//! Everything that can be wrong in a configuration.

/// Each mistake's name, and a configuration that makes it: the least one (see `LEAST`) with one text replaced or added.
pub fn of(least: &str) -> Vec<(&'static str, String)> {
    let replaced = [
        (
            "unknown backend to come after",
            "[[request]]",
            "after = [\"cache\"]\n[[request]]",
        ),
        (
            "a backend that waits for itself",
            "[[request]]",
            "after = [\"db\"]\n[[request]]",
        ),
        (
            "backends that wait for each other",
            "[[request]]",
            "after = [\"cache\"]\n[backend.cache]\nprocess = { command = [\"cache\"] }\nready = { tcp = \"127.0.0.1:6002\" }\n\
             after = [\"db\"]\n[[request]]",
        ),
        (
            "an execution whose token cannot be read",
            "[[request]]",
            "executed = \"EXEC\"\n[[request]]",
        ),
        (
            "exactly once of what is not told",
            "[[request]]",
            "exactly-once = true\n[[request]]",
        ),
        (
            "no signal that asks to end",
            "[\"db\"]",
            "[\"db\"], stop-signal = \"KILL\"",
        ),
        (
            "headers of a probe that has none",
            "6001\"",
            "6001\", headers = { a = \"b\" }",
        ),
        ("no TOML", "ready = {", "ready = ="),
        (
            "key twice",
            "[backend.db]",
            "url = \"http://127.0.0.1:1\"\n[backend.db]",
        ),
        ("unknown section", "[api]", "[apii]\n[api]"),
        ("unknown key", "ready =", "redy ="),
        ("unknown key in an inline table", "command", "comand"),
        (
            "unknown key that is like none",
            "path =",
            "body = \"x\"\npath =",
        ),
        ("missing key", "url =", "# url ="),
        ("wrong type", "\"http://127.0.0.1:5001\"", "5001"),
        ("bad duration", "6001\"", "6001\", every = \"5 parsecs\""),
        ("number for a duration", "6001\"", "6001\", every = 5"),
        (
            "number for a limit that is a duration",
            "[[request]]",
            "[limits]\nanswer = 10\n[[request]]",
        ),
        (
            "a range from the larger number down",
            "[[request]]",
            "[generator]\nsteps = [8, 1]\n[[request]]",
        ),
        ("one bracket for a request", "[[request]]", "[request]"),
        (
            "bad pattern of a log line",
            "[[request]]",
            "[log]\ndetected = \"gone\"\nreconnected = \"(\"\n[[request]]",
        ),
        (
            "bad pattern among forbidden log lines",
            "[[request]]",
            "[log]\nforbidden = [\"panic\", \"(\"]\n[[request]]",
        ),
        ("zero duration", "6001\"", "6001\", every = \"0s\""),
        (
            "missing variable",
            "http://127.0.0.1",
            "http://${NO_SUCH_HOST}",
        ),
        ("unclosed variable", "http://127.0.0.1", "http://${HOST"),
        ("value from the environment", "http://127.0.0.1", "${HOST}"),
        ("URL without scheme", "http://", ""),
        ("URL without host", "127.0.0.1:5001", ""),
        ("backend called api", "backend.db", "backend.api"),
        ("backend called baseline", "backend.db", "backend.baseline"),
        ("no driver", "process", "# process"),
        ("no program", "[\"db\"]", "[]"),
        ("two drivers", "ready", "docker = { name = \"db\" }\nready"),
        (
            "two selectors",
            "process = { command = [\"db\"] }",
            "docker = { name = \"db\", compose-project = \"dev\", service = \"db\" }",
        ),
        (
            "half a selector",
            "process = { command = [\"db\"] }",
            "docker = { service = \"db\" }",
        ),
        (
            "two drivers, one of them commands",
            "ready",
            "command = { start = [\"up\"], kill = [\"down\"], status = [\"is-up\"] }\nready",
        ),
        (
            "commands that end nothing",
            "process = { command = [\"db\"] }",
            "command = { start = [\"up\"], status = [\"is-up\"] }",
        ),
        (
            "commands without a program",
            "process = { command = [\"db\"] }",
            "command = { start = [\"up\"], kill = [], status = [\"is-up\"] }",
        ),
        (
            "a fault without a command",
            "process = { command = [\"db\"] }",
            "command = { start = [\"up\"], kill = [\"down\"], status = [\"is-up\"] }\nfaults = [\"kill\", \"stop\"]",
        ),
        ("no probe", "tcp = \"127.0.0.1:6001\"", ""),
        ("two probes", "6001\"", "6001\", exec = [\"true\"]"),
        ("address without port", ":6001", ""),
        (
            "bad pattern",
            "tcp = \"127.0.0.1:6001\"",
            "log = \"(ready\"",
        ),
        (
            "unknown fault",
            "ready =",
            "faults = [\"stop\", \"kil\"]\nready =",
        ),
        ("no fault", "ready =", "faults = []\nready ="),
        (
            "a fault of a link that there is not",
            "ready =",
            "faults = [\"kill\", \"half-open\"]\nready =",
        ),
        (
            "a link that leads nowhere",
            "ready =",
            "link = { listen = \"127.0.0.1:6002\" }\nready =",
        ),
        (
            "a link to itself",
            "ready =",
            "link = { listen = \"[::1]:6002\", to = \"[::1]:6002\" }\nready =",
        ),
        (
            "a link that is started and runs already",
            "ready =",
            "link = { listen = \"127.0.0.1:6002\", control = \"127.0.0.1:6003\" }\nready =",
        ),
        (
            "a link of several paths, one of them without an address",
            "ready =",
            "link = [{ listen = \"127.0.0.1:6002\", to = \"unix:/run/db\" }, { listen = \"db\", to = \"db:1\" }]\nready =",
        ),
        ("no link at all", "ready =", "link = []\nready ="),
        ("a link of another type", "ready =", "link = 6002\nready ="),
        (
            "cut without a network",
            "ready =",
            "faults = [\"cut\"]\nready =",
        ),
        ("path without slash", "\"/read\"", "\"read\""),
        ("bad method", "path", "method = \"GET IT\"\npath"),
        (
            "bad header",
            "path",
            "headers = { \"x api\" = \"1\" }\npath",
        ),
        (
            "line break in a header",
            "path",
            "headers = { \"x-api-key\" = \"${BROKEN}\" }\npath",
        ),
        (
            "two requests of one name",
            "[[request]]",
            "[[request]]\npath = \"/read\"\n[[request]]",
        ),
        ("no request that is drawn", "path", "weight = 0\npath"),
        (
            "bad pointer",
            "path",
            "expect = { echo = \"meta.token\" }\npath",
        ),
        (
            "a pattern that is none",
            "path",
            "expect = { regex = \"up [01\" }\npath",
        ),
        (
            "an expected value that is not drawn",
            "path",
            "expect = { json = { \"/name.first\" = \"{pick}\" } }\npath",
        ),
        (
            "an expected value that may be any of several",
            "\"/read\"",
            "\"/read/{pick:a|b}/{pick:c|d}\"\nexpect = { text = \"{pick}\" }",
        ),
        (
            "an expected header that no header can be",
            "path",
            "expect = { headers = { \"x api\" = \"1\" } }\npath",
        ),
        (
            "line break in an expected header",
            "path",
            "expect = { headers = { \"x-api\" = \"${BROKEN}\" } }\npath",
        ),
        (
            "braces in an expected text",
            "path",
            "expect = { text = 'up{db=\"x\"} 1' }\npath",
        ),
        ("unknown placeholder", "\"/read\"", "\"/read/{tokn}\""),
        (
            "a request that follows none",
            "\"/read\"",
            "\"/read/{after.token}\"",
        ),
        (
            "unknown request to follow",
            "path",
            "after = \"create\"\npath",
        ),
        (
            "a request that follows itself",
            "path",
            "after = \"GET /read\"\npath",
        ),
        (
            "unknown key of expect",
            "path",
            "expect = { stats = 200 }\npath",
        ),
    ];
    let job = "job = { id = \"/id\", poll = \"/response\", state = \"/status\", done = [], failed = [\"ERROR\"] }";
    let appended = [
        ("poll without id", job.replace("[]", "[\"DONE\"]")),
        (
            "no state of success",
            job.replace("/response", "/response/{id}"),
        ),
        (
            "end among the states on the way",
            "job = { id = \"/id\", poll = \"/response/{id}\", state = \"/status\", done = [\"DONE\"], failed = [\"ERROR\"], states = [\"RUNNING\", \"ERROR\"] }".to_owned(),
        ),
        ("incomplete job", "job = { id = \"/id\" }".to_owned()),
        ("unknown limit", "[limits]\nrecover = \"90s\"".to_owned()),
        ("bad limit", "[limits]\nrecovery = 90".to_owned()),
        ("bad share", "[limits]\ncpu = 0.9".to_owned()),
        (
            "bad number of failures",
            "[limits]\nfailures = -1".to_owned(),
        ),
        (
            "inverted outages",
            "[generator]\nmin-outage = \"2s\"\nmax-outage = \"1s\"".to_owned(),
        ),
        ("inverted steps", "[generator]\nsteps = [5, 2]".to_owned()),
        (
            "range of three",
            "[generator]\nsteps = [1, 2, 3]".to_owned(),
        ),
        ("no rate", "[generator]\nrate = [0, 2]".to_owned()),
        ("no share", "[generator]\nbackground = 50".to_owned()),
        (
            "bad log anchor",
            "[generator]\nlog-anchors = [\"fine\", \"[\"]".to_owned(),
        ),
        (
            "unknown connections",
            "[load]\nconnections = \"pool\"".to_owned(),
        ),
        ("nothing in flight", "[load]\nin-flight = 0".to_owned()),
        (
            "unknown reset policy",
            "[trial]\nreset = \"sometimes\"".to_owned(),
        ),
    ];

    let (api, rest) = least.split_once("[backend.db]").unwrap();
    let (backend, request) = rest.split_once("[[request]]").unwrap();
    let mut mistakes = vec![
        ("nothing", String::new()),
        ("no backend", format!("{api}[[request]]{request}")),
        ("no request", format!("{api}[backend.db]{backend}")),
    ];
    let docker = "docker = { compose-project = \"shop\", service = \"db\" }";
    let in_docker = least.replacen("process = { command = [\"db\"] }", docker, 1);
    mistakes.extend([
        ("copies of no project", format!("instances = [\"shop2\"]\n{least}")),
        ("a copy twice", format!("instances = [\"shop2\", \"shop2\"]\n{in_docker}")),
        (
            "copies of two projects",
            format!("instances = [\"shop2\"]\n{in_docker}[backend.cache]\n{}\nready = {{ exec = [\"ok\"] }}\n", docker.replace("shop", "cache")),
        ),
    ]);
    for (mistake, right, wrong) in replaced {
        assert!(least.contains(right), "{mistake}");
        mistakes.push((mistake, least.replacen(right, wrong, 1)));
    }
    for (mistake, wrong) in appended {
        mistakes.push((mistake, format!("{least}{wrong}\n")));
    }
    mistakes
}
