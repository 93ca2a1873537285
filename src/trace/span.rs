//! Stretches of a trial's time.

/// A stretch of time, both ends included, in microseconds since the trial began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Its beginning.
    pub from_us: u64,
    /// Its end; `u64::MAX` where none was seen.
    pub to_us: u64,
}

/// Stretches of time, united: in order, and no two of them touch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spans(Vec<Span>);

impl Spans {
    /// Whether any of them shares a moment with `span`.
    pub fn touch(&self, span: Span) -> bool {
        let first = self.0.partition_point(|s| s.to_us < span.from_us);
        self.0.get(first).is_some_and(|s| s.from_us <= span.to_us)
    }

    /// The longest stretch of `span`, in microseconds, that none of them shares.
    pub fn longest_gap_us(&self, span: Span) -> u64 {
        let mut longest = 0;
        let mut from_us = span.from_us;
        let first = self.0.partition_point(|s| s.to_us < span.from_us);
        for s in self.0[first..]
            .iter()
            .take_while(|s| s.from_us <= span.to_us)
        {
            longest = longest.max(s.from_us.saturating_sub(from_us));
            from_us = s.to_us;
        }
        longest.max(span.to_us.saturating_sub(from_us))
    }
}

impl FromIterator<Span> for Spans {
    fn from_iter<I: IntoIterator<Item = Span>>(spans: I) -> Self {
        let mut parts: Vec<Span> = spans.into_iter().collect();
        parts.sort();
        let mut united: Vec<Span> = Vec::new();
        for part in parts {
            match united.last_mut() {
                Some(last) if part.from_us <= last.to_us => last.to_us = last.to_us.max(part.to_us),
                _ => united.push(part),
            }
        }
        Spans(united)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_span() -> impl Strategy<Value = Span> {
        (0_u64..60, 0_u64..20).prop_map(|(from_us, length)| Span {
            from_us,
            to_us: from_us + length,
        })
    }

    proptest! {
        #[test]
        fn uniting_keeps_every_moment_and_adds_none(
            parts in prop::collection::vec(any_span(), 0..8),
            asked in any_span(),
        ) {
            let united: Spans = parts.iter().copied().collect();
            let covered = |t: u64| parts.iter().any(|p| p.from_us <= t && t <= p.to_us);
            prop_assert!(united.0.windows(2).all(|pair| pair[0].to_us < pair[1].from_us));
            prop_assert_eq!(united.touch(asked), (asked.from_us..=asked.to_us).any(covered));

            // The gap by brute force: the longest run of unit steps whose inside no part covers.
            let free = |t: u64| !parts.iter().any(|p| p.from_us <= t && t < p.to_us);
            let (mut run, mut longest) = (0, 0);
            for t in asked.from_us..asked.to_us {
                // A part of no length still cuts a gap in two.
                let cut = parts.iter().any(|p| p.from_us == t);
                run = if !free(t) { 0 } else if cut { 1 } else { run + 1 };
                longest = longest.max(run);
            }
            prop_assert_eq!(united.longest_gap_us(asked), longest);
        }
    }
}
