//! The services that are measured: this program again, as a backend and as an API that asks it.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, thread};

/// The first argument of this program when it is to be a service.
const SERVE: &str = "--serve";

/// The beginning of the argument that says how many microseconds an answer takes.
const TAKES: &str = "takes-us=";

/// Whether this program was started as a service.
pub fn is_asked() -> bool {
    env::args().nth(1).is_some_and(|first| first == SERVE)
}

/// The command of a service that listens at an address. With a second address it asks the backend
/// there before it answers.
pub fn command(listen: &str, backend: Option<&str>) -> Vec<String> {
    let program = env::current_exe().map(|path| path.display().to_string());
    let mut command = vec![
        program.unwrap_or_default(),
        SERVE.to_owned(),
        listen.to_owned(),
    ];
    command.extend(backend.map(str::to_owned));
    command
}

/// The command of a service that takes a while for each answer.
pub fn slow_command(listen: &str, takes: Duration) -> Vec<String> {
    let mut command = command(listen, None);
    command.push(format!("{TAKES}{}", takes.as_micros()));
    command
}

/// Starts a service, and waits until it accepts connections.
///
/// # Errors
/// When it cannot be started.
pub fn start(command: &[String]) -> anyhow::Result<Child> {
    let child = Command::new(&command[0])
        .args(&command[1..])
        .stdout(Stdio::null())
        .spawn()?;
    while TcpStream::connect(&command[2]).is_err() {
        thread::yield_now();
    }
    Ok(child)
}

/// Serves for ever.
///
/// # Errors
/// When it cannot listen.
pub fn serve() -> anyhow::Result<()> {
    let mut arguments = env::args().skip(2);
    let listen = arguments.next().unwrap_or_default();
    let second = arguments.next();
    let takes_us = second
        .as_ref()
        .and_then(|second| second.strip_prefix(TAKES));
    let takes = takes_us
        .map(str::parse)
        .transpose()?
        .map(Duration::from_micros);
    let backend = second.filter(|_| takes.is_none());
    for connection in TcpListener::bind(listen)?.incoming().flatten() {
        let backend = backend.clone();
        thread::spawn(move || answer(connection, backend.as_deref(), takes));
    }
    Ok(())
}

/// Answers the requests of one connection until it is closed.
fn answer(
    connection: TcpStream,
    backend: Option<&str>,
    takes: Option<Duration>,
) -> std::io::Result<()> {
    connection.set_nodelay(true)?;
    let mut out = connection.try_clone()?;
    let mut lines = BufReader::new(connection);
    let mut line = String::new();
    loop {
        let mut length = 0;
        loop {
            line.clear();
            if lines.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let header = line.trim_end().to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if header.is_empty() {
                break;
            }
        }
        std::io::copy(
            &mut std::io::Read::take(&mut lines, length),
            &mut std::io::sink(),
        )?;
        if let Some(takes) = takes {
            // A sleep would take 50 µs longer.
            let began = Instant::now();
            while began.elapsed() < takes {
                std::hint::spin_loop();
            }
        }
        let is_up = backend.is_none_or(|backend| TcpStream::connect(backend).is_ok());
        let (status, body) = match is_up {
            true => ("200 OK", "{\"status\":\"ok\"}"),
            false => ("503 Service Unavailable", "{\"error\":\"backend lost\"}"),
        };
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        out.write_all(answer.as_bytes())?;
    }
}
