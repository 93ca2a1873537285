//! The demo, live or simulated, with all that its trials need. The two differ in transport and
//! clock, and in one kind of fault: a live process cannot be cut off from the network.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::parts::{self, BACKEND, NAME};
use super::{DemoError, InMemory, LiveDemo, SimulatedDemo, SimulatedRunner, World};
use crate::app::Variant;
use crate::campaign::{LiveRunner, StackHandle, stack_info};
use crate::executor::{Executor, ResetPolicy, Settings};
use crate::generator::{BackendSpace, Bounds, Space};
use crate::invariant::standard;
use crate::load::{Caps, Connections, Transport, Unpooled};
use crate::model::{FaultName, LogPatterns, Plan, RequestKind};
use crate::nemesis::Journal;
use crate::stack::Stack;
use crate::trace::{Redaction, StackInfo};

/// The demo as two processes, which are started as `executable demo-part …`.
///
/// # Errors
/// When no port is free.
pub fn live(
    executable: PathBuf,
    variant: Variant,
    journal: &Arc<Journal>,
) -> Result<StackHandle, DemoError> {
    let LiveDemo { stack, url, .. } = LiveDemo::new(executable, variant)?;
    let transport = Arc::new(Unpooled::new(&url, None)?);
    let live = |fault: &FaultName| *fault != FaultName::Cut;
    handle(variant, stack, transport, Arc::clone(journal), live)
}

/// The demo in memory, with a new world for each trial.
///
/// # Errors
/// Only if the demo's own settings contradict each other.
pub fn simulated(variant: Variant) -> Result<StackHandle, DemoError> {
    let World { stack, transport } = world(variant, 0);
    let handle = handle(
        variant,
        stack,
        transport,
        Arc::new(Journal::nowhere()),
        |_| true,
    )?;
    Ok(StackHandle {
        info: StackInfo {
            simulated: true,
            ..handle.info
        },
        runner: Box::new(SimulatedRunner::new(move |plan, nth| {
            world(variant, chance(plan, nth))
        })),
        ..handle
    })
}

fn world(variant: Variant, seed: u64) -> World {
    let SimulatedDemo { stack, api } = SimulatedDemo::new(variant, seed);
    let transport = Arc::new(InMemory::new(api));
    World { stack, transport }
}

/// The seed of all chance in a plan's world: another one for each plan of a campaign, and for each
/// of its executions. The factor is the one by which splitmix64 spreads its seeds (Steele, Lea and
/// Flood, OOPSLA 2014).
fn chance(plan: &Plan, nth: u64) -> u64 {
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    let of_plan = plan.index.wrapping_mul(SPREAD).wrapping_add(plan.seed);
    of_plan.wrapping_add(nth.wrapping_mul(SPREAD).rotate_left(32))
}

/// All times are about a hundredth of the defaults.
fn handle(
    variant: Variant,
    stack: Stack,
    transport: Arc<dyn Transport>,
    journal: Arc<Journal>,
    allowed: impl Fn(&FaultName) -> bool,
) -> Result<StackHandle, DemoError> {
    let settings = Settings {
        ready_within: Duration::from_secs(10),
        api_ready_within: Duration::from_secs(10),
        anchor_timeout: Duration::from_millis(300),
        probe_patience: Duration::from_millis(300),
        probe_every: Duration::from_millis(20),
        resources_every: Duration::from_millis(50),
        settle: Duration::from_millis(600),
        ..Settings::default()
    };
    let kinds = parts::kinds();
    let (detected, reconnected) = ("backend connection lost", "reconnected");
    let info = stack_info(
        NAME,
        Some(variant.name()),
        &stack,
        &kinds,
        Connections::Fresh,
    );
    Ok(StackHandle {
        runner: Box::new(LiveRunner),
        space: space(
            &kinds,
            vec![detected.to_owned(), reconnected.to_owned()],
            allowed,
        )?,
        info,
        redaction: Redaction::new(&[], settings.max_text_bytes),
        executor: Executor {
            stack: Arc::new(stack),
            transport,
            kinds,
            caps: Caps::default(),
            limits: parts::limits(),
            settings,
            journal,
        },
        log: LogPatterns {
            detected: Some(detected.to_owned()),
            reconnected: Some(reconnected.to_owned()),
            forbidden: Vec::new(),
        },
        invariants: standard(),
        reset_policy: ResetPolicy::Always,
    })
}

fn space(
    kinds: &[RequestKind],
    log: Vec<String>,
    allowed: impl Fn(&FaultName) -> bool,
) -> Result<Space, DemoError> {
    let backends = vec![BackendSpace {
        name: BACKEND.to_owned(),
        faults: FaultName::OF_SERVICES.into_iter().filter(allowed).collect(),
    }];
    let mix = kinds
        .iter()
        .map(|kind| (kind.name.clone(), kind.weight))
        .collect();
    // Outages reach beyond the longest time that an answer may take.
    let bounds = Bounds {
        outage_ms: 5..=3_000,
        max_plan_ms: 4_000,
        ..Bounds::default().scaled(0.01)
    };
    let space = Space::new(backends, mix, log, bounds)?;
    Ok(space.with_jobs_of(kinds).at_scale_of(&parts::limits()))
}
