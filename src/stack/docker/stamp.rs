//! The engine's timestamps in events and logs.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Reads an RFC 3339 time. Docker writes UTC; Podman writes local time with an offset.
pub(super) fn parse(text: &str) -> Option<SystemTime> {
    if let Ok(utc) = humantime::parse_rfc3339(text) {
        return Some(utc);
    }
    let (local, offset) = text.split_at_checked(text.len().checked_sub("+00:00".len())?)?;
    let local = humantime::parse_rfc3339(&format!("{local}Z")).ok()?;
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let minutes = hours.parse::<u64>().ok()? * 60 + minutes.parse::<u64>().ok()?;
    let offset_length = Duration::from_secs(minutes * 60);
    match offset.chars().next()? {
        '+' => local.checked_sub(offset_length),
        '-' => local.checked_add(offset_length),
        _ => None,
    }
}

/// Whole seconds since 1970. A log can be resumed only at a whole second.
pub(super) fn whole_seconds(time: SystemTime) -> u64 {
    since_epoch(time).as_secs()
}

/// Seconds since 1970 with nanoseconds, for the engine's queries.
pub(super) fn query(time: SystemTime) -> String {
    let time = since_epoch(time);
    format!("{}.{:09}", time.as_secs(), time.subsec_nanos())
}

/// Formats an event's time, in nanoseconds since 1970, as RFC 3339.
pub(super) fn rfc3339(nanos: i64) -> Option<String> {
    let nanos = u64::try_from(nanos).ok()?;
    let time = UNIX_EPOCH.checked_add(Duration::from_nanos(nanos))?;
    Some(humantime::format_rfc3339_nanos(time).to_string())
}

fn since_epoch(time: SystemTime) -> Duration {
    // A time before 1970 counts as 1970, so everything is new.
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utc_and_offsets_name_the_same_moment() {
        let moment = parse("2026-01-02T03:04:05.123456789Z");
        assert!(moment.is_some());
        assert_eq!(parse("2026-01-02T05:04:05.123456789+02:00"), moment);
        assert_eq!(parse("2026-01-01T21:34:05.123456789-05:30"), moment);
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "Error",
            "2026-01-02T03:04:05",
            "äöü+02:00",
            "2026-01-02T03:04:05+aa:bb",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn event_times_are_written_in_full() {
        let text = rfc3339(1_700_000_000_000_000_001);
        assert_eq!(text.as_deref(), Some("2023-11-14T22:13:20.000000001Z"));
        let time = parse("2023-11-14T22:13:20.000000001Z").expect("a time");
        assert_eq!(query(time), "1700000000.000000001");
        assert_eq!(whole_seconds(time), 1_700_000_000);
    }
}
