//! The services that are measured: this program again, as a backend and as an API that asks it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, thread};

use anyhow::ensure;

use crate::server;

/// The first argument of this program when it is to be a service.
const SERVE: &str = "--serve";

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
    command.push(format!("{}{}", server::TAKES, takes.as_micros()));
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
    Ok(server::serve(env::args().skip(2))?)
}

/// Sends an API one request.
///
/// # Errors
/// When the answer is no success, or there is none.
pub fn ask(api: &str) -> anyhow::Result<()> {
    let mut connection = TcpStream::connect(api)?;
    connection.write_all(b"GET /ask HTTP/1.1\r\nhost: api\r\n\r\n")?;
    let mut answer = [0; 1_024];
    let read = connection.read(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer[..read]);
    ensure!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    Ok(())
}
