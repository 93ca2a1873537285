//! What must not reach a trace.

use crate::redact::{Redactor, Secret};

/// How many bytes beyond the cap are searched for secrets: a secret may be longer than its
/// replacement.
const MARGIN: usize = 16 * 1024;

/// Removes secrets from a text and caps its length.
#[derive(Debug, Clone)]
pub struct Redaction {
    redactor: Redactor,
    max_text_bytes: usize,
}

impl Redaction {
    /// Removes these secrets.
    pub fn new(secrets: &[Secret], max_text_bytes: usize) -> Self {
        Redaction {
            redactor: Redactor::new(secrets),
            max_text_bytes,
        }
    }

    /// The text without the secrets, and no longer than the cap.
    pub fn apply(&self, text: &str) -> String {
        let end = text.floor_char_boundary(self.max_text_bytes.saturating_add(MARGIN));
        let mut clean = self.redactor.clean(&text[..end]).into_owned();
        if clean.len() > self.max_text_bytes {
            clean.truncate(clean.floor_char_boundary(self.max_text_bytes));
            clean.push('…');
        }
        clean
    }
}

impl Default for Redaction {
    fn default() -> Self {
        Redaction::new(&[], 2_000)
    }
}
