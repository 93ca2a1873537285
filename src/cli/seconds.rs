//! Times on the command line.

use std::time::Duration;

use anyhow::Context;

/// Reads `2`, `0.5` (seconds), or a duration such as `500ms`.
///
/// # Errors
/// When it is neither, or negative.
pub fn seconds(text: &str) -> anyhow::Result<Duration> {
    match text.parse::<f64>() {
        Ok(number) => Duration::try_from_secs_f64(number).ok(),
        Err(_) => humantime::parse_duration(text).ok(),
    }
    .context("expected seconds, such as `2`, or a duration, such as `500ms`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_seconds() {
        for (text, millis) in [
            ("2", 2_000),
            ("0.5", 500),
            ("500ms", 500),
            ("1m 30s", 90_000),
            ("0", 0),
        ] {
            assert_eq!(seconds(text).unwrap().as_millis(), millis, "{text}");
        }
        for text in ["", "-1", "two", "nan", "inf", "5 parsecs"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
