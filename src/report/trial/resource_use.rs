//! What the services used over time, thinned out so that a long trace stays small.

use std::collections::BTreeMap;

use crate::trace::{Event, EventKind};

/// How many samples are kept of each process or container. With more, every second one is dropped.
const MOST_SAMPLES: usize = 2_000;

/// The samples of each process or container of each service, in order of time.
#[derive(Debug, Default)]
pub struct ResourceUse {
    of: BTreeMap<(String, String), Vec<UseSample>>,
}

/// What a process or container used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UseSample {
    /// When, in microseconds since the trial began.
    pub at_us: u64,
    /// Processor time since its start, in microseconds.
    pub cpu_us: u64,
    /// Its memory; none if it could not be read.
    pub memory_bytes: Option<u64>,
}

impl ResourceUse {
    /// Reads an event, and returns whether it is a sample.
    pub fn take(&mut self, event: &Event) -> bool {
        let EventKind::Resources {
            service,
            identity,
            cpu_us,
            memory_bytes,
            ..
        } = &event.kind
        else {
            return false;
        };
        let samples = self.of.entry((service.clone(), identity.clone()));
        let samples = samples.or_default();
        samples.push(UseSample {
            at_us: event.at_us,
            cpu_us: *cpu_us,
            memory_bytes: *memory_bytes,
        });
        if samples.len() > MOST_SAMPLES {
            let mut nth = 0;
            samples.retain(|_| {
                nth += 1;
                nth % 2 == 1
            });
        }
        true
    }

    /// The services, each as often as it had processes or containers, with their samples.
    pub fn services(&self) -> impl Iterator<Item = (&str, &[UseSample])> {
        let of = self.of.iter();
        of.map(|((service, _), samples)| (service.as_str(), samples.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_trial_an_even_selection_is_kept() {
        let mut used = ResourceUse::default();
        for at_us in 0..10_000 {
            let kind = EventKind::Resources {
                service: "api".to_owned(),
                identity: "1".to_owned(),
                cpu_us: at_us,
                memory_bytes: None,
                fds: None,
                threads: None,
                at_rest: false,
            };
            let seq = at_us;
            assert!(used.take(&Event { seq, at_us, kind }));
        }
        let (service, samples) = used.services().next().unwrap();
        assert_eq!(service, "api");
        assert!((MOST_SAMPLES / 2..=MOST_SAMPLES).contains(&samples.len()));
        assert!(samples.is_sorted_by_key(|sample| sample.at_us));
    }
}
