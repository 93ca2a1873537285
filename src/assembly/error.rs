//! Why there is no stack.

use std::io;
use std::path::Path;

use crate::campaign::CampaignError;
use crate::config::ConfigError;
use crate::load::LoadError;
use crate::nemesis::{JournalError, NemesisError};
use crate::stack::DriverError;

/// A configuration that does not become a stack, or a stack that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AssemblyError {
    /// The configuration is bad.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A request cannot be sent as it is described.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A readiness pattern is no regular expression.
    #[error(transparent)]
    Pattern(#[from] regex::Error),
    /// A part is on another machine, and that is not allowed.
    #[error(
        "{key} leads to {host}, which is another machine: if comeback may load and break what is there, allow it by --allow-remote, or by \
         `allow-remote = true` in the configuration"
    )]
    Elsewhere {
        /// The key of the configuration, or the variable, that names the machine.
        key: String,
        /// The machine.
        host: String,
    },
    /// There are fewer copies of the stack than were asked for.
    #[error(
        "--jobs {wanted} asks for more stacks than there are: {config} lists {listed} in `instances`"
    )]
    TooFewCopies {
        /// How many stacks were asked for.
        wanted: usize,
        /// The configuration.
        config: String,
        /// How many copies it lists.
        listed: usize,
    },
    /// Several stacks would share a part.
    #[error(
        "--jobs needs stacks that share nothing, and all would share {part} of {config}: list the compose projects that are copies of this \
         one in `instances = [\"…\"]`, or write `${{port:NAME}}` for each port of a `process`"
    )]
    Shared {
        /// The part.
        part: String,
        /// The configuration.
        config: String,
    },
    /// Several stacks would share a link.
    #[error(
        "--jobs needs stacks that share nothing, and all would share the link of [backend.{backend}] in {config}: write `${{port:NAME}}` for \
         each port of a link that comeback starts; a link that runs already can only serve one stack"
    )]
    SharedLink {
        /// The backend.
        backend: String,
        /// The configuration.
        config: String,
    },
    /// There is no `comeback` program to start a link with.
    #[error(
        "the link of [backend.{backend}] is a process of the program `comeback`, which is not in PATH: install it, or start the link yourself and \
         write `link = {{ control = \"…\" }}`"
    )]
    NoLinkProgram {
        /// The backend.
        backend: String,
    },
    /// A URL of a compose project has no port that could be looked up in its copy.
    #[error("{url} has no port, so its copy's port cannot be found")]
    NoPort {
        /// The URL.
        url: String,
    },
    /// Another run uses a service.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// There is no folder for journals.
    #[error("no place to keep a journal: set COMEBACK_STATE_DIR to a folder")]
    NoStateFolder,
    /// The kernel says nothing about this process.
    #[error("/proc has no entry for this process")]
    NoProcess,
    /// A journal cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A service is not there, or could not be brought back.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// The stack could not be brought up, reset or left as it was found.
    #[error(transparent)]
    Stack(#[from] NemesisError),
    /// A plan could not be executed.
    #[error(transparent)]
    Trial(#[from] CampaignError),
    /// A file or folder could not be made, or the operating system refused something.
    #[error("{what}: {source}")]
    Io {
        /// What could not be done.
        what: String,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Somebody else holds a service.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{service}` is in use by {holder}, and two runs on one stack would disturb each other; use --wait to wait for it, or end it"
)]
pub struct Busy {
    /// The service.
    pub service: String,
    /// Who holds it.
    pub holder: String,
}

impl AssemblyError {
    /// The operating system's error, with what could not be done.
    pub(super) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| AssemblyError::Io { what, source }
    }

    /// The same for a file.
    pub(super) fn at(verb: &str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        Self::io(format!("cannot {verb} {}", path.display()))
    }

    /// Whether the environment is to blame, and not what the user wrote.
    pub(crate) fn is_of_the_environment(&self) -> bool {
        matches!(
            self,
            AssemblyError::Busy(_)
                | AssemblyError::Journal(_)
                | AssemblyError::Driver(_)
                | AssemblyError::Stack(_)
                | AssemblyError::Trial(_)
        )
    }
}
