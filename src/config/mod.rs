//! `comeback.toml` → the settings that each stage owns.
//!
//! Each file here holds one section: its settings, the table it is read from, and the checks
//! between. A section without settings of its own (`[generator]`, `[load]`, …) fills in those of
//! its stage. Nothing here acts: the command line builds drivers, clients and plans from what this
//! returns.
//!
//! Reading goes in three steps: the text is parsed, `${VAR}` in its values is replaced
//! (`environment`), and the tables are checked. Whatever is wrong is a [`Complaint`] that names
//! file, line, column, key and remedy.

mod api;
mod backend;
mod byte_size;
mod complaint;
mod config;
mod environment;
mod generator;
mod instances;
mod key_path;
mod limits;
mod request;
mod secrets;
mod service;
mod sketch;
mod text;
mod trial;

pub use api::ApiConfig;
pub use backend::{BackendConfig, ReadyCheck, ReadyConfig};
pub use complaint::Complaint;
pub use config::{Config, ConfigError};
pub use environment::PORT;
pub use service::{CommandConfig, ContainerName, ProcessConfig, ServiceConfig};
pub use sketch::{Sketch, SketchedBackend};
