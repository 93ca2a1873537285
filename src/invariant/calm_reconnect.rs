//! No flood while reconnecting.

use super::{Invariant, wording};
use crate::model::{API, Finding, Limits};
use crate::trace::{EventKind, View};

/// The length of the window over which log lines are counted, in microseconds. A start-up banner or a traceback is
/// no flood; what goes on for ten seconds is.
const WINDOW_US: u64 = 10_000_000;

/// From the first fault on, the API logs no more than `log-lines` lines a second, over any ten seconds, also long
/// after recovery: a loop without a pause shows in its log first.
pub struct CalmReconnect;

impl Invariant for CalmReconnect {
    fn name(&self) -> &'static str {
        "calm-reconnect"
    }

    fn check(&self, view: &View<'_>, limits: &Limits) -> Finding {
        if !view.header().stack.api_observed {
            return Finding::holds(self.name(), "the API's log is not observed");
        }
        let Some(fault) = view.faults().next() else {
            return Finding::holds(self.name(), "no fault was done");
        };
        let lines: Vec<(u64, u64)> = view
            .under_test()
            .iter()
            .filter(|event| event.seq >= fault.began.seq)
            .filter(|event| matches!(&event.kind, EventKind::Log { service, .. } if service == API))
            .map(|event| (event.at_us, event.seq))
            .collect();
        let allowed = limits.log_lines_per_s.saturating_mul(WINDOW_US / 1_000_000);
        let mut begin = 0;
        let mut most = 0;
        for (end, (at_us, seq)) in lines.iter().enumerate() {
            while at_us - lines[begin].0 > WINDOW_US {
                begin += 1;
            }
            let count = (end - begin + 1) as u64;
            most = most.max(count);
            if count > allowed {
                let message = format!(
                    "the API logged {count} lines within ten seconds, where {allowed} are allowed, {}",
                    wording::place(view, *seq, *at_us)
                );
                let began = lines[begin].1;
                return Finding::violated(
                    self.name(),
                    "log-flood",
                    None,
                    message,
                    began,
                    vec![*seq],
                );
            }
        }
        Finding::holds(
            self.name(),
            format!("at most {most} log lines of the API within ten seconds"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FaultKind, Verdict};
    use crate::trace::script::{Script, limits};

    /// So many lines, one each so many milliseconds, from the fault on.
    fn verdict(count: u64, every_ms: u64) -> Verdict {
        let script = Script::new(&["sync"]).fault("f1", FaultKind::Kill, 30, 80);
        let line = || EventKind::Log {
            service: API.to_owned(),
            line: "retrying".to_owned(),
            source_at: None,
        };
        let script = (0..count).fold(script, |script, nth| {
            script.event(40 + nth * every_ms, line())
        });
        let trace = script.good_row(90, 2, "sync").finish(60_000);
        let limits = Limits {
            log_lines_per_s: 2,
            ..limits()
        };
        CalmReconnect.check(&View::new(&trace), &limits).verdict
    }

    #[test]
    fn a_loop_without_a_pause_is_a_flood_and_a_traceback_is_not() {
        assert_eq!(verdict(21, 1), Verdict::Violated);
        assert_eq!(verdict(20, 1), Verdict::Holds);
        assert_eq!(verdict(60, 900), Verdict::Holds);
        assert_eq!(verdict(60, 300), Verdict::Violated);
    }
}
