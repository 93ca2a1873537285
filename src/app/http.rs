//! The demo's HTTP server: JSON in, JSON out.

use std::convert::Infallible;
use std::future::Future;

use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Map, Value, json};

use super::Stream;

/// The longest request body, in bytes.
const MAX_BODY: usize = 64 << 10;

/// A response: a status and a JSON document.
pub(super) type Reply = (StatusCode, Value);

/// Serves one connection until either side hangs up.
pub(super) async fn serve<F>(stream: Stream, answer: impl Fn(Request<Incoming>) -> F)
where
    F: Future<Output = Reply>,
{
    let service =
        service_fn(|request| answer(request).map(|reply| Ok::<_, Infallible>(response(reply))));
    // Boxed, because the caller moves this future several times, and most of it is the connection.
    let connection = Box::pin(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(stream), service),
    );
    // hyper has already answered a client that breaks off or sends nonsense.
    let _ = connection.await;
}

/// The JSON object in a request's body.
///
/// # Errors
/// The response to send when there is none.
pub(super) async fn object(body: Incoming) -> Result<Map<String, Value>, Reply> {
    let body = Limited::new(body, MAX_BODY)
        .collect()
        .await
        .map_err(|error| failure(StatusCode::BAD_REQUEST, format!("the body: {error}")))?;
    serde_json::from_slice(&body.to_bytes()).map_err(|error| {
        let message = format!("the body must be a JSON object: {error}");
        failure(StatusCode::BAD_REQUEST, message)
    })
}

/// A response with an error message.
pub(super) fn failure(status: StatusCode, message: impl ToString) -> Reply {
    (status, json!({ "error": message.to_string() }))
}

fn response((status, document): Reply) -> Response<Full<Bytes>> {
    // Cheaper than its `Display`, which goes through a formatter; a `Value` can always be written.
    let document = serde_json::to_vec(&document).unwrap_or_default();
    let mut response = Response::new(Full::from(document));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
