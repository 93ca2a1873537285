//! Values that options take: times, shares, seeds.

use std::fmt;
use std::ops::RangeInclusive;
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

/// Reads a time as [`seconds`] does, and refuses zero.
///
/// # Errors
/// When it cannot be read, or is zero.
pub fn above_zero(text: &str) -> anyhow::Result<Duration> {
    let time = seconds(text)?;
    anyhow::ensure!(!time.is_zero(), "expected a time above zero");
    Ok(time)
}

/// Reads whole numbers of this range. clap's own parser says "invalid digit found in string".
pub fn whole<N>(
    range: RangeInclusive<N>,
) -> impl Fn(&str) -> anyhow::Result<N> + Clone + Send + Sync + 'static
where
    N: Copy + PartialOrd + fmt::Display + std::str::FromStr + Send + Sync + 'static,
{
    move |text| {
        let number = text.trim().parse().ok();
        number
            .filter(|number| range.contains(number))
            .with_context(|| {
                let (least, most) = (range.start(), range.end());
                match most.to_string() == u64::MAX.to_string() {
                    true => format!("expected a whole number, {least} or more"),
                    false => format!("expected a whole number from {least} to {most}"),
                }
            })
    }
}

/// Reads a seed.
///
/// # Errors
/// When it is not one.
pub fn seed(text: &str) -> anyhow::Result<u64> {
    whole(0..=u64::MAX)(text)
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
    fn numbers_outside_of_their_range_are_refused_in_words() {
        assert_eq!(whole(1..=64_u64)("64").unwrap(), 64);
        for text in ["0", "65", "-1", "many", "1.5", ""] {
            let error = whole(1..=64_u64)(text).unwrap_err().to_string();
            assert_eq!(error, "expected a whole number from 1 to 64", "{text}");
        }
        let error = seed("-1").unwrap_err().to_string();
        assert_eq!(error, "expected a whole number, 0 or more");
        assert!(above_zero("0s").is_err() && above_zero("1ms").is_ok());
    }

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
