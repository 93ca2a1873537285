//! A small HTTP server, made of the standard library alone: it is also built into an image.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// The beginning of the argument that says how many microseconds an answer takes.
pub const TAKES: &str = "takes-us=";

/// Serves for ever, at the first of these addresses. With a second one it asks the backend there
/// before it answers; with a time instead ([`TAKES`]) it takes so long.
///
/// # Errors
/// When it cannot listen.
pub fn serve(mut addresses: impl Iterator<Item = String>) -> std::io::Result<()> {
    let listen = addresses.next().unwrap_or_default();
    let second = addresses.next();
    let takes_us = second
        .as_ref()
        .and_then(|second| second.strip_prefix(TAKES));
    let takes = takes_us
        .and_then(|us| us.parse().ok())
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
