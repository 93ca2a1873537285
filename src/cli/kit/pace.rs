//! How fast trials go by, and how long the rest will take.

use std::time::Duration;

use crate::model::duration_s;

/// What to say of trials that go by at this rate, with so much time left at most: nothing before
/// there is a rate.
pub fn words(per_second: f64, left: Option<Duration>) -> String {
    if !per_second.is_normal() || per_second < 0.0 {
        return String::new();
    }
    let rate = match per_second >= 1.0 {
        true => format!("{per_second:.0}/s"),
        false => format!("{:.1}/min", per_second * 60.0),
    };
    let left = left.map(|left| format!(", {} left", duration_s(left.as_secs())));
    format!(" · {rate}{}", left.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_and_time_left_are_told_once_they_are_known() {
        let left = Some(Duration::from_millis(185_400));
        assert_eq!(words(0.0, left), "");
        assert_eq!(words(f64::NAN, left), "");
        assert_eq!(words(0.4, left), " · 24.0/min, 3 min 5 s left");
        assert_eq!(words(240.2, None), " · 240/s");
    }
}
