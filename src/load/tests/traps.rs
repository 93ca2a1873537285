//! Tests of both transports over real sockets: an exchange is one attempt, and its result is
//! reported unchanged.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::load::{
    ExchangeError, HttpAnswer, HttpRequest, LoadError, MAX_BODY_BYTES, Pooled, Transport, Unpooled,
};
use crate::model::UnknownReason;

const GREETING: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";

/// A server on its own thread, so that it runs while the client's runtime is blocked.
struct Server {
    url: String,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// Passes every connection to `serve`, one after the other.
    fn new(mut serve: impl FnMut(TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                serve(stream);
            }
        });
        Server { url, connections }
    }

    /// Responds to the first request of every connection with these bytes, then closes it.
    fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Server::new(move |mut stream| {
            if read_request(&mut stream).is_some() {
                // The client may be gone already.
                let _ = stream.write_all(&answer);
            }
        })
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Reads a request's head and body; `None` at the end of the stream.
fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut text = String::new();
    let mut body = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(length) = line.to_lowercase().strip_prefix("content-length:") {
            body = length.trim().parse().unwrap();
        }
        text.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut rest = vec![0; body];
    reader.read_exact(&mut rest).ok()?;
    Some(text + &String::from_utf8(rest).unwrap())
}

fn transports(url: &str) -> [(&'static str, Box<dyn Transport>); 2] {
    [
        ("fresh", Box::new(Unpooled::new(url, None).unwrap())),
        ("pooled", Box::new(Pooled::new(url, None).unwrap())),
    ]
}

fn unanswered(result: Result<HttpAnswer, ExchangeError>) -> Option<UnknownReason> {
    match result {
        Err(ExchangeError::Unanswered { reason, .. }) => Some(reason),
        Err(ExchangeError::Harness { .. }) => None,
        Ok(answer) => panic!("there should be no answer: {answer:?}"),
    }
}

#[tokio::test]
async fn a_broken_exchange_is_attempted_once() {
    for mode in 0..2 {
        let closing = Server::new(drop);
        let deaf = Server::new(|mut stream| drop(read_request(&mut stream)));
        for server in [closing, deaf] {
            let (name, transport) = &transports(&server.url)[mode];
            for exchanges in 1..=5 {
                let result = transport.exchange(HttpRequest::get("/")).await;
                assert_eq!(unanswered(result), Some(UnknownReason::Reset), "{name}");
                assert_eq!(server.connections(), exchanges, "{name}");
            }
        }
    }
}

#[tokio::test]
async fn connections_are_kept_only_if_asked_for() {
    for (mode, expected) in [(0, 3), (1, 1)] {
        // One thread per connection, because the server cannot know which one the client will use.
        let server = Server::new(|mut stream| {
            thread::spawn(move || {
                while read_request(&mut stream).is_some() {
                    stream.write_all(GREETING.as_bytes()).unwrap();
                }
            });
        });
        let (name, transport) = &transports(&server.url)[mode];
        for _ in 0..3 {
            transport.exchange(HttpRequest::get("/")).await.unwrap();
        }
        assert_eq!(server.connections(), expected, "{name}");
    }
}

/// The trap: the server has closed the kept connection, and the client uses it for the next request
/// before it has noticed. A client that retries would make a second connection and succeed.
#[tokio::test]
async fn a_stale_connection_is_not_covered_up() {
    let (close, closing) = mpsc::channel::<()>();
    let (closed, wait_closed) = mpsc::channel();
    let server = Server::new(move |mut stream| {
        read_request(&mut stream);
        stream.write_all(GREETING.as_bytes()).unwrap();
        closing.recv().unwrap();
        drop(stream);
        closed.send(()).unwrap();
    });
    let transport = Pooled::new(&server.url, None).unwrap();
    transport.exchange(HttpRequest::get("/1")).await.unwrap();
    close.send(()).unwrap();
    // Blocks the runtime on purpose, so that its connection task does not see the end of the stream
    // yet. The yield lets the runtime notice it, but the exchange below is polled before that task.
    wait_closed.recv().unwrap();
    tokio::task::yield_now().await;
    let result = transport.exchange(HttpRequest::get("/2")).await;
    assert_eq!(unanswered(result), Some(UnknownReason::Reset));
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let server = Server::answering(
        "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    );
    for (before, (name, transport)) in transports(&server.url).iter().enumerate() {
        let answer = transport.exchange(HttpRequest::get("/")).await.unwrap();
        assert_eq!(answer.status, 302, "{name}");
        assert_eq!(server.connections(), before + 1, "{name}");
    }
}

#[test]
fn proxy_variables_are_not_followed() {
    // Environment variables can be set safely only for another process, so this runs a test above
    // in one.
    let result = Command::new(std::env::current_exe().unwrap())
        .args(["load::tests::traps::a_redirect_is_an_answer", "--exact"])
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env("HTTP_PROXY", "http://127.0.0.1:1")
        .env("http_proxy", "http://127.0.0.1:1")
        .env("ALL_PROXY", "http://127.0.0.1:1")
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&result.stdout);
    assert!(result.status.success(), "{output}");
    assert!(output.contains("1 passed"), "{output}");
}

#[tokio::test]
async fn what_goes_wrong_is_told_apart() {
    let cases = [
        ("no HTTP at all\r\n\r\n", UnknownReason::Garbled),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
            UnknownReason::Reset,
        ),
        ("HTTP/1.1 200 OK\r\ncontent-le", UnknownReason::Reset),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhi\r\n",
            UnknownReason::Garbled,
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhalf",
            UnknownReason::Reset,
        ),
    ];
    for (answer, reason) in cases {
        let server = Server::answering(answer);
        for (name, transport) in transports(&server.url) {
            let result = transport.exchange(HttpRequest::get("/")).await;
            assert_eq!(unanswered(result), Some(reason), "{name}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn nobody_listening_is_told_from_the_harness_s_own_errors() {
    // An unused port below the ephemeral range, so that the client's own end cannot be it.
    let refused = "http://127.0.0.1:1".to_owned();
    // Too long for a host name, so no resolver is needed.
    let nowhere = format!("http://{}.invalid", "a".repeat(70));
    let plain = Server::new(|mut stream| {
        stream.write_all(GREETING.as_bytes()).unwrap();
        // If closed earlier, the response might not reach the client.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let not_tls = plain.url.replace("http:", "https:");
    for (url, expected) in [
        (refused, Some(UnknownReason::Refused)),
        (nowhere, None),
        (not_tls, Some(UnknownReason::Garbled)),
    ] {
        for (name, transport) in transports(&url) {
            let result = transport.exchange(HttpRequest::get("/")).await;
            // The message is written to the trace, which must contain no address.
            assert!(!format!("{result:?}").contains("//"), "{name} {result:?}");
            assert_eq!(
                unanswered(result.clone()),
                expected,
                "{name} {url}: {result:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_request_arrives_as_it_is_and_a_long_answer_is_cut() {
    let (seen, requests) = mpsc::channel();
    let server = Server::new(move |mut stream| {
        seen.send(read_request(&mut stream).unwrap()).unwrap();
        let length = 3 * MAX_BODY_BYTES;
        let head = format!("HTTP/1.1 201 Created\r\ncontent-length: {length}\r\n\r\n");
        // The client hangs up before the end.
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(&vec![b'x'; length]);
    });
    for (name, transport) in transports(&format!("{}/base/", server.url)) {
        let mut request = HttpRequest::get("/a b?c=d");
        request.method = hyper::Method::POST;
        request.headers.insert("x-key", "v".parse().unwrap());
        request.body = Some("hello".into());
        let answer = transport.exchange(request).await.unwrap();
        assert_eq!(
            (answer.status, answer.body.len(), answer.is_cut),
            (201, MAX_BODY_BYTES, true),
            "{name}"
        );
        let text = requests.recv().unwrap();
        assert!(
            text.starts_with("POST /base/a%20b?c=d HTTP/1.1\r\n"),
            "{name}: {text}"
        );
        assert!(
            text.contains("x-key: v\r\n") && text.contains("host: 127.0.0.1"),
            "{name}: {text}"
        );
        assert!(text.ends_with("\r\n\r\nhello"), "{name}: {text}");
    }
}

#[test]
fn a_bad_address_is_refused_when_the_transport_is_made() {
    assert!(matches!(
        Unpooled::new("nonsense", None),
        Err(LoadError::Url { .. })
    ));
    assert!(matches!(
        Pooled::new("nonsense", None),
        Err(LoadError::Url { .. })
    ));
}

#[tokio::test]
async fn how_much_of_a_body_is_read_can_be_set_and_what_just_fits_is_whole() {
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nbanana");
    for (max, read, is_cut) in [(5, "banan", true), (6, "banana", false)] {
        let fresh = Unpooled::new(&server.url, None).unwrap().max_body(max);
        let pooled = Pooled::new(&server.url, None).unwrap().max_body(max);
        for transport in [&fresh as &dyn Transport, &pooled] {
            let answer = transport.exchange(HttpRequest::get("/")).await.unwrap();
            assert_eq!((&*answer.body, answer.is_cut), (read.as_bytes(), is_cut));
        }
    }
}

/// hyper skips any number of interim responses without yielding. The pooled transport counts them.
/// reqwest cannot, so with the fresh transport the caller's timeout must still work.
#[tokio::test]
async fn a_flood_of_interim_answers_is_no_answer_and_starves_nobody() {
    let server = Server::new(|mut stream| {
        read_request(&mut stream);
        thread::spawn(move || {
            let flood = "HTTP/1.1 100 Continue\r\n\r\n".repeat(1_000);
            while stream.write_all(flood.as_bytes()).is_ok() {}
        });
    });
    let pooled = Pooled::new(&server.url, None).unwrap();
    let result = pooled.exchange(HttpRequest::get("/")).await;
    assert_eq!(unanswered(result), Some(UnknownReason::Garbled));
    let fresh = Unpooled::new(&server.url, None).unwrap();
    let limit = Duration::from_millis(300);
    let result = tokio::time::timeout(limit, fresh.exchange(HttpRequest::get("/"))).await;
    assert!(result.is_err(), "{result:?}");
    let polite = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(3) + GREETING;
    let server = Server::answering(polite);
    for (name, transport) in transports(&server.url) {
        let answer = transport.exchange(HttpRequest::get("/")).await.unwrap();
        assert_eq!((answer.status, &*answer.body), (200, &b"hi"[..]), "{name}");
    }
}
