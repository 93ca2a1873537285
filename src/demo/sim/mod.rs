//! The simulated demo: the demo's own API and backend in memory, on tokio's paused clock.
//!
//! The code of both is that of the [live demo](super::live), and so is everything that deals with
//! them; what differs is the network, the clock, and that a service is a future and no process.
//! Where nothing is to be done, a paused clock jumps to the next timer, so seconds pass in no time;
//! and as everything runs on one thread in one order, the same plan has the same history, to the
//! microsecond, in every run.
//!
//! A simulated process takes a fixed time (in `service`) to start; connecting takes a millisecond,
//! and nothing else takes any. So what a busy machine does to timing does not show here: that is
//! for live trials.

mod freezer;
mod network;
mod service;

use std::sync::Arc;

pub use self::network::Place;
use self::service::{Serve, SimulatedService};
use super::parts::{self, BACKEND};
use crate::app::backend::BackendSettings;
use crate::app::{Host, Variant, api, backend};
use crate::model::API;
use crate::stack::Stack;

/// The exit code of an API that has crashed: that of the live one.
const CRASHED: i64 = 2;

/// A simulated demo, not yet started. It lives on the clock of the tokio runtime that it is first
/// used in.
pub struct SimulatedDemo {
    /// The services.
    pub stack: Stack,
    /// Where the API listens.
    pub api: Place,
}

impl SimulatedDemo {
    /// A demo of some variant. What its API leaves to chance is drawn from the seed, anew after
    /// each start.
    pub fn new(variant: Variant, seed: u64) -> Self {
        let (api, backend) = (Place::default(), Place::default());
        let to_backend = Arc::new(backend.clone());
        let serve_api: Serve = Arc::new(move |door, start| {
            let host = Host {
                log: start.log.clone(),
                meter: start.meter,
                seed: seed.wrapping_add(start.nth),
            };
            let (network, settings) = (to_backend.clone(), variant.settings());
            Box::pin(async move {
                let crash = api::serve(door, network, settings, host).await;
                start.log.line(crash);
                CRASHED
            })
        });
        let serve_backend: Serve = Arc::new(|door, start| {
            Box::pin(async move {
                backend::serve(door, BackendSettings::default(), start.log).await;
                0
            })
        });
        let stack = Stack {
            api: Some(Box::new(SimulatedService::new(API, api.clone(), serve_api))),
            backends: vec![parts::backend(
                Box::new(SimulatedService::new(
                    BACKEND,
                    backend.clone(),
                    serve_backend,
                )),
                Box::new(backend),
            )],
            ports: Vec::new(),
        };
        SimulatedDemo { stack, api }
    }
}
