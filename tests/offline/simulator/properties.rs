//! What is true of every plan, on every variant of the demo.

use std::sync::Arc;
use std::time::Duration;

use crate::trial;
use comeback::app::Variant;
use comeback::campaign::StackHandle;
use comeback::demo::{self, InMemory, SimulatedDemo};
use comeback::executor::{EarlyEnd, Executor};
use comeback::generator;
use comeback::invariant::{judge, standard};
use comeback::model::{Action, Fault, FaultKind, Limits, Pace, Plan, Step, Verdict};
use comeback::stack::ServiceState;
use comeback::trace::{Recorder, Trace};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::FileFailurePersistence;
use tokio::time::{sleep, timeout};

/// What failed once is tried first from then on.
fn cases(cases: u32) -> ProptestConfig {
    let file = FileFailurePersistence::Direct("proptest-regressions/simulator.txt");
    ProptestConfig {
        failure_persistence: Some(Box::new(file)),
        ..ProptestConfig::with_cases(cases)
    }
}

fn correct() -> impl Strategy<Value = Variant> {
    let correct = Variant::ALL.iter().copied().filter(|v| v.is_correct());
    select(correct.collect::<Vec<_>>())
}

fn any_variant() -> impl Strategy<Value = Variant> {
    select(Variant::ALL)
}

/// A handle, and a plan drawn for it.
fn drawn(variant: Variant, seed: u64, index: u64) -> (StackHandle, Plan) {
    let handle = demo::simulated(variant).unwrap();
    let plan = generator::plan(&handle.space, seed, index);
    (handle, plan)
}

fn trial(variant: Variant, seed: u64, index: u64) -> Trace {
    let (handle, plan) = drawn(variant, seed, index);
    trial::simulated(&handle, &plan, 0)
}

/// The longest that a trial of a plan may take: whatever is awaited in it is bounded by the plan, a setting or a limit.
fn longest(handle: &StackHandle, plan: &Plan) -> Duration {
    let (settings, limits) = (&handle.executor.settings, &handle.executor.limits);
    let ms = Duration::from_millis;
    let hang = ms(limits.answer_ms + limits.job_ms);
    let step = |step: &Step| match &step.action {
        Action::Wait(wait) => ms(wait.wait_ms),
        Action::Fault(fault) => outage(fault) + settings.ready_within / 10,
        Action::Burst(burst) => {
            let rows = burst.count.div_ceil(burst.concurrency);
            let pace = match burst.pace {
                Pace::Closed { think_ms } => ms(think_ms) * burst.count,
                Pace::Open { rate_per_s } => {
                    Duration::from_secs_f64(f64::from(burst.count) / rate_per_s)
                }
            };
            pace + hang * rows
        }
    };
    let steps = plan.steps.iter();
    let plan = steps
        .map(|s| step(s) + settings.anchor_timeout)
        .sum::<Duration>();
    let set_up = ms(limits.recovery_ms) + settings.settle;
    let after = ms(limits.recovery_ms) + hang + settings.settle;
    set_up + plan + after
}

/// How long a fault keeps its backend away, acts included.
fn outage(fault: &Fault) -> Duration {
    let outage = Duration::from_millis(fault.outage_ms);
    match fault.kind {
        FaultKind::Stop { grace_ms } => outage + Duration::from_millis(grace_ms),
        FaultKind::Rapid { restarts, gap_ms } => {
            (outage + Duration::from_millis(gap_ms)) * restarts
        }
        _ => outage,
    }
}

/// Executes a plan in a world of its own, interrupted after a while, and names the backends that are not running or, by the direct probe, not
/// to be reached when it is over.
fn unhealed(variant: Variant, seed: u64, index: u64, after: Duration) -> Vec<String> {
    let (handle, plan) = drawn(variant, seed, index);
    let SimulatedDemo { stack, api } = SimulatedDemo::new(variant, seed);
    let executor = Executor {
        stack: Arc::new(stack),
        transport: Arc::new(InMemory::new(api)),
        ..handle.executor.clone()
    };
    let world = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    world.block_on(async {
        executor.bring_up(&|_| {}).await.unwrap();
        let recorder = Recorder::new(None, handle.redaction.clone(), u64::MAX);
        let never = EarlyEnd {
            after: Duration::ZERO,
            is_decided: |_| false,
        };
        executor.trial(&plan, &recorder, sleep(after), never).await;
        let mut unhealed = Vec::new();
        for backend in &executor.stack.backends {
            let state = backend.driver.state().await.unwrap();
            let ready = async {
                while backend.probe.ready(&*backend.driver).await.is_err() {
                    sleep(backend.probe_every).await;
                }
            };
            let reached = timeout(handle.executor.settings.ready_within, ready).await;
            if state != ServiceState::Running || reached.is_err() {
                unhealed.push(format!("{}: {state:?}, {reached:?}", backend.name));
            }
        }
        unhealed
    })
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn any_plan_on_a_correct_variant_holds(variant in correct(), seed in any::<u64>(), index in 0_u64..1_000) {
        let judgement = trial(variant, seed, index).judgement.unwrap();
        prop_assert_eq!(judgement.verdict, Verdict::Holds, "{:?}", judgement);
    }

    /// By the recorded limits the verdict is the recorded one, and by looser ones nothing that held is violated.
    #[test]
    fn a_real_trace_judged_again_gives_the_same_verdict(
        variant in any_variant(), seed in any::<u64>(), index in 0_u64..1_000, factor in 1_u64..20,
    ) {
        let trace = trial(variant, seed, index);
        let recorded = trace.judgement.clone().unwrap();
        let limits = trace.header.limits.clone();
        prop_assert_eq!(&judge(&trace, &limits, &standard()), &recorded);

        let looser = Limits {
            answer_ms: limits.answer_ms * factor,
            job_ms: limits.job_ms * factor,
            recovery_ms: limits.recovery_ms * factor,
            stragglers: limits.stragglers + factor,
            log_lines_per_s: limits.log_lines_per_s * factor,
            ..limits
        };
        let again = judge(&trace, &looser, &standard());
        for (before, after) in recorded.findings.iter().zip(&again.findings) {
            if before.verdict == Verdict::Holds {
                prop_assert!(after.verdict != Verdict::Violated, "{before:?}\n{after:?}");
            }
        }
    }

    /// Wherever a trial is interrupted, its backends run when it is over.
    #[test]
    fn whatever_happens_the_stack_ends_healed(
        variant in any_variant(), seed in any::<u64>(), index in 0_u64..1_000, after_ms in 0_u64..10_000,
    ) {
        let unhealed = unhealed(variant, seed, index, Duration::from_millis(after_ms));
        prop_assert!(unhealed.is_empty(), "{unhealed:?}");
    }

    #[test]
    fn no_plan_makes_the_executor_outlive_its_own_limits(
        variant in any_variant(), seed in any::<u64>(), index in 0_u64..1_000,
    ) {
        let (handle, plan) = drawn(variant, seed, index);
        let longest = longest(&handle, &plan);
        let trace = trial(variant, seed, index);
        let took = Duration::from_micros(trace.events.last().unwrap().at_us);
        prop_assert!(took <= longest, "{took:?} of {longest:?}");
    }
}
