//! A new connection for every exchange, in memory.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Poll, ready};

use async_trait::async_trait;
use http_body_util::Full;
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue};
use hyper_util::rt::TokioIo;

use super::sim::Place;
use crate::load::{
    Endpoint, ExchangeError, HttpAnswer, HttpRequest, MAX_BODY_BYTES, Transport, exchange_error,
};

/// Speaks HTTP to an API in memory. Like [`Unpooled`](crate::load::Unpooled), it makes a new
/// connection for every exchange and keeps none.
#[derive(Debug)]
pub struct InMemory {
    api: Place,
    endpoint: Endpoint,
}

impl InMemory {
    /// A transport to the API at a place.
    pub fn new(api: Place) -> Self {
        let endpoint = Endpoint::in_memory();
        InMemory { api, endpoint }
    }
}

#[async_trait]
impl Transport for InMemory {
    async fn exchange(&self, request: HttpRequest) -> Result<HttpAnswer, ExchangeError> {
        let uri = self.endpoint.origin_form(&request.path)?;
        let mut message = Request::new(Full::new(request.body.unwrap_or_default()));
        *message.method_mut() = request.method;
        *message.uri_mut() = uri;
        *message.headers_mut() = request.headers;
        let host = HeaderValue::from_static(Endpoint::IN_MEMORY);
        message.headers_mut().insert(HOST, host);

        let stream = self
            .api
            .dial()
            .await
            .map_err(|error| exchange_error(&error))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| exchange_error(&error))?;
        let mut answer = pin!(async {
            let response = sender.send_request(message).await?;
            let (head, body) = response.into_parts();
            HttpAnswer::read(head.status.as_u16(), head.headers, body, MAX_BODY_BYTES).await
        });
        // Nothing is spawned, so the connection breaks when the caller gives up waiting. It is
        // polled in its place, since moving it into a `select` costs more than polling it.
        let mut connection = pin!(Some(connection));
        let answer = poll_fn(|context| {
            if let Poll::Ready(answer) = answer.as_mut().poll(context) {
                return Poll::Ready(answer);
            }
            match connection.as_mut().as_pin_mut() {
                Some(open) => ready!(open.poll(context)).unwrap_or_default(),
                None => return Poll::Pending,
            }
            // The exchange ends with the error of the connection.
            connection.set(None);
            answer.as_mut().poll(context)
        });
        answer.await.map_err(|error| exchange_error(&error))
    }

    fn url(&self) -> &str {
        self.endpoint.url()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hyper::header::CONTENT_LENGTH;
    use hyper::{HeaderMap, Method};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::timeout;

    use super::*;
    use crate::app::Listener;
    use crate::model::UnknownReason;

    fn request() -> HttpRequest {
        HttpRequest {
            method: Method::POST,
            path: "/a b?c=d".to_owned(),
            headers: HeaderMap::new(),
            body: Some("{}".into()),
        }
    }

    fn reason(answer: Result<HttpAnswer, ExchangeError>) -> Option<UnknownReason> {
        match answer {
            Err(ExchangeError::Unanswered { reason, .. }) => Some(reason),
            _ => None,
        }
    }

    /// What comes of an exchange with a peer that reads the request, says something, and hangs up;
    /// and what it has read.
    async fn with_peer(says: &'static str) -> (Result<HttpAnswer, ExchangeError>, String) {
        let place = Place::default();
        let mut door = place.listen();
        let peer = async {
            let mut stream = door.accept().await.unwrap();
            let mut read = vec![0; 1_000];
            let count = stream.read(&mut read).await.unwrap();
            stream.write_all(says.as_bytes()).await.unwrap();
            String::from_utf8(read[..count].to_vec()).unwrap()
        };
        let transport = InMemory::new(place.clone());
        tokio::join!(transport.exchange(request()), peer)
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_goes_out_and_its_answer_comes_back() {
        let says = "HTTP/1.1 202 Accepted\r\ncontent-length: 5\r\n\r\nfine!";
        let (answer, read) = with_peer(says).await;
        let length = (CONTENT_LENGTH, HeaderValue::from_static("5"));
        assert_eq!(
            answer,
            Ok(HttpAnswer {
                status: 202,
                headers: HeaderMap::from_iter([length]),
                body: "fine!".into(),
                is_cut: false,
            })
        );
        assert!(read.starts_with("POST /a%20b?c=d HTTP/1.1\r\n"), "{read}");
        assert!(read.contains("host: in-memory\r\n"), "{read}");
        assert!(read.ends_with("\r\n\r\n{}"), "{read}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_no_answer_is_told_as_over_a_socket() {
        let nobody = InMemory::new(Place::default());
        let refused = nobody.exchange(request()).await;
        assert_eq!(reason(refused), Some(UnknownReason::Refused));
        assert_eq!(reason(with_peer("").await.0), Some(UnknownReason::Reset));
        let half = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nf";
        assert_eq!(reason(with_peer(half).await.0), Some(UnknownReason::Reset));
        let garbled = with_peer("good day\r\n\r\n").await.0;
        assert_eq!(reason(garbled), Some(UnknownReason::Garbled));
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_is_cut_off_gives_no_answer_at_all() {
        let place = Place::default();
        let _door = place.listen();
        place.cut(true);
        let transport = InMemory::new(place);
        let answer = transport.exchange(request());
        assert!(timeout(Duration::from_secs(600), answer).await.is_err());
    }
}
