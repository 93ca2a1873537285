use std::net::TcpStream as StdTcpStream;

use super::*;

#[tokio::test]
async fn without_a_filter_a_full_queue_keeps_connects_waiting_until_it_is_lifted() {
    for address in ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0"] {
        let mut listener = LinkListener::bind(&address.parse().unwrap()).await.unwrap();
        let ListeningSocket::Tcp(socket, ..) = &listener.socket else {
            panic!("{address} is TCP");
        };
        let port = socket.local_addr().unwrap().port();
        let host = if address.starts_with('[') {
            "[::1]"
        } else {
            "127.0.0.1"
        };
        let to: SocketAddr = format!("{host}:{port}").parse().unwrap();
        let dial = || StdTcpStream::connect_timeout(&to, Duration::from_millis(300));
        listener.fill_queue().unwrap();
        listener.state = ListenerState::Silent;
        assert_eq!(dial().unwrap_err().kind(), io::ErrorKind::TimedOut);
        listener.obey(None).unwrap();
        let dialled = dial().unwrap();
        // The connections that filled the queue are none of the API's.
        let mut taken = Vec::new();
        while taken.last() != Some(&dialled.local_addr().unwrap()) {
            let LinkStream::Tcp(stream) = listener.accept().await else {
                panic!("{address} is TCP");
            };
            taken.push(stream.peer_addr().unwrap());
        }
        assert_eq!(taken.len(), 1, "{taken:?}");
    }
}

#[tokio::test]
async fn a_connection_that_waits_when_the_queue_is_filled_is_accepted_and_keeps_nothing_open() {
    let mut listener = LinkListener::bind(&"127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    let ListeningSocket::Tcp(socket, ..) = &listener.socket else {
        panic!("it is TCP");
    };
    let to = socket.local_addr().unwrap();
    let dial = || StdTcpStream::connect_timeout(&to, Duration::from_millis(300));
    let waiting = dial().unwrap();
    listener.fill_queue().unwrap();
    listener.state = ListenerState::Silent;
    let LinkStream::Tcp(taken) = listener.accept().await else {
        panic!("it is TCP");
    };
    assert_eq!(taken.peer_addr().unwrap(), waiting.local_addr().unwrap());
    assert_eq!(dial().unwrap_err().kind(), io::ErrorKind::TimedOut);
    listener.obey(None).unwrap();
    dial().unwrap();
}
