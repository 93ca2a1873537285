//! Why a service cannot be driven.

/// A service that could not be driven. The message names the service and, where there is one, the
/// remedy.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DriverError {
    /// The service, or what it runs on, is not there. This is an error of the configuration or the
    /// environment.
    #[error("{service}: {message}")]
    Missing {
        /// The service.
        service: String,
        /// What is missing, and what to do.
        message: String,
    },
    /// The service could not be brought back as it was, so nothing is done to it.
    #[error("{service}: {message}")]
    Irreversible {
        /// The service.
        service: String,
        /// Why, and what to do.
        message: String,
    },
    /// An act failed.
    #[error("{service}: cannot {act}: {message}")]
    Act {
        /// The service.
        service: String,
        /// The act.
        act: String,
        /// What the environment said.
        message: String,
    },
    /// This driver cannot do such an act.
    #[error("{service}: this driver cannot {act} a service")]
    Unsupported {
        /// The service.
        service: String,
        /// The act.
        act: String,
    },
}
