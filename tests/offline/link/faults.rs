//! What each fault does, and that it ends.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use comeback::model::{Direction, LinkFault};
use rustix::net::sockopt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::path::{KINDS, Kind, LONG, Path, SILENCE, Stream, echoed, is_over, is_silent};

async fn read(stream: &mut Stream, most: usize) -> Vec<u8> {
    let mut bytes = vec![0; most];
    let count = timeout(LONG, stream.read(&mut bytes)).await.unwrap();
    bytes.truncate(count.unwrap());
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn refuse_refuses_new_connections_and_old_ones_live() {
    for kind in KINDS {
        let path = Path::new(kind).await;
        let mut old = path.connected().await;
        for _ in 0..3 {
            path.control.fault(LinkFault::Refuse).await.unwrap();
            let refused = path.dial().await.err().map(|error| error.kind());
            assert_eq!(refused, Some(ErrorKind::ConnectionRefused), "{kind:?}");
            assert_eq!(echoed(&mut old, b"old").await.unwrap(), b"old");
            path.control.lift().await.unwrap();
            path.connected().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reset_breaks_old_connections_and_new_ones_work() {
    for kind in KINDS {
        let path = Path::new(kind).await;
        let mut old = path.connected().await;
        path.control.fault(LinkFault::Reset).await.unwrap();
        let mut byte = [0];
        let read = timeout(LONG, old.read(&mut byte)).await.unwrap();
        match kind {
            Kind::Unix => assert!(read.is_err() || read.unwrap() == 0),
            _ => assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionReset),
        }
        let mut new = path.connected().await;
        path.control.lift().await.unwrap();
        assert_eq!(echoed(&mut new, b"new").await.unwrap(), b"new");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn half_open_silences_old_connections_for_ever() {
    for kind in KINDS {
        let path = Path::new(kind).await;
        let mut old = path.connected().await;
        path.control.fault(LinkFault::HalfOpen).await.unwrap();
        old.write_all(b"lost").await.unwrap();
        assert!(is_silent(&mut old).await, "{kind:?}");
        path.connected().await;
        path.control.lift().await.unwrap();
        assert!(is_silent(&mut old).await, "{kind:?} after it was lifted");
        path.connected().await;
    }
}

/// As when a host has died: only then does a client that guards itself find out.
#[tokio::test(flavor = "multi_thread")]
async fn half_open_leaves_probes_and_data_unacknowledged() {
    for address in [Kind::V4, Kind::V6] {
        let path = Path::new(address).await;
        let mut probing = TcpStream::connect(&path.listen).await.unwrap();
        let mut sending = TcpStream::connect(&path.listen).await.unwrap();
        for stream in [&mut probing, &mut sending] {
            stream.write_all(b"x").await.unwrap();
            stream.read_u8().await.unwrap();
        }
        let second = Duration::from_secs(1);
        sockopt::set_socket_keepalive(&probing, true).unwrap();
        sockopt::set_tcp_keepidle(&probing, second).unwrap();
        sockopt::set_tcp_keepintvl(&probing, second).unwrap();
        sockopt::set_tcp_keepcnt(&probing, 1).unwrap();
        sockopt::set_tcp_user_timeout(&sending, 1_000).unwrap();
        path.control.fault(LinkFault::HalfOpen).await.unwrap();
        sending.write_all(b"x").await.unwrap();
        for stream in [&mut probing, &mut sending] {
            let error = timeout(LONG, stream.read_u8()).await.unwrap().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut, "{address:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn black_hole_answers_nothing_and_what_was_held_arrives() {
    for kind in KINDS {
        let path = Path::new(kind).await;
        let mut old = path.connected().await;
        for _ in 0..3 {
            path.control.fault(LinkFault::BlackHole).await.unwrap();
            old.write_all(b"held").await.unwrap();
            assert!(is_silent(&mut old).await, "{kind:?}");
            match timeout(SILENCE, path.dial()).await {
                Err(_) => assert_ne!(kind, Kind::Unix),
                // A connect that may not wait is told that the queue is full.
                Ok(dialled) => {
                    let error = dialled.err().map(|error| error.kind());
                    assert_eq!((error, kind), (Some(ErrorKind::WouldBlock), Kind::Unix));
                }
            }
            path.control.lift().await.unwrap();
            assert_eq!(read(&mut old, 9).await, b"held");
            path.connected().await;
        }
    }
}

/// A connect that waits goes on when the fault is lifted.
#[tokio::test(flavor = "multi_thread")]
async fn a_connect_that_black_hole_has_caught_succeeds_afterwards() {
    for kind in [Kind::V4, Kind::V6] {
        let path = Path::new(kind).await;
        path.control.fault(LinkFault::BlackHole).await.unwrap();
        let listen = path.listen.clone();
        let mut caught = tokio::spawn(async move { super::path::dial(&listen).await });
        assert!(timeout(SILENCE, &mut caught).await.is_err(), "{kind:?}");
        path.control.lift().await.unwrap();
        let mut caught = timeout(LONG, caught).await.unwrap().unwrap().unwrap();
        assert_eq!(echoed(&mut caught, b"late").await.unwrap(), b"late");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_way_silences_one_direction() {
    for kind in KINDS {
        let path = Path::new(kind).await;
        let mut old = path.connected().await;
        for silent in [Direction::ToBackend, Direction::FromBackend] {
            let fault = LinkFault::OneWay { silent };
            path.control.fault(fault).await.unwrap();
            old.write_all(b"held").await.unwrap();
            assert!(is_silent(&mut old).await, "{kind:?} {silent:?}");
            let mut new = path.dial().await.unwrap();
            new.write_all(b"new").await.unwrap();
            assert!(is_silent(&mut new).await, "{kind:?} {silent:?}");
            path.control.lift().await.unwrap();
            assert_eq!(read(&mut old, 9).await, b"held");
            assert_eq!(read(&mut new, 9).await, b"new");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accept_close_closes_new_connections_and_old_ones_live() {
    for kind in KINDS {
        let path = Path::new(kind).await;
        let mut old = path.connected().await;
        path.control.fault(LinkFault::AcceptClose).await.unwrap();
        let mut new = path.dial().await.unwrap();
        assert!(is_over(&mut new).await, "{kind:?}");
        assert_eq!(echoed(&mut old, b"old").await.unwrap(), b"old");
        path.control.lift().await.unwrap();
        path.connected().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_delays_each_direction_with_many_bytes_on_their_way() {
    for kind in KINDS {
        let path = Path::new(kind).await;
        let mut stream = path.connected().await;
        let latency_ms = 100;
        let fault = LinkFault::Slow {
            latency_ms,
            rate_kib_s: None,
        };
        path.control.fault(fault).await.unwrap();
        let start = Instant::now();
        // Were each chunk delayed by itself, this would take a minute.
        let sent: Vec<u8> = (0..1_000_000_u32).map(|nth| (nth / 7) as u8).collect();
        let (mut reader, mut writer) = tokio::io::split(stream);
        let bytes = sent.clone();
        let send = tokio::spawn(async move {
            writer.write_all(&bytes).await.unwrap();
            writer
        });
        let mut back = vec![0; sent.len()];
        reader.read_exact(&mut back[..1]).await.unwrap();
        let first = start.elapsed();
        reader.read_exact(&mut back[1..]).await.unwrap();
        let all = start.elapsed();
        assert!(back == sent, "{kind:?}: not what was sent");
        assert!(first >= Duration::from_millis(2 * latency_ms), "{first:?}");
        assert!(all < Duration::from_secs(5), "{kind:?}: {all:?}");
        // What is under way when the fault is lifted arrives at once, in its order.
        let mut writer = send.await.unwrap();
        writer.write_all(b"under way").await.unwrap();
        path.control.lift().await.unwrap();
        let mut back = [0; 9];
        reader.read_exact(&mut back).await.unwrap();
        assert_eq!(&back, b"under way");
        stream = reader.unsplit(writer);
        assert_eq!(echoed(&mut stream, b"plain").await.unwrap(), b"plain");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_limits_the_rate() {
    let path = Path::new(Kind::V4).await;
    let mut stream = path.connected().await;
    let fault = LinkFault::Slow {
        latency_ms: 0,
        rate_kib_s: Some(64),
    };
    path.control.fault(fault).await.unwrap();
    let start = Instant::now();
    echoed(&mut stream, &[7; 32 << 10]).await.unwrap();
    let took = start.elapsed();
    // Both directions go on at the same time.
    let expected = Duration::from_millis(500);
    assert!(took >= expected && took < 3 * expected, "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn trickle_lets_replies_through_byte_by_byte() {
    for kind in KINDS {
        let path = Path::new(kind).await;
        let mut stream = path.connected().await;
        let gap_ms = 20;
        path.control
            .fault(LinkFault::Trickle { gap_ms })
            .await
            .unwrap();
        let start = Instant::now();
        stream.write_all(b"abcdef").await.unwrap();
        for nth in 0..4_u64 {
            let byte = read(&mut stream, 1).await;
            assert_eq!(byte, [b'a' + nth as u8]);
            let took = start.elapsed();
            assert!(took >= Duration::from_millis(gap_ms * nth), "{took:?}");
        }
        path.control.lift().await.unwrap();
        let mut rest = [0; 2];
        stream.read_exact(&mut rest).await.unwrap();
        assert_eq!(&rest, b"ef");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn truncate_ends_a_connection_in_the_middle_of_a_reply() {
    for kind in KINDS {
        let path = Path::new(kind).await;
        let mut old = path.connected().await;
        let mut idle = path.connected().await;
        let fault = LinkFault::Truncate { after_bytes: 3 };
        path.control.fault(fault).await.unwrap();
        for stream in [&mut old, &mut path.dial().await.unwrap()] {
            // What is short enough passes whole.
            assert_eq!(echoed(stream, b"ab").await.unwrap(), b"ab");
            stream.write_all(b"cdef").await.unwrap();
            assert_eq!(read(stream, 9).await, b"c");
            assert_eq!(read(stream, 9).await, b"", "{kind:?}: not the end");
        }
        path.control.lift().await.unwrap();
        assert_eq!(echoed(&mut idle, b"whole").await.unwrap(), b"whole");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_close_forgets_what_is_idle_and_nothing_else() {
    for kind in KINDS {
        let path = Path::new(kind).await;
        let mut idle = path.connected().await;
        let mut busy = path.connected().await;
        let idle_ms = 1_500;
        path.control
            .fault(LinkFault::IdleClose { idle_ms })
            .await
            .unwrap();
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(2 * idle_ms) {
            assert_eq!(echoed(&mut busy, b"busy").await.unwrap(), b"busy");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        idle.write_all(b"lost").await.unwrap();
        assert!(is_silent(&mut idle).await, "{kind:?}");
        path.control.lift().await.unwrap();
        assert!(is_silent(&mut idle).await, "{kind:?} after it was lifted");
        assert_eq!(echoed(&mut busy, b"busy").await.unwrap(), b"busy");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_replaces_the_one_before() {
    for kind in KINDS {
        let path = Path::new(kind).await;
        let mut old = path.connected().await;
        let faults = [
            LinkFault::BlackHole,
            LinkFault::Refuse,
            LinkFault::BlackHole,
            LinkFault::AcceptClose,
            LinkFault::Refuse,
            LinkFault::OneWay {
                silent: Direction::FromBackend,
            },
            LinkFault::Truncate { after_bytes: 9_999 },
        ];
        for fault in faults {
            path.control.fault(fault).await.unwrap();
        }
        assert_eq!(echoed(&mut old, b"old").await.unwrap(), b"old");
        path.connected().await;
    }
}

/// Numbers out of any range do no harm.
#[tokio::test(flavor = "multi_thread")]
async fn the_greatest_numbers_are_taken() {
    let path = Path::new(Kind::V4).await;
    let mut old = path.connected().await;
    let most = u64::MAX;
    let faults = [
        LinkFault::Slow {
            latency_ms: most,
            rate_kib_s: Some(most),
        },
        LinkFault::Slow {
            latency_ms: most,
            rate_kib_s: Some(0),
        },
        LinkFault::Trickle { gap_ms: most },
        LinkFault::Truncate { after_bytes: most },
        LinkFault::IdleClose { idle_ms: most },
    ];
    for fault in faults {
        path.control.fault(fault).await.unwrap();
        old.write_all(b"x").await.unwrap();
    }
    path.control.lift().await.unwrap();
    let mut back = vec![0; faults.len()];
    timeout(LONG, old.read_exact(&mut back))
        .await
        .unwrap()
        .unwrap();
}
