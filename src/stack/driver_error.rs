//! Why a service cannot be driven.

/// A service could not be driven. The message says how to fix that, if possible.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DriverError {
    /// The service, or something that it runs on, does not exist: an error of the configuration or
    /// the environment.
    #[error("{service}: {message}")]
    Missing {
        /// The service.
        service: String,
        /// What is missing, and what to do.
        message: String,
    },
    /// The driver refuses to act, because it could not bring the service back as it was.
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
        /// The error's own message.
        message: String,
    },
    /// The driver does not support this act.
    #[error("{service}: this driver cannot {act} a service")]
    Unsupported {
        /// The service.
        service: String,
        /// The act.
        act: String,
    },
}

impl DriverError {
    /// [`DriverError::Missing`].
    pub(crate) fn missing(service: impl Into<String>, message: impl Into<String>) -> Self {
        DriverError::Missing {
            service: service.into(),
            message: message.into(),
        }
    }

    /// [`DriverError::Act`].
    pub(crate) fn failed(
        service: impl Into<String>,
        act: impl ToString,
        message: impl ToString,
    ) -> Self {
        DriverError::Act {
            service: service.into(),
            act: act.to_string(),
            message: message.to_string(),
        }
    }

    /// [`DriverError::Unsupported`].
    pub(crate) fn unsupported(service: impl Into<String>, act: impl ToString) -> Self {
        DriverError::Unsupported {
            service: service.into(),
            act: act.to_string(),
        }
    }
}
