//! `notes CLIENT PORT ADDRESS`: a service that keeps notes in redis or PostgreSQL, as the README of each client shows it.
//! `POST /notes` with `{"body": …}` answers 201 and the note as the store gives it back.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use redis::aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};
use serde::{Deserialize, Serialize};
use tokio_postgres::NoTls;

#[derive(Serialize, Deserialize)]
struct Note {
    body: String,
}

#[derive(Serialize)]
struct Failure {
    error: String,
}

/// How the store is reached.
enum Store {
    Multiplexed(MultiplexedConnection),
    Manager(ConnectionManager),
    Client(tokio_postgres::Client),
    Pool(Pool),
}

const INSERT: &str = "insert into notes (body) values ($1) returning body";

impl Store {
    async fn open(client: &str, address: &str) -> Result<Self, Box<dyn Error>> {
        let store = match client {
            "multiplexed" => {
                let client = redis::Client::open(address)?;
                Store::Multiplexed(client.get_multiplexed_async_connection().await?)
            }
            "manager" => {
                // By default a request waits for as long as redis is away.
                let config = ConnectionManagerConfig::new()
                    .set_number_of_retries(1)
                    .set_connection_timeout(Duration::from_secs(1))
                    .set_response_timeout(Duration::from_secs(1));
                let client = redis::Client::open(address)?;
                Store::Manager(ConnectionManager::new_with_config(client, config).await?)
            }
            "client" => {
                let (client, connection) = tokio_postgres::connect(address, NoTls).await?;
                tokio::spawn(connection);
                Store::Client(client)
            }
            "pool" => {
                let recycling_method = RecyclingMethod::Verified;
                let manager = Manager::from_config(
                    address.parse()?,
                    NoTls,
                    ManagerConfig { recycling_method },
                );
                Store::Pool(Pool::builder(manager).max_size(8).build()?)
            }
            other => return Err(format!("there is no client {other}").into()),
        };
        let table = "create table if not exists notes (id serial primary key, body text)";
        match &store {
            Store::Client(client) => client.batch_execute(table).await?,
            Store::Pool(pool) => pool.get().await?.batch_execute(table).await?,
            Store::Multiplexed(_) | Store::Manager(_) => {}
        }
        Ok(store)
    }

    async fn keep(&self, body: &str) -> Result<String, Box<dyn Error>> {
        let mut set = redis::pipe();
        set.set("note", body).ignore().get("note");
        Ok(match self {
            Store::Multiplexed(connection) => {
                let (note,): (String,) = set.atomic().query_async(&mut connection.clone()).await?;
                note
            }
            Store::Manager(connection) => {
                let (note,): (String,) = set.atomic().query_async(&mut connection.clone()).await?;
                note
            }
            Store::Client(client) => client.query_one(INSERT, &[&body]).await?.get(0),
            Store::Pool(pool) => pool.get().await?.query_one(INSERT, &[&body]).await?.get(0),
        })
    }
}

async fn create(
    State(store): State<Arc<Store>>,
    Json(note): Json<Note>,
) -> Result<(StatusCode, Json<Note>), (StatusCode, Json<Failure>)> {
    match store.keep(&note.body).await {
        Ok(body) => Ok((StatusCode::CREATED, Json(Note { body }))),
        Err(error) => {
            let error = error.to_string();
            Err((StatusCode::SERVICE_UNAVAILABLE, Json(Failure { error })))
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [client, port, address] = &arguments[..] else {
        return Err("usage: notes CLIENT PORT ADDRESS".into());
    };
    let store = Arc::new(Store::open(client, address).await?);
    let app = Router::new()
        .route("/notes", post(create))
        .with_state(store);
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    Ok(axum::serve(listener, app).await?)
}
