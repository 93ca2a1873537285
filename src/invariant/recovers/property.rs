//! No API is accused that recovers in time, whatever the plan, and one that never does is called
//! that.

use proptest::prelude::*;

use crate::invariant::{judge, standard};
use crate::model::{FaultKind, Verdict};
use crate::trace::script::{PROBE_EVERY_MS, Script};
use crate::trace::{Phase, Trace};

/// What an API does after its backend is ready again.
#[derive(Debug, Clone, Copy)]
enum Api {
    /// It is back so long after ready, whether or not it is asked.
    ByItself,
    /// It is back so long after it was first asked.
    WhenAsked,
    /// It is back after some failed attempts: as many as the harness's probes make in its time.
    ByAttempts,
    /// It is never back.
    Never,
}

/// A trial of one kind: requests of a plan after the ready at 80 ms, and then the harness's probes.
/// Each takes `took_ms`.
struct Course {
    api: Api,
    takes_ms: u64,
    took_ms: u64,
    script: Script,
    first_ms: Option<u64>,
    failed: u64,
    row: u64,
    count: u64,
}

impl Course {
    fn of(api: Api, takes_ms: u64, took_ms: u64, plan: &[u64], recovery_ms: u64) -> Trace {
        let mut course = Course {
            api,
            takes_ms,
            took_ms,
            script: Script::new(&["sync"]).fault("f1", FaultKind::Kill, 30, 80),
            first_ms: None,
            failed: 0,
            row: 0,
            count: 0,
        };
        let mut now_ms = 81;
        for gap_ms in plan {
            now_ms += gap_ms;
            course.ask(now_ms);
            now_ms += took_ms;
        }
        course.script = course.script.phase(now_ms, Phase::Recovery);
        let deadline_ms = now_ms + recovery_ms;
        course.row = 0;
        while course.row < 3 && now_ms <= deadline_ms {
            course.ask(now_ms);
            now_ms += took_ms + PROBE_EVERY_MS;
        }
        let mut trace = course.script.finish(now_ms.max(deadline_ms));
        trace.header.limits.recovery_ms = recovery_ms;
        trace
    }

    fn ask(&mut self, at_ms: u64) {
        let first_ms = *self.first_ms.get_or_insert(at_ms);
        let is_back = match self.api {
            Api::ByItself => at_ms >= 80 + self.takes_ms,
            Api::WhenAsked => at_ms >= first_ms + self.takes_ms,
            Api::ByAttempts => self.failed >= self.takes_ms / (self.took_ms + PROBE_EVERY_MS),
            Api::Never => false,
        };
        let script = std::mem::replace(&mut self.script, Script::new(&[]));
        let sent = script.sent(at_ms, self.count, "sync");
        self.script = match is_back {
            true => sent.ok(at_ms + self.took_ms, self.count),
            false => sent.failed(at_ms + self.took_ms, self.count, 503, "away"),
        };
        self.count += 1;
        self.failed += u64::from(!is_back);
        self.row = if is_back { self.row + 1 } else { 0 };
    }
}

/// Gaps between the requests of a plan, from a steady load to a few requests in a minute.
fn any_gaps() -> impl Strategy<Value = Vec<u64>> {
    prop_oneof![
        prop::collection::vec(1_u64..50, 0..40),
        prop::collection::vec(1_u64..20_000, 0..8),
        prop::collection::vec(prop_oneof![1_u64..50, 1_u64..20_000], 0..20),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// The slack is what three successes in a row take, and a request that was just under way.
    #[test]
    fn no_api_is_accused_that_recovers_in_time_whatever_the_plan_and_one_that_never_does_is_named_so(
        api in prop::sample::select(vec![Api::ByItself, Api::WhenAsked, Api::ByAttempts, Api::Never]),
        takes_ms in 0_u64..3_000, took_ms in 1_u64..90, more_ms in 0_u64..500, gaps in any_gaps(),
    ) {
        let slack_ms = 5 * (took_ms + PROBE_EVERY_MS);
        let trace = Course::of(api, takes_ms, took_ms, &gaps, takes_ms + slack_ms + more_ms);
        let judgement = judge(&trace, &trace.header.limits, &standard());
        let signature = judgement.signature.as_ref().map(ToString::to_string);
        let never = Some("v1/recovers/sync/never-recovered/kill");
        match api {
            Api::Never => prop_assert_eq!(signature.as_deref(), never, "{:?}", judgement),
            _ => prop_assert_eq!(judgement.verdict, Verdict::Holds, "{:?}", judgement),
        }
    }
}
