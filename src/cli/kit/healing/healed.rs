//! What was healed and what was not, for people and as JSON.

use serde::Serialize;

/// What was done, for people and as JSON.
#[derive(Debug, Default, Serialize)]
pub struct Healed {
    /// What was undone.
    pub undone: Vec<String>,
    /// Runs that are alive, and were left alone.
    pub alive: Vec<u32>,
    /// What could not be undone, and journals that could not be read.
    pub failed: Vec<String>,
}

impl Healed {
    pub fn text(&self) -> String {
        let mut lines = Vec::new();
        lines.extend(self.undone.iter().map(|what| format!("healed: {what}")));
        lines.extend(
            self.failed
                .iter()
                .map(|what| format!("NOT healed: {what}; try again when that is fixed")),
        );
        let alive = self.alive.iter();
        lines.extend(
            alive.map(|pid| format!("the run with process id {pid} is alive and was left alone")),
        );
        if lines.is_empty() {
            lines.push("nothing to heal".to_owned());
        }
        lines.join("\n")
    }
}
