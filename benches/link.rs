//! What a plain link costs, beside a direct connection and beside socat in the same run, and how
//! exact its faults are.
//!
//! `cargo bench --bench link` measures all; `-- --brief` only tries whether it works. All sides run
//! in turn (A B C A B C) on loopback, each in processes of their own: the backend is this program
//! again, and the client, with one thread for each connection, is this one. Without socat its
//! column says so.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use anyhow::Context;
use comeback::link::{LinkAddress, LinkControl, LinkReady};
use comeback::model::LinkFault;

/// The first argument of this program when it is to be the backend.
const SERVE: &str = "--serve";

/// A request begins with how many bytes follow; the answer is as long as the request, or one byte.
const PING: usize = 64;
const BULK: usize = 64 << 10;

/// Connections beyond one.
const MANY: usize = 100;

/// What is added in each direction when the precision of `slow` is measured, in ms.
const LATENCY_MS: u64 = 10;

/// A child that ends with the benchmark.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A way to the backend.
struct Side {
    name: &'static str,
    address: String,
    process: Option<Running>,
}

/// How much is measured.
#[derive(Clone, Copy)]
struct Effort {
    repeats: usize,
    pings: usize,
    bulk_mib: usize,
}

fn main() -> anyhow::Result<()> {
    if env::args().nth(1).as_deref() == Some(SERVE) {
        return serve();
    }
    let effort = match env::args().any(|argument| argument == "--brief") {
        true => Effort {
            repeats: 1,
            pings: 200,
            bulk_mib: 16,
        },
        false => Effort {
            repeats: 7,
            pings: 4_000,
            bulk_mib: 512,
        },
    };
    let (_backend, backend) = start_backend()?;
    let (link, ready) = start_link(&backend)?;
    let mut sides = vec![
        Side {
            name: "direct",
            address: backend.clone(),
            process: None,
        },
        Side {
            name: "link",
            address: ready.paths[0].listen.clone(),
            process: Some(link),
        },
    ];
    match start_socat(&backend)? {
        Some(socat) => sides.push(socat),
        None => println!("socat: skipped, it is not installed"),
    }
    println!("load {}\n", load()?);
    costs(effort, &sides)?;
    let control = ready.control.context("the link has no control port")?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(precision(effort, &sides[1].address, &control))?;
    drop(sides.into_iter().map(|side| side.process));
    Ok(())
}

/// The table of what each side costs.
fn costs(effort: Effort, sides: &[Side]) -> anyhow::Result<()> {
    println!("| | {} |", names(sides).join(" | "));
    println!("|---|{}", "---|".repeat(sides.len()));
    for connections in [1, MANY] {
        let mut latencies = vec![Vec::new(); sides.len()];
        let mut rates = vec![Vec::new(); sides.len()];
        for _ in 0..effort.repeats {
            for (nth, side) in sides.iter().enumerate() {
                let (mut took, rate) = ping(&side.address, connections, effort.pings)?;
                latencies[nth].append(&mut took);
                rates[nth].push(rate);
            }
        }
        for latencies in &mut latencies {
            latencies.sort_by(f64::total_cmp);
        }
        for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
            let cells = latencies.iter().map(|sorted| {
                let (own, direct) = (at(sorted, share), at(&latencies[0], share));
                format!("{own:.0} µs ({:+.0})", own - direct)
            });
            row(&format!("{connections} connections, latency {name}"), cells);
        }
        let cells = rates.iter_mut().map(|rates| median(rates));
        row(
            &format!("{connections} connections, requests per second"),
            cells.map(|rate| format!("{rate:.0}")),
        );
        let mut bulks = vec![Vec::new(); sides.len()];
        for _ in 0..effort.repeats {
            for (nth, side) in sides.iter().enumerate() {
                let mib = effort.bulk_mib;
                bulks[nth].push(throughput(&side.address, connections, mib)?);
            }
        }
        let medians: Vec<f64> = bulks.iter_mut().map(|bulks| median(bulks)).collect();
        let cells = medians
            .iter()
            .map(|own| format!("{own:.0} MiB/s ({:.2})", own / medians[0]));
        row(&format!("{connections} connections, throughput"), cells);
    }
    Ok(())
}

