//! The simulated demo as a stack.

use std::sync::Arc;

use super::super::parts::{self, BACKEND};
use super::Place;
use super::service::{Serve, SimulatedService};
use crate::app::backend::BackendSettings;
use crate::app::{Host, Variant, api, backend};
use crate::model::API;
use crate::stack::Stack;

/// The exit code of an API that has crashed: that of the live one.
const CRASHED: i64 = 2;

/// A simulated demo, not yet started. It uses the clock of the tokio runtime in which it is first
/// used.
pub struct SimulatedDemo {
    /// The services.
    pub stack: Stack,
    /// Where the API listens.
    pub api: Place,
}

impl SimulatedDemo {
    /// A demo of some variant. The chance of its API is drawn from the seed, anew after each start.
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
