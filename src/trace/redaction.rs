//! What must not reach a trace.

/// Takes known secrets out of a text and caps its length.
#[derive(Debug, Clone)]
pub struct Redaction {
    secrets: Vec<String>,
    max_text_bytes: usize,
}

impl Redaction {
    /// Knows these secrets. Values shorter than four characters are left alone: they would make any text unreadable
    /// and protect nothing.
    pub fn new(mut secrets: Vec<String>, max_text_bytes: usize) -> Self {
        secrets.retain(|secret| secret.chars().count() >= 4);
        // A secret that contains another one is taken out first.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Redaction {
            secrets,
            max_text_bytes,
        }
    }

    /// The text without the secrets, and no longer than the cap.
    pub fn apply(&self, text: &str) -> String {
        let mut clean = text.to_owned();
        for secret in &self.secrets {
            if clean.contains(secret.as_str()) {
                clean = clean.replace(secret.as_str(), "[redacted]");
            }
        }
        if clean.len() > self.max_text_bytes {
            clean.truncate(clean.floor_char_boundary(self.max_text_bytes));
            clean.push('…');
        }
        clean
    }
}

impl Default for Redaction {
    fn default() -> Self {
        Redaction::new(Vec::new(), 2_000)
    }
}
