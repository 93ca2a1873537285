//! How much memory `comeback send` takes after ten million requests.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::Effort;
use crate::load::{self, Server};

const SENDERS: u32 = 32;

pub fn measure(effort: Effort) -> anyhow::Result<()> {
    let server = Server::start()?;
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("comeback.toml");
    let url = load::url();
    fs::write(
        &config,
        format!(
            "[api]\nurl = \"{url}\"\n\
             [backend.db]\ncommand = {{ start = [\"true\"], stop = [\"true\"], status = [\"true\"] }}\n\
             ready = {{ http = \"{url}/ready\" }}\n\
             [[request]]\nname = \"ask\"\npath = \"/ask\"\n\
             [load]\nconnections = \"pooled\"\nrequests = 100000000\nrate = 100000\n"
        ),
    )?;
    let requests: u64 = if effort.brief { 20_000 } else { 10_000_000 };
    let mut send = Command::new(env!("CARGO_BIN_EXE_comeback"))
        .args(["send", "--quiet", "--format", "json", "--config"])
        .arg(&config)
        .args(["--count", &requests.to_string()])
        .args(["--workers", &SENDERS.to_string()])
        .stdout(Stdio::piped())
        .spawn()?;
    let kib = memory_kib(&mut send)?;
    let output = send.wait_with_output()?;
    ensure!(output.status.success(), "send ended with {}", output.status);
    drop(server);
    println!("| of its requests | memory of `send` |\n|---|---|");
    for tenths in [1, 2, 5, 10] {
        let at = kib[(kib.len() - 1) * tenths / 10];
        println!("| {}0 % of {requests} | {at} KiB |", tenths);
    }
    let most = kib.iter().max().copied().unwrap_or(0);
    println!("| the most | {most} KiB |");
    Ok(())
}

/// The memory of a process, again and again until it ends, in KiB.
fn memory_kib(process: &mut Child) -> anyhow::Result<Vec<u64>> {
    let mut kib = Vec::new();
    while process.try_wait()?.is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        // One that has just ended has none.
        if let Some(figure) = line.and_then(|line| line.split_whitespace().next()) {
            kib.push(figure.parse().context("VmRSS is no number")?);
        }
        thread::sleep(Duration::from_millis(20));
    }
    ensure!(!kib.is_empty(), "it ended at once");
    Ok(kib)
}
