//! Which backend a fault by hand is for.

use anyhow::{Context, bail};
use clap::Args;

use crate::model::BackendName;
use crate::stack::Backend;

/// The backend that is meant.
#[derive(Debug, Clone, Args)]
pub(super) struct Target {
    /// The backend, by its name in the configuration; it may be left out where there is only one.
    #[arg(value_name = "BACKEND")]
    backend: Option<BackendName>,
}

impl Target {
    /// Looks it up.
    pub(super) fn among<'a>(&self, backends: &'a [Backend]) -> anyhow::Result<&'a Backend> {
        let names: Vec<&str> = backends.iter().map(|b| b.name.as_str()).collect();
        match (&self.backend, backends) {
            (None, [only]) => Ok(only),
            (None, _) => bail!(
                "which backend? The configuration has {}; add one of the names",
                names.join(", ")
            ),
            (Some(name), _) => {
                let found = backends.iter().find(|backend| backend.name == *name);
                found.with_context(|| {
                    format!(
                        "there is no backend `{name}`; the configuration has {}",
                        names.join(", ")
                    )
                })
            }
        }
    }
}
