//! For tests: an API, a backend that can be stopped and frozen, and a client, all in memory.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::BodyExt;
use hyper::client::conn::http1;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::app::backend::BackendSettings;
use crate::app::{
    ApiSettings, Crash, Host, Listener, Log, Meter, Network, Stream, api, backend, health,
};

/// An address where a server can listen and clients can connect.
#[derive(Clone, Default)]
pub(super) struct Place(Arc<Mutex<Option<mpsc::UnboundedSender<Stream>>>>);

pub(super) struct Arrivals(mpsc::UnboundedReceiver<Stream>);

impl Place {
    pub(super) fn listen(&self) -> Arrivals {
        let (sender, receiver) = mpsc::unbounded_channel();
        *self.0.lock().unwrap() = Some(sender);
        Arrivals(receiver)
    }
}

#[async_trait]
impl Network for Place {
    async fn connect(&self) -> io::Result<Stream> {
        let (near, far) = tokio::io::duplex(4096);
        let place = self.0.lock().unwrap();
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let sender = place.as_ref().ok_or_else(refused)?;
        sender.send(Box::new(far)).map_err(|_| refused())?;
        Ok(Box::new(near))
    }
}

#[async_trait]
impl Listener for Arrivals {
    async fn accept(&mut self) -> io::Result<Stream> {
        match self.0.recv().await {
            Some(stream) => Ok(stream),
            None => std::future::pending().await,
        }
    }
}

/// An API and its backend.
pub(super) struct World {
    pub(super) api: Place,
    pub(super) backend: Place,
    pub(super) backend_task: Option<JoinHandle<()>>,
    pub(super) log: Arc<Mutex<Vec<String>>>,
    pub(super) meter: Meter,
    pub(super) api_task: Option<JoinHandle<Crash>>,
}

pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) took: Duration,
}

impl World {
    /// A world with the backend running and the API connected.
    pub(super) async fn new(settings: ApiSettings) -> World {
        let log = Arc::new(Mutex::new(Vec::new()));
        let mut world = World {
            api: Place::default(),
            backend: Place::default(),
            backend_task: None,
            log: log.clone(),
            meter: Meter::default(),
            api_task: None,
        };
        world.start(BackendSettings::default()).await;
        let sink = Log::new(move |line| log.lock().unwrap().push(line.to_owned()));
        let network = Arc::new(world.backend.clone());
        let host = Host {
            log: sink,
            meter: world.meter.clone(),
            seed: 1,
        };
        let serve = api::serve(world.api.listen(), network, settings, host);
        world.api_task = Some(tokio::spawn(serve));
        assert_eq!(world.sync("first").await.status, 200);
        world
    }

    /// Starts the backend and waits until it is ready.
    pub(super) async fn start(&mut self, settings: BackendSettings) {
        self.start_booting(settings);
        while health(self.backend.connect().await.unwrap()).await.is_err() {
            sleep(Duration::from_millis(1)).await;
        }
    }

    pub(super) fn start_booting(&mut self, settings: BackendSettings) {
        let arrivals = self.backend.listen();
        let serve = backend::serve(arrivals, settings, Log::new(|_| {}));
        self.backend_task = Some(tokio::spawn(serve));
    }

    pub(super) async fn kill(&mut self) {
        if let Some(task) = self.backend_task.take() {
            task.abort();
            let _ = task.await;
        }
    }

    /// A client of the same API.
    pub(super) fn client(&self) -> World {
        World {
            api: self.api.clone(),
            backend: self.backend.clone(),
            backend_task: None,
            log: self.log.clone(),
            meter: self.meter.clone(),
            api_task: None,
        }
    }

    /// Stops and restarts the backend, and gives the API time to notice both.
    pub(super) async fn restart(&mut self, outage_ms: u64) {
        self.kill().await;
        sleep(Duration::from_millis(outage_ms)).await;
        self.start(BackendSettings::default()).await;
        sleep(Duration::from_millis(200)).await;
    }

    /// Whether the API still fails 2 s later.
    pub(super) async fn stays_away(&self) -> bool {
        sleep(Duration::from_secs(2)).await;
        self.sync("back?").await.status != 200
    }

    pub(super) async fn sync(&self, token: &str) -> Reply {
        self.post("/sync", json!({ "prompt": "p", "token": token }))
            .await
    }

    /// The status of a job, or the HTTP status if the job is unknown.
    pub(super) async fn state(&self, id: &str) -> Value {
        let reply = self.get(&format!("/response/{id}")).await;
        match reply.status {
            200 => reply.body["status"].clone(),
            status => json!(status),
        }
    }

    /// Submits a job and returns its id.
    pub(super) async fn submit(&self, token: &str) -> String {
        let reply = self.post("/request", json!({ "token": token })).await;
        assert_eq!(
            (reply.status, &reply.body["status"]),
            (200, &json!("RECEIVED"))
        );
        reply.body["id"].as_str().unwrap().to_owned()
    }

    /// Polls a job until it is terminal.
    pub(super) async fn finish(&self, id: &str) -> Value {
        loop {
            let reply = self
                .send(Method::GET, &format!("/response/{id}"), String::new())
                .await;
            if ["COMPLETED", "ERROR"]
                .map(|s| json!(s))
                .contains(&reply.body["status"])
            {
                return reply.body;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    pub(super) async fn job(&self, token: &str) -> Value {
        let id = self.submit(token).await;
        self.finish(&id).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, body.to_string()).await
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, String::new()).await
    }

    pub(super) async fn send(&self, method: Method, path: &str, body: String) -> Reply {
        let began = Instant::now();
        let io = TokioIo::new(self.api.connect().await.unwrap());
        let (mut client, connection) = http1::handshake(io).await.unwrap();
        let driver = tokio::spawn(connection);
        let request = Request::builder().method(method).uri(path);
        let request = request.body(body).unwrap();
        let response = client.send_request(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        drop(client);
        driver.await.unwrap().unwrap();
        Reply {
            status,
            body: serde_json::from_slice(&body).unwrap(),
            took: began.elapsed(),
        }
    }

    pub(super) fn logged(&self, text: &str) -> usize {
        let log = self.log.lock().unwrap();
        log.iter().filter(|line| line.contains(text)).count()
    }
}

impl Drop for World {
    /// Ends the API.
    fn drop(&mut self) {
        let backend = self.backend_task.as_ref().map(JoinHandle::abort_handle);
        let api = self.api_task.as_ref().map(JoinHandle::abort_handle);
        for task in backend.into_iter().chain(api) {
            task.abort();
        }
    }
}
