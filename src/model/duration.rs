//! Durations in words.

use std::time::Duration;

/// A duration for people: `850 µs`, `9 ms`, `1.5 s`, `2 min 5 s`, `1 h 30 min`.
///
/// Below a minute it has at most three digits, above that its two largest units. No other code
/// writes durations for people. One that may be copied into a configuration or a command line is
/// written by [`ceiling::written`](super::ceiling::written), which can be parsed. A plan's own
/// numbers stay exact, in milliseconds, since they are what is executed.
pub fn duration(time: Duration) -> String {
    duration_us(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

/// [`duration`] of whole seconds, for a display that is redrawn often and must not flicker.
pub fn duration_s(seconds: u64) -> String {
    match seconds {
        0 => "0 s".to_owned(),
        _ => duration_us(seconds.saturating_mul(1_000_000)),
    }
}

/// [`duration`] of milliseconds.
pub fn duration_ms(ms: u64) -> String {
    duration_us(ms.saturating_mul(1_000))
}

/// [`duration`] of microseconds.
pub fn duration_us(us: u64) -> String {
    match us {
        0 => "0 ms".to_owned(),
        1..1_000 => format!("{us} µs"),
        // The bounds are where rounding would reach the next unit.
        1_000..999_500 => format!("{} ms", three_digits(us as f64 / 1e3)),
        999_500..59_950_000 => format!("{} s", three_digits(us as f64 / 1e6)),
        _ => two_units(us.saturating_add(500_000) / 1_000_000),
    }
}

/// A moment on the clock of a trial, which counts seconds from the trial's start: `0.345 s`. The
/// page has this one clock for its text, its tables and its timeline.
pub fn moment(us: u64) -> String {
    format!("{}.{:03} s", us / 1_000_000, us / 1_000 % 1_000)
}

/// A number below a thousand, without trailing zeros.
fn three_digits(number: f64) -> String {
    let decimals = match number {
        ..9.995 => 2,
        ..99.95 => 1,
        _ => return format!("{number:.0}"),
    };
    let text = format!("{number:.decimals$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A minute or more, in its largest unit and the next one.
fn two_units(seconds: u64) -> String {
    let (large, small, of_small, seconds_of_small) = match seconds {
        0..3_600 => ("min", "s", 60, 1),
        3_600..86_400 => ("h", "min", 60, 60),
        _ => ("d", "h", 24, 3_600),
    };
    let all = seconds / seconds_of_small;
    match all % of_small {
        0 => format!("{} {large}", all / of_small),
        rest => format!("{} {large} {rest} {small}", all / of_small),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_at_most_three_digits_and_from_a_minute_on_two_units() {
        let expected = [
            (0, "0 ms"),
            (850, "850 µs"),
            (9_000, "9 ms"),
            (9_350, "9.35 ms"),
            (12_340, "12.3 ms"),
            (436_400, "436 ms"),
            (999_499, "999 ms"),
            (999_500, "1 s"),
            (1_500_000, "1.5 s"),
            (1_974_000, "1.97 s"),
            (59_949_999, "59.9 s"),
            (59_950_000, "1 min"),
            (125_000_000, "2 min 5 s"),
            (5_400_000_000, "1 h 30 min"),
            (97_200_000_000, "1 d 3 h"),
        ];
        for (us, words) in expected {
            assert_eq!(duration_us(us), words);
        }
        assert_eq!(duration(Duration::from_millis(20)), "20 ms");
        assert!(duration_ms(u64::MAX).ends_with(" h"));
    }
}
