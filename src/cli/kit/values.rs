//! Values that options take: times, shares, seeds.

use std::time::Duration;

use anyhow::{Context, bail};

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

/// A seed from the clock's nanoseconds, short enough to be typed again.
pub fn seed_of_now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |since| u64::from(since.subsec_nanos()))
}

/// Reads `5%` or `0.05`.
///
/// # Errors
/// When it is neither, or not between 0 and 1.
pub fn share(text: &str) -> anyhow::Result<f64> {
    let number = |text: &str| {
        let number = text.trim().parse::<f64>();
        number.context("expected a share such as `5%` or `0.05`")
    };
    let share = match text.strip_suffix('%') {
        Some(percent) => number(percent)? / 100.0,
        None => number(text)?,
    };
    if !(0.0..=1.0).contains(&share) {
        bail!("a share lies between 0% and 100%");
    }
    Ok(share)
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
