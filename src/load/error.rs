//! What can be wrong with the configuration of the load.

use std::path::PathBuf;

use crate::model::KindName;

/// Load that cannot be made as configured. All of these show before the first request is sent.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The API's address is no URL that requests can be sent to.
    #[error("`{url}` is no address of an API: {message}")]
    Url {
        /// The address as given, without a password.
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
    /// A request kind cannot be sent as it is described.
    #[error("request kind `{kind}`, {place}: {message}")]
    Kind {
        /// The kind.
        kind: KindName,
        /// Which part of it, in the configuration's words.
        place: String,
        /// What is wrong with it.
        message: String,
    },
    /// A cap that would let nothing through, or is no number.
    #[error("the cap `{cap}` must be a number above zero")]
    Cap {
        /// The cap's name.
        cap: &'static str,
    },
}
