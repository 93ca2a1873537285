//! Times on the command line.

use std::time::Duration;

use anyhow::Context;

use crate::model::ceiling::{self, DurationError};

/// Reads `2`, `0.5` (seconds), or a duration such as `500ms`.
///
/// # Errors
/// When it is neither, or negative, or longer than [`ceiling::LONGEST`].
pub fn seconds(text: &str) -> anyhow::Result<Duration> {
    match text.parse::<f64>() {
        Ok(number) => Duration::try_from_secs_f64(number).ok(),
        Err(_) => match ceiling::duration(text) {
            Err(DurationError::TooLong) => return Err(DurationError::TooLong.into()),
            read => read.ok(),
        },
    }
    .context("expected seconds, such as `2`, or a duration, such as `500ms`")
    .and_then(|duration| Ok(ceiling::bounded(duration)?))
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
        for text in ["31622401", "1e18", "367d", "18446744073709551615s"] {
            let error = seconds(text).unwrap_err().to_string();
            assert!(error.contains("longer than 366 days"), "{text}: {error}");
        }
    }
}