/// How exact `slow` is, and how soon `black-hole` takes effect.
async fn precision(effort: Effort, listen: &str, control: &str) -> anyhow::Result<()> {
    let address: LinkAddress = control.parse()?;
    let (control, _sights) = LinkControl::connect(&address, Duration::from_secs(5)).await?;
    let mut plain = connect(listen)?;
    let mut plainly = timed(effort.pings / 10, || exchange(&mut plain, PING, true))?;
    let fault = LinkFault::Slow {
        latency_ms: LATENCY_MS,
        rate_kib_s: None,
    };
    control.fault(fault).await?;
    let slowly = timed(effort.pings / 10, || exchange(&mut plain, PING, true))?;
    control.lift().await?;
    let plainly = median(&mut plainly);
    let said = 2.0 * LATENCY_MS as f64 * 1000.0;
    let mut errors: Vec<f64> = slowly.iter().map(|took| took - said - plainly).collect();
    errors.sort_by(f64::total_cmp);
    println!(
        "\n`slow` by {LATENCY_MS} ms each way: a reply is late by {:.0} µs (p50), {:.0} µs (p99), {:.0} µs (most), and early by {:.0} µs at most",
        at(&errors, 0.5),
        at(&errors, 0.99),
        at(&errors, 1.0),
        -at(&errors, 0.0).min(0.0),
    );
    for connections in [1, MANY] {
        let streams = (0..connections).map(|_| connect(listen));
        let _open: Vec<TcpStream> = streams.collect::<anyhow::Result<_>>()?;
        let mut took = Vec::new();
        for _ in 0..effort.pings / 20 {
            let start = Instant::now();
            control.fault(LinkFault::BlackHole).await?;
            took.push(start.elapsed().as_secs_f64() * 1e6);
            control.lift().await?;
        }
        took.sort_by(f64::total_cmp);
        println!(
            "`black-hole` with {connections} connections: nothing passes {:.0} µs (p50), {:.0} µs (p99), {:.0} µs (most) after the decision",
            at(&took, 0.5),
            at(&took, 0.99),
            at(&took, 1.0),
        );
    }
    Ok(())
}

/// Sends requests one after the other on each connection: each one's time in µs, and how many were
/// answered per second.
fn ping(address: &str, connections: usize, pings: usize) -> anyhow::Result<(Vec<f64>, f64)> {
    let each = (pings / connections).max(10) * if connections > 1 { 4 } else { 1 };
    let streams = (0..connections).map(|_| connect(address));
    let streams: Vec<TcpStream> = streams.collect::<anyhow::Result<_>>()?;
    let start = Instant::now();
    let threads = streams
        .into_iter()
        .map(|mut stream| thread::spawn(move || timed(each, || exchange(&mut stream, PING, true))));
    let mut took = Vec::new();
    for thread in Vec::from_iter(threads) {
        let of_one = thread.join().map_err(|_| anyhow::anyhow!("it panicked"))?;
        took.extend(of_one?);
    }
    let rate = took.len() as f64 / start.elapsed().as_secs_f64();
    Ok((took, rate))
}

/// MiB per second, over all connections.
fn throughput(address: &str, connections: usize, mib: usize) -> anyhow::Result<f64> {
    let bytes = (mib << 20) / connections;
    let streams = (0..connections).map(|_| connect(address));
    let streams: Vec<TcpStream> = streams.collect::<anyhow::Result<_>>()?;
    let start = Instant::now();
    let threads = streams
        .into_iter()
        .map(|mut stream| thread::spawn(move || exchange(&mut stream, bytes, false)));
    for thread in Vec::from_iter(threads) {
        thread
            .join()
            .map_err(|_| anyhow::anyhow!("it panicked"))??;
    }
    Ok(mib as f64 / start.elapsed().as_secs_f64())
}

