//! The API's session with the backend.

use tokio::time::Instant;

use super::protocol::Resume;

/// The API's session with the backend. It is resumed over a new connection, unless it was away for
/// too long.
#[derive(Debug, Default)]
pub(super) struct BackendSession {
    number: Option<u64>,
    lost_at: Option<Instant>,
}

impl BackendSession {
    /// The session to present in a greeting.
    pub fn resume(&self) -> Option<Resume> {
        let away = self.lost_at.map(|lost_at| lost_at.elapsed());
        self.number.map(|number| Resume {
            number,
            away_ms: away.unwrap_or_default().as_millis() as u64,
        })
    }

    /// A connection was opened for the session with this number.
    pub fn joined(&mut self, number: u64) {
        self.number = Some(number);
        self.lost_at = None;
    }

    /// The connection was lost.
    pub fn lost(&mut self) {
        self.lost_at = Some(Instant::now());
    }

    /// The backend has closed the session. The next one will be new.
    pub fn expired(&mut self) {
        self.number = None;
    }
}
