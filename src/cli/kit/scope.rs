//! What a run on a stack may touch, read off its concrete parts.

use std::collections::BTreeSet;

use crate::campaign::StackHandle;
use crate::executor::ResetPolicy;
use crate::model::{API, Act, Fault, FaultKind, FaultName, LinkFault, Plan};
use crate::nemesis::fault_acts;
use crate::report::{Ability, Scope, Touched};
use crate::stack::{Driver, Subject};

/// How many digits of a container's id are shown, as by the `docker` command.
const ID_DIGITS: usize = 12;

/// What a run of any plans may touch, or of these.
pub fn of(handle: &StackHandle, plans: Option<&[Plan]>) -> Scope {
    let executor = &handle.executor;
    let clean = |text: &str| handle.redaction.apply(text);
    let backends = executor.stack.backends.iter();
    let services = backends
        .map(|backend| Touched {
            probe: Some(clean(&backend.probe.means())),
            ..touched(handle, &backend.name, &*backend.driver, plans)
        })
        .chain(
            executor
                .stack
                .api
                .iter()
                .map(|api| touched(handle, API, &**api, plans)),
        );
    let caps = &executor.caps;
    let kinds = executor.kinds.iter();
    Scope {
        stack: handle.info.name.clone(),
        services: services.collect(),
        url: clean(executor.transport.url()),
        requests: kinds
            .map(|kind| clean(&format!("{} {}", kind.method, kind.path)))
            .collect(),
        caps: format!(
            "at most {} at once, {} per second and {} in a trial",
            caps.in_flight, caps.rate_per_s, caps.requests
        ),
        forecast: None,
    }
}

fn touched(
    handle: &StackHandle,
    name: &str,
    driver: &dyn Driver,
    plans: Option<&[Plan]>,
) -> Touched {
    let allowed = allowed(handle, name, plans);
    let ability = |fault: FaultName| match acts(fault).iter().all(|act| driver.supports(*act)) {
        false => Ability::Cannot,
        true if allowed.contains(fault.name()) => Ability::Yes,
        true => Ability::NotAllowed,
    };
    let faults = Vec::from_iter(
        FaultName::all()
            // Most backends have no link, and ten lines that say so help nobody.
            .filter(|fault| !fault.needs_link() || driver.supports(Act::Lift))
            .map(|fault| (fault, ability(fault))),
    );
    let done = faults
        .iter()
        .filter(|(_, ability)| *ability == Ability::Yes);
    let mut all = Vec::from_iter(done.flat_map(|(fault, _)| acts(*fault)));
    let lives_as_long_as_we = !driver.outlives_us();
    if handle.reset_policy != ResetPolicy::Never || lives_as_long_as_we {
        all.extend(acts(FaultName::Stop));
    }
    let mut told: Vec<String> = Vec::new();
    for act in all {
        let act = match act {
            Act::Disturb(_) => "disturb the link".to_owned(),
            act => act.to_string(),
        };
        if !told.contains(&act) {
            told.push(act);
        }
    }
    let subject = driver.subject();
    let subjects = [Some(subject.clone()), driver.link()];
    let what = subjects
        .iter()
        .flatten()
        .flat_map(what)
        .map(|line| handle.redaction.apply(&line));
    Touched {
        service: name.to_owned(),
        driver: subject.driver().to_owned(),
        what: what.collect(),
        faults: faults
            .into_iter()
            .map(|(fault, ability)| (fault.name().to_owned(), ability))
            .collect(),
        acts: told,
        probe: None,
    }
}

/// The names of the faults that may be done to a service.
fn allowed(handle: &StackHandle, name: &str, plans: Option<&[Plan]>) -> BTreeSet<&'static str> {
    match plans {
        Some(plans) => {
            let faults = plans.iter().flat_map(Plan::faults);
            let own = faults.filter(|(_, fault)| fault.backend == name);
            own.map(|(_, fault)| fault.kind.name()).collect()
        }
        None => {
            let own = handle.space.backends().iter().filter(|b| b.name == name);
            own.flat_map(|backend| &backend.faults)
                .map(|fault| fault.name())
                .collect()
        }
    }
}

/// The acts that a kind of fault consists of.
fn acts(fault: FaultName) -> Vec<Act> {
    let kind = match fault {
        FaultName::Stop => FaultKind::Stop { grace_ms: 0 },
        FaultName::Kill => FaultKind::Kill,
        FaultName::Rapid => FaultKind::Rapid {
            restarts: 2,
            gap_ms: 0,
        },
        FaultName::Pause => FaultKind::Pause,
        FaultName::Cut => FaultKind::Cut,
        // Every link can do every fault, so the numbers do not matter.
        FaultName::Link(_) => FaultKind::Link(LinkFault::Reset),
    };
    let fault = Fault {
        backend: String::new(),
        kind,
        outage_ms: 0,
    };
    fault_acts(&fault)
        .into_iter()
        .map(|timed| timed.act)
        .collect()
}

/// Exactly what a driver touches, a line each.
fn what(subject: &Subject) -> Vec<String> {
    match subject {
        Subject::Docker { engine, id, name } => {
            let id = id.get(..ID_DIGITS).unwrap_or(id);
            vec![format!(
                "the container `{name}` ({id}) of the engine at {engine}"
            )]
        }
        Subject::Process { command, dir } => {
            let within = dir.as_ref().map(|dir| format!(" in {}", dir.display()));
            vec![format!(
                "the processes that comeback starts by `{}`{}",
                command.join(" "),
                within.unwrap_or_default()
            )]
        }
        Subject::Command {
            start,
            stop,
            kill,
            status,
            dir,
        } => {
            let commands = [
                ("start", Some(start)),
                ("stop", stop.as_ref()),
                ("kill", kill.as_ref()),
                ("status", Some(status)),
            ];
            let within = dir.display();
            let given = commands
                .into_iter()
                .filter_map(|(name, words)| Some((name, words?)));
            given
                .map(|(name, words)| {
                    format!(
                        "whatever `{}` reaches ({name}, in {within})",
                        words.join(" ")
                    )
                })
                .collect()
        }
        Subject::StartedLink { paths } => {
            let path = |(listen, to): &(String, String)| {
                format!(
                    "the connections that lead by {listen} to {to}: a link, which comeback starts"
                )
            };
            paths.iter().map(path).collect()
        }
        Subject::RunningLink { control } => vec![format!(
            "the connections through the link that is controlled at {control}"
        )],
        Subject::Simulated => vec!["a part of the simulation, in this process".to_owned()],
    }
}