/// How long each took, in µs.
fn timed(count: usize, mut act: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<Vec<f64>> {
    let mut took = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        act()?;
        took.push(start.elapsed().as_secs_f64() * 1e6);
    }
    Ok(took)
}

fn connect(address: &str) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    // What is measured begins when the whole path exists.
    exchange(&mut stream, PING, true)?;
    Ok(stream)
}

/// Sends so many bytes, and waits for the answer.
fn exchange(stream: &mut TcpStream, bytes: usize, is_echo: bool) -> anyhow::Result<()> {
    let buffer = [is_echo as u8; BULK];
    let mut head = [0; PING];
    head[..8].copy_from_slice(&(bytes as u64).to_le_bytes());
    head[8] = is_echo.into();
    stream.write_all(&head)?;
    let mut left = bytes - PING;
    while left > 0 {
        let part = left.min(BULK);
        stream.write_all(&buffer[..part])?;
        left -= part;
    }
    let mut answer = [0; PING];
    stream.read_exact(&mut answer)?;
    Ok(())
}

/// The backend: reads each request to its end and answers.
fn serve() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    for stream in listener.incoming() {
        let mut stream = stream?;
        thread::spawn(move || -> anyhow::Result<()> {
            stream.set_nodelay(true)?;
            let mut buffer = vec![0; 4 * BULK];
            loop {
                let mut head = [0; PING];
                stream.read_exact(&mut head)?;
                let [a, b, c, d, e, f, g, h, ..] = head;
                let bytes = u64::from_le_bytes([a, b, c, d, e, f, g, h]) as usize;
                let mut left = bytes - PING;
                while left > 0 {
                    let part = left.min(buffer.len());
                    left -= match stream.read(&mut buffer[..part])? {
                        0 => anyhow::bail!("cut off"),
                        count => count,
                    };
                }
                stream.write_all(&head)?;
            }
        });
    }
    Ok(())
}

/// Starts a program and reads the first line that it says.
fn start(mut command: Command) -> anyhow::Result<(Running, String)> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let said = child.stdout.take().context("no standard output")?;
    let mut line = String::new();
    BufReader::new(said).read_line(&mut line)?;
    Ok((Running(child), line.trim().to_owned()))
}

fn start_backend() -> anyhow::Result<(Running, String)> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(SERVE);
    start(command)
}

fn start_link(backend: &str) -> anyhow::Result<(Running, LinkReady)> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_comeback"));
    command.args(["link", "--listen=127.0.0.1:0", "--control=127.0.0.1:0"]);
    command.arg(format!("--to={backend}"));
    let (link, line) = start(command)?;
    Ok((link, serde_json::from_str(&line)?))
}

/// socat, if there is one.
fn start_socat(backend: &str) -> anyhow::Result<Option<Side>> {
    let free = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut command = Command::new("socat");
    command.args([
        "-b262144".to_owned(),
        format!(
            "TCP-LISTEN:{},bind=127.0.0.1,fork,reuseaddr,nodelay,backlog=1024",
            free.port()
        ),
        format!("TCP:{backend},nodelay"),
    ]);
    let Ok(child) = command.spawn() else {
        return Ok(None);
    };
    let process = Some(Running(child));
    while TcpStream::connect(free).is_err() {
        thread::yield_now();
    }
    Ok(Some(Side {
        name: "socat",
        address: free.to_string(),
        process,
    }))
}

fn names(sides: &[Side]) -> Vec<&'static str> {
    sides.iter().map(|side| side.name).collect()
}

fn row(name: &str, cells: impl Iterator<Item = String>) {
    println!("| {name} | {} |", Vec::from_iter(cells).join(" | "));
}

/// The value below which this share of sorted values lies.
fn at(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let place = (last as f64 * share).round() as usize;
    sorted.get(place).copied().unwrap_or(f64::NAN)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    at(values, 0.5)
}

/// How many tasks ran or waited on this machine in the last minute.
fn load() -> anyhow::Result<String> {
    let load = fs::read_to_string("/proc/loadavg")?;
    Ok(load.split(' ').next().unwrap_or("?").to_owned())
}
