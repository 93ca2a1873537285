//! The program inside the tests' containers. Its arguments are done one after the other.
//!
//! Process 1 of a container ignores SIGTERM unless it handles it, so this program is deaf until `obey`.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;
use std::{env, fs, process, thread};

const SIGTERM: i32 = 15;

unsafe extern "C" {
    fn signal(number: i32, handler: extern "C" fn(i32)) -> usize;
}

extern "C" fn leave(_signal: i32) {
    // It takes its time, so that a kill without a grace would come first.
    thread::sleep(Duration::from_millis(700));
    process::exit(7);
}

fn main() {
    let mut words = env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || {
            words
                .next()
                .and_then(|n| n.parse::<u64>().ok())
                .expect("a number")
        };
        match word.as_str() {
            // From now on, SIGTERM ends it with 7, after a moment.
            "obey" => {
                unsafe { signal(SIGTERM, leave) };
            }
            // Counts its starts in a file, and says much at once on both outputs.
            "request_log" => request_log(number()),
            // One line of so many bytes.
            "line" => println!("{}", "x".repeat(number() as usize)),
            "say" => println!("{}", words.next().expect("a text")),
            // Takes memory until the kernel objects, or until it is clear that it never will.
            "hog" => {
                let hoard: Vec<Vec<u8>> = (0..256).map(|_| vec![1; 1 << 20]).collect();
                println!("{}", hoard.len());
            }
            // Gives back to each client what it says, at this port.
            "echo" => echo(number()),
            // Talks to the one at an address until that hangs up, and says whenever it is answered otherwise than before.
            "talk" => talk(&words.next().expect("an address")),
            "exit" => process::exit(number() as i32),
            "wait" => loop {
                thread::sleep(Duration::from_secs(60));
            },
            other => panic!("unknown word {other}"),
        }
    }
}

fn request_log(lines: u64) {
    let mut starts = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open("/starts")
        .expect("a file");
    starts.write_all(b".").expect("a disk");
    let start = fs::metadata("/starts").expect("a file").len();
    for line in 0..lines {
        println!("start {start} line {line}");
        if line % 10 == 0 {
            eprintln!("start {start} aside {line}");
        }
    }
    println!("start {start} done");
}

fn echo(port: u64) {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port as u16)).expect("a port");
    for client in listener.incoming() {
        let mut from = client.expect("a client");
        let mut to = from.try_clone().expect("a descriptor");
        thread::spawn(move || std::io::copy(&mut from, &mut to));
    }
}

fn talk(address: &str) {
    let mut stream = loop {
        match TcpStream::connect(address) {
            Ok(stream) => break stream,
            Err(_) => thread::sleep(Duration::from_millis(50)),
        }
    };
    stream
        .set_read_timeout(Some(Duration::from_secs(2)))
        .expect("a time");
    let mut before = "";
    while before != "ended" {
        let heard = stream.write(b"?").and_then(|_| stream.read(&mut [0]));
        let now = match heard {
            Ok(1) => "answered",
            Err(error) if error.kind() == ErrorKind::WouldBlock => "silent",
            _ => "ended",
        };
        if now != before {
            println!("{now}");
            before = now;
        }
        thread::sleep(Duration::from_millis(20));
    }
}
