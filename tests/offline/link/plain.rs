//! A link that does nothing to a path.

use std::time::Duration;

use comeback::link::Sight;
use comeback::model::ClosedBy;
use comeback::model::Direction;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::path::{KINDS, Kind, LONG, Path, SILENCE};

#[tokio::test(flavor = "multi_thread")]
async fn every_byte_arrives_in_order_and_the_end_after_them() {
    for kind in KINDS {
        let path = Path::new(kind).await;
        let stream = path.dial().await.unwrap();
        let (mut reader, mut writer) = tokio::io::split(stream);
        let sent: Vec<u8> = (0..3_000_000_u32).map(|nth| (nth * 7 / 3) as u8).collect();
        let bytes = sent.clone();
        let send = tokio::spawn(async move {
            writer.write_all(&bytes).await.unwrap();
            writer.shutdown().await.unwrap();
        });
        let mut back = Vec::new();
        timeout(LONG, reader.read_to_end(&mut back))
            .await
            .unwrap()
            .unwrap();
        send.await.unwrap();
        assert!(back == sent, "{kind:?}: {} of {}", back.len(), sent.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_does_not_read_slows_its_sender_down() {
    let backend = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = backend.local_addr().unwrap().to_string();
    let path = Path::to(Kind::V4, &to, tempfile::tempdir().unwrap()).await;
    let mut api = path.dial().await.unwrap();
    let (_unread, _) = backend.accept().await.unwrap();
    let chunk = vec![0; 1 << 20];
    let mut sent = 0;
    while let Ok(written) = timeout(SILENCE, api.write_all(&chunk)).await {
        written.unwrap();
        sent += 1;
        // What the kernel's own buffers can hold on both connections is less.
        assert!(sent < 64, "{sent} MiB are held somewhere");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_close_passes_and_the_other_half_lives_on() {
    let backend = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = backend.local_addr().unwrap().to_string();
    let path = Path::to(Kind::V4, &to, tempfile::tempdir().unwrap()).await;
    let mut api = path.dial().await.unwrap();
    let (mut served, _) = backend.accept().await.unwrap();
    api.write_all(b"question").await.unwrap();
    api.shutdown().await.unwrap();
    let mut question = String::new();
    served.read_to_string(&mut question).await.unwrap();
    assert_eq!(question, "question");
    served.write_all(b"answer").await.unwrap();
    drop(served);
    let mut answer = String::new();
    api.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_of_one_side_is_a_reset_of_the_other() {
    let backend = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = backend.local_addr().unwrap().to_string();
    let path = Path::to(Kind::V4, &to, tempfile::tempdir().unwrap()).await;
    let mut api = TcpStream::connect(&path.listen).await.unwrap();
    let (served, _) = backend.accept().await.unwrap();
    served.set_zero_linger().unwrap();
    drop(served);
    let error = timeout(LONG, api.read_u8()).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);

    let api = TcpStream::connect(&path.listen).await.unwrap();
    let (mut served, _) = backend.accept().await.unwrap();
    api.set_zero_linger().unwrap();
    drop(api);
    let error = timeout(LONG, served.read_u8()).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_refuses_looks_like_a_reset_and_is_told() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let to = free.local_addr().unwrap().to_string();
    drop(free);
    let mut path = Path::to(Kind::V4, &to, tempfile::tempdir().unwrap()).await;
    // The reset may be there before the connect has been looked at.
    let api = async { TcpStream::connect(&path.listen).await?.read_u8().await };
    let error = timeout(LONG, api).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    let failed = path
        .sight(|sight| matches!(sight, Sight::Failed { .. }))
        .await;
    let Sight::Failed { connection, reason } = failed else {
        unreachable!()
    };
    assert_eq!(connection, 0);
    assert!(reason.contains("refused"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_seen_of_a_connection_is_told_in_order() {
    for kind in KINDS {
        let mut path = Path::new(kind).await;
        let api = path.connected().await;
        drop(api);
        let connection = 0;
        let expected = [
            Sight::Opened {
                connection,
                path: 0,
            },
            Sight::FirstByte {
                connection,
                direction: Direction::ToBackend,
            },
            Sight::FirstByte {
                connection,
                direction: Direction::FromBackend,
            },
            Sight::Closed {
                connection,
                by: ClosedBy::Api,
                to_backend_bytes: 5,
                from_backend_bytes: 5,
            },
        ];
        for expected in expected {
            let sight = timeout(LONG, path.sights.next()).await.unwrap();
            assert_eq!(sight, Some(expected), "{kind:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_connections_is_counted_and_nothing_is_lost() {
    const FLOOD: u64 = 600;
    let mut path = Path::new(Kind::V4).await;
    for _ in 0..FLOOD {
        drop(path.dial().await.unwrap());
    }
    let (mut opened, mut closed, mut told) = (0, 0, 0);
    let all = async {
        while (opened, closed) != (FLOOD, FLOOD) {
            told += 1;
            match path.sights.next().await.unwrap() {
                Sight::Opened { .. } => opened += 1,
                Sight::Closed { .. } | Sight::Failed { .. } => closed += 1,
                Sight::Counted {
                    opened: more,
                    closed: ended,
                } => {
                    opened += more;
                    closed += ended;
                }
                Sight::FirstByte { .. } => {}
            }
        }
    };
    let counted = timeout(Duration::from_secs(60), all).await;
    assert!(counted.is_ok(), "{opened} opened, {closed} closed");
    assert!(told < 2 * FLOOD, "each one was told");
}
