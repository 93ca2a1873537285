//! The session that outlives a connection.

use tokio::time::Instant;

use super::protocol::Resume;

/// The API's session with the backend. Over a new connection it goes on where it was, unless it was
/// away for too long.
#[derive(Debug, Default)]
pub(super) struct BackendSession {
    number: Option<u64>,
    lost_at: Option<Instant>,
}

impl BackendSession {
    /// What to present when greeting the backend.
    pub fn resume(&self) -> Option<Resume> {
        let away = self.lost_at.map(|lost_at| lost_at.elapsed());
        self.number.map(|number| Resume {
            number,
            away_ms: away.unwrap_or_default().as_millis() as u64,
        })
    }

    /// A connection was opened for a session of this number.
    pub fn joined(&mut self, number: u64) {
        self.number = Some(number);
        self.lost_at = None;
    }

    /// Its connection was lost.
    pub fn lost(&mut self) {
        self.lost_at = Some(Instant::now());
    }

    /// The backend does not know it any more: the next one will be new.
    pub fn expired(&mut self) {
        self.number = None;
    }
}
