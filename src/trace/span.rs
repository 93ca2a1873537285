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

    /// The stretches of `span` that none of them shares, in order.
    pub fn gaps(&self, span: Span) -> Vec<Span> {
        let mut gaps = Vec::new();
        let mut from_us = span.from_us;
        for s in self.within(span) {
            if s.from_us > from_us {
                gaps.push(Span {
                    from_us,
                    to_us: s.from_us,
                });
            }
            from_us = s.to_us;
        }
        if span.to_us > from_us {
            gaps.push(Span { from_us, ..span });
        }
        gaps
    }

    /// How much of `span` they cover, in microseconds.
    pub fn covered_us(&self, span: Span) -> u64 {
        let covered = self.within(span).map(|s| {
            let Span { from_us, to_us } = *s;
            to_us
                .min(span.to_us)
                .saturating_sub(from_us.max(span.from_us))
        });
        covered.sum()
    }

    /// Adds a stretch that begins no earlier than any of them did.
    pub fn push(&mut self, latest: Span) {
        match self.0.last_mut() {
            Some(last) if latest.from_us <= last.to_us => last.to_us = last.to_us.max(latest.to_us),
            _ => self.0.push(latest),
        }
    }

    /// Those that share a moment with `span`, in order.
    fn within(&self, span: Span) -> impl Iterator<Item = &Span> {
        let first = self.0.partition_point(|s| s.to_us < span.from_us);
        let rest = self.0[first..].iter();
        rest.take_while(move |s| s.from_us <= span.to_us)
    }
}

impl Span {
    /// From its beginning to its end, in microseconds.
    pub fn length_us(&self) -> u64 {
        self.to_us.saturating_sub(self.from_us)
    }
}

impl FromIterator<Span> for Spans {
    fn from_iter<I: IntoIterator<Item = Span>>(spans: I) -> Self {
        let mut parts: Vec<Span> = spans.into_iter().collect();
        parts.sort();
        let mut united = Spans::default();
        for part in parts {
            united.push(part);
        }
        united
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

            // The gaps and what lies between them by brute force, in unit steps.
            let free = |t: &u64| !parts.iter().any(|p| p.from_us <= *t && *t < p.to_us);
            let steps = asked.from_us..asked.to_us;
            let gaps = united.gaps(asked);
            let in_gaps: Vec<u64> = gaps.iter().flat_map(|g| g.from_us..g.to_us).collect();
            prop_assert_eq!(&in_gaps, &steps.clone().filter(free).collect::<Vec<_>>());
            let covered_us = steps.clone().filter(|t| !free(t)).count() as u64;
            prop_assert_eq!(united.covered_us(asked), covered_us);
            // A part of no length still cuts a gap in two.
            let inside = |t: u64| gaps.iter().any(|g| g.from_us < t && t < g.to_us);
            prop_assert!(!parts.iter().any(|p| inside(p.from_us)));
        }
    }
}
