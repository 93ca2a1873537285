//! Spans of a trial's time.

/// A span of time, both ends included, in microseconds since the trial began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Its beginning.
    pub from_us: u64,
    /// Its end; `u64::MAX` if it did not end.
    pub to_us: u64,
}

/// A union of spans: they are in order, and no two of them touch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spans {
    all: Vec<Span>,
    /// How much time the spans before each span cover. Without it, a million requests that never
    /// ended would each need a walk through all spans.
    before_us: Vec<u64>,
}

impl Spans {
    /// Whether they overlap `span`.
    pub fn touch(&self, span: Span) -> bool {
        let first = self.all.partition_point(|s| s.to_us < span.from_us);
        self.all.get(first).is_some_and(|s| s.from_us <= span.to_us)
    }

    /// The parts of `span` that they do not cover, in order.
    pub fn gaps(&self, span: Span) -> Vec<Span> {
        let mut gaps = Vec::new();
        let mut from_us = span.from_us;
        for s in self.within(span) {
            let to_us = s.from_us;
            gaps.push(Span { from_us, to_us });
            from_us = s.to_us;
        }
        gaps.push(Span { from_us, ..span });
        gaps.retain(|gap| gap.from_us < gap.to_us);
        gaps
    }

    /// How much of `span` they cover, in microseconds.
    pub fn covered_us(&self, span: Span) -> u64 {
        let until = self.covered_until_us(span.to_us);
        until.saturating_sub(self.covered_until_us(span.from_us))
    }

    /// How much of the time up to a moment they cover.
    fn covered_until_us(&self, at_us: u64) -> u64 {
        let place = self.all.partition_point(|s| s.from_us < at_us);
        let Some(last) = place.checked_sub(1) else {
            return 0;
        };
        let begun = self.all[last];
        self.before_us[last] + begun.to_us.min(at_us) - begun.from_us
    }

    /// How much time they cover from a moment on, until `free_us` have passed outside of them. A
    /// binary search finds the end.
    pub(super) fn covered_while_free_us(&self, from_us: u64, free_us: u64) -> u64 {
        let covered_us = self.covered_until_us(from_us);
        // The free time before a span grows from one to the next.
        let (mut begun, mut later) = (0, self.all.len());
        while begun < later {
            let middle = begun.midpoint(later);
            let before_us = self.all[middle].from_us.saturating_sub(from_us);
            let covered_before_us = self.before_us[middle].saturating_sub(covered_us);
            let free_before_us = before_us.saturating_sub(covered_before_us);
            match self.all[middle].from_us <= from_us || free_before_us < free_us {
                true => begun = middle + 1,
                false => later = middle,
            }
        }
        let Some(last) = begun.checked_sub(1) else {
            return 0;
        };
        let all_us = self.before_us[last] + self.all[last].length_us();
        all_us.saturating_sub(covered_us)
    }

    /// The spans, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Span> {
        self.all.iter()
    }

    /// Adds a span that ends no earlier than any of them.
    pub fn push(&mut self, mut latest: Span) {
        while let Some(last) = self.all.pop_if(|last| last.to_us >= latest.from_us) {
            self.before_us.pop();
            latest.from_us = latest.from_us.min(last.from_us);
            latest.to_us = latest.to_us.max(last.to_us);
        }
        let last = self.all.last().zip(self.before_us.last());
        let covered = last.map_or(0, |(last, before_us)| before_us + last.length_us());
        self.before_us.push(covered);
        self.all.push(latest);
    }

    /// The spans that overlap `span`, in order.
    fn within(&self, span: Span) -> impl Iterator<Item = &Span> {
        let first = self.all.partition_point(|s| s.to_us < span.from_us);
        let rest = self.all[first..].iter();
        rest.take_while(move |s| s.from_us <= span.to_us)
    }
}

impl Span {
    /// The span of a given length that ended at a moment, cut off at the trial's beginning.
    pub fn before(to_us: u64, length_us: u64) -> Self {
        Span {
            from_us: to_us.saturating_sub(length_us),
            to_us,
        }
    }

    /// Whether the two overlap.
    pub fn touches(&self, other: Span) -> bool {
        self.from_us <= other.to_us && other.from_us <= self.to_us
    }

    /// How much time both share, in microseconds.
    pub fn shared_us(&self, other: Span) -> u64 {
        let from_us = self.from_us.max(other.from_us);
        self.to_us.min(other.to_us).saturating_sub(from_us)
    }

    /// Its length in microseconds.
    pub fn length_us(&self) -> u64 {
        self.to_us.saturating_sub(self.from_us)
    }
}

impl FromIterator<Span> for Spans {
    fn from_iter<I: IntoIterator<Item = Span>>(spans: I) -> Self {
        let mut parts: Vec<Span> = spans.into_iter().collect();
        parts.sort_unstable();
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
            prop_assert!(united.all.windows(2).all(|pair| pair[0].to_us < pair[1].from_us));
            prop_assert_eq!(united.touch(asked), (asked.from_us..=asked.to_us).any(covered));

            // The gaps and what lies between them by brute force, in unit steps.
            let free = |t: &u64| !parts.iter().any(|p| p.from_us <= *t && *t < p.to_us);
            let steps = asked.from_us..asked.to_us;
            let gaps = united.gaps(asked);
            let in_gaps: Vec<u64> = gaps.iter().flat_map(|g| g.from_us..g.to_us).collect();
            prop_assert_eq!(&in_gaps, &steps.clone().filter(free).collect::<Vec<_>>());
            let covered_us = steps.clone().filter(|t| !free(t)).count() as u64;
            prop_assert_eq!(united.covered_us(asked), covered_us);
            // How much is covered until so much was free, by brute force.
            let mut left = asked.length_us();
            let mut covered_us = 0;
            for t in asked.from_us.. {
                if left == 0 {
                    break;
                }
                match free(&t) {
                    true => left -= 1,
                    false => covered_us += 1,
                }
            }
            if asked.length_us() > 0 {
                let found_us = united.covered_while_free_us(asked.from_us, asked.length_us());
                prop_assert_eq!(found_us, covered_us);
            }
            // A part of no length still cuts a gap in two.
            let inside = |t: u64| gaps.iter().any(|g| g.from_us < t && t < g.to_us);
            prop_assert!(!parts.iter().any(|p| inside(p.from_us)));
        }
    }
}
