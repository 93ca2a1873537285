//! Reads `comeback.toml` into the settings of each stage.
//!
//! Each file here holds one section: the table as written, the checks, and the resulting settings.
//! Some sections (`[generator]`, `[load]`, …) fill in settings that their stage defines. Nothing
//! here acts: `assembly` builds drivers, clients and plans from the result.
//!
//! There are three steps: parse the text, replace `${VAR}` in its values (`environment`), check the
//! tables. Every error is a [`Complaint`] with file, line, column, key and remedy.

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
mod link;
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
pub use link::LinkConfig;
pub use service::{CommandConfig, ContainerName, ProcessConfig, ServiceConfig};
pub use sketch::{Sketch, SketchedBackend};
