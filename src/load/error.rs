//! Errors in the configuration of the load.

use std::path::PathBuf;

use crate::model::KindName;

/// The load cannot be generated as configured. Reported before the first request is sent.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Requests cannot be sent to this URL.
    #[error("cannot send requests to `{url}`: {message}")]
    Url {
        /// The URL as given, without its password.
        url: String,
        /// What is wrong with it.
        message: String,
    },
    /// The file of additional certificate authorities cannot be used.
    #[error("cannot use {} as certificate authorities: {message}", path.display())]
    Ca {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The HTTP or TLS library cannot be set up.
    #[error("cannot set up the HTTP client: {0}")]
    Setup(String),
    /// A request kind is invalid.
    #[error("request kind `{kind}`, {place}: {message}")]
    Kind {
        /// The kind.
        kind: KindName,
        /// The key in the request's section, such as `expect.status`.
        place: String,
        /// What is wrong with it.
        message: String,
    },
    /// A cap is zero, negative or not a number.
    #[error("the cap `{cap}` must be a number above zero")]
    Cap {
        /// The cap's name.
        cap: &'static str,
    },
}
