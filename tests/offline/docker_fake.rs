//! Whatever is asked of the Docker driver, no request of it ever changes a container or a network
//! other than its own.
//!
//! Ten thousand generated acts go through the real driver to a recording fake of the Docker API,
//! among strangers whose names, ids and labels are as like as the engine's own ways of finding
//! things can confuse. No engine is needed. The same on a real engine, with fewer acts, is in
//! `tests/docker/driver.rs`.

mod engine;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::thread;

use comeback::model::Act;
use comeback::stack::docker::{DockerDriver, Engine, Selector, undo};
use comeback::stack::{Driver, DriverError};
use engine::{Change, Container, FakeEngine, Network};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tokio::runtime::Builder;

/// How many worlds there are, and how many steps are taken in each.
const WORLDS: u32 = 452;
const STEPS: usize = 40;
/// How many threads share the worlds.
const WORKERS: u32 = 4;
/// At least so many of the steps must have been acts on a container that was found.
const ACTS: u64 = 10_000;

const NAMES: [&str; 10] = [
    "dd",
    "feed",
    "cafe",
    "db",
    "db-1",
    "db2",
    "c0ffee00",
    "shop-api-1",
    "shop-api-10",
    "a",
];
const BEGINNINGS: [&str; 7] = ["dd", "feed", "cafe", "db", "c0ffee00", "a", "feedfeedfee"];

const PROJECT: &str = "com.docker.compose.project";
const SERVICE: &str = "com.docker.compose.service";
const ONE_OFF: &str = "com.docker.compose.oneoff";

/// Containers, networks, and what is done to them.
#[derive(Debug, Clone)]
struct World {
    containers: Vec<Container>,
    networks: Vec<Network>,
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
enum Step {
    /// A run begins: it looks for the container that this means.
    Find(Selector),
    Act(Act),
    Exec,
    Usage,
    /// The run died, and its lease is undone.
    Heal,
    /// Somebody puts another container in the place of this one, under the same name.
    Replace(usize),
    /// Somebody puts another network in the place of this one, under the same name.
    ReplaceNetwork(usize),
    /// The engine refuses the next change, as if it saw another state.
    Refuse,
}

/// Names that are also beginnings of ids, and those that only look like them.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => select(&NAMES[..]).prop_map(str::to_owned),
        1 => "[0-9a-f]{1,14}",
    ]
}

/// Ids that mostly begin as some name does.
fn id() -> impl Strategy<Value = String> {
    let begin = prop_oneof![
        3 => select(&BEGINNINGS[..]).prop_map(str::to_owned),
        1 => Just(String::new()),
    ];
    (begin, "[0-9a-f]{64}").prop_map(|(begin, rest)| format!("{begin}{rest}")[..64].to_owned())
}

fn container(networks: usize) -> impl Strategy<Value = (Container, BTreeSet<usize>)> {
    let labels = (
        select(&["shop", "shop2", "Shop", ""][..]),
        select(&["api", "api2", "db", ""][..]),
        prop::bool::weighted(0.1),
    );
    let labels = labels.prop_map(|(project, service, one_off)| {
        let all = [(PROJECT, project), (SERVICE, service)];
        let given = all.into_iter().filter(|(_, value)| !value.is_empty());
        let one_off = one_off.then_some((ONE_OFF, "True"));
        let all = given
            .chain(one_off)
            .map(|(key, value)| (key.to_owned(), value.to_owned()));
        all.collect::<BTreeMap<_, _>>()
    });
    let flags = (
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.9),
        any::<bool>(),
    );
    let joined = prop::collection::btree_set(0..networks, 0..=networks);
    (id(), name(), labels, flags, joined).prop_map(
        |(id, name, labels, (auto_remove, running, obeys), joined)| {
            let container = Container {
                id,
                name,
                labels,
                auto_remove,
                running,
                obeys,
                ..Container::default()
            };
            (container, joined)
        },
    )
}

/// What a configuration may say, right or wrong: names, beginnings of ids of every length, compose
/// services.
fn selector(ids: Vec<String>, names: Vec<String>) -> impl Strategy<Value = Selector> {
    let compose = (select(&["shop", "shop2"][..]), select(&["api", "db"][..]));
    prop_oneof![
        4 => select(names).prop_map(Selector::Name),
        2 => name().prop_map(Selector::Name),
        3 => (select(ids), 1..=64_usize).prop_map(|(id, digits)| Selector::Name(id[..digits].to_owned())),
        2 => compose.prop_map(|(project, service)| Selector::Compose {
            project: project.to_owned(),
            service: service.to_owned(),
        }),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0..3_u64).prop_map(|grace_ms| Act::Stop { grace_ms }),
        Just(Act::Kill),
        Just(Act::Start),
        Just(Act::Pause),
        Just(Act::Unpause),
        Just(Act::Cut),
        Just(Act::Join),
    ]
}

fn world() -> impl Strategy<Value = World> {
    let networks = vec((id(), name()), 1..4);
    let networks = networks.prop_map(|networks| {
        let networks = networks.into_iter().map(|(id, name)| Network { id, name });
        distinct(networks.collect(), |network| (&network.id, &network.name))
    });
    networks
        .prop_flat_map(|networks| {
            let containers = vec(container(networks.len()), 2..8);
            (Just(networks), containers)
        })
        .prop_flat_map(|(networks, containers)| {
            let containers = containers.into_iter().map(|(container, joined)| Container {
                networks: joined
                    .into_iter()
                    .map(|nth| networks[nth].id.clone())
                    .collect(),
                ..container
            });
            let containers = distinct(containers.collect(), |container| {
                (&container.id, &container.name)
            });
            let ids = containers.iter().map(|container| container.id.clone());
            let names = containers.iter().map(|container| container.name.clone());
            let find = selector(ids.collect(), names.collect());
            let find = find.prop_map(Step::Find).boxed();
            let step = prop_oneof![
                400 => act().prop_map(Step::Act),
                120 => find.clone(),
                30 => Just(Step::Exec),
                20 => Just(Step::Usage),
                40 => Just(Step::Heal),
                20 => (0..containers.len()).prop_map(Step::Replace),
                10 => (0..networks.len()).prop_map(Step::ReplaceNetwork),
                5 => Just(Step::Refuse),
            ];
            let steps = (find, vec(step, STEPS - 1));
            (Just(containers), Just(networks), steps)
        })
        .prop_map(|(containers, networks, (first, mut steps))| {
            steps.insert(0, first);
            World {
                containers,
                networks,
                steps,
            }
        })
}

/// An engine has each id and each name once.
fn distinct<T>(all: Vec<T>, key: impl Fn(&T) -> (&String, &String)) -> Vec<T> {
    let mut seen = BTreeSet::new();
    let mut kept = Vec::new();
    for one in all {
        let (id, name) = key(&one);
        let (id, name) = (id.clone(), name.clone());
        if !seen.contains(&id) && !seen.contains(&name) {
            seen.extend([id, name]);
            kept.push(one);
        }
    }
    kept
}

/// The one container that a selector means, by the rule that the README gives.
fn meant(selector: &Selector, containers: &[Container]) -> Option<String> {
    let label =
        |container: &Container, key: &str| container.labels.get(key).cloned().unwrap_or_default();
    let is_meant = |container: &&Container| match selector {
        Selector::Name(name) => container.name == *name,
        Selector::Compose { project, service } => {
            label(container, PROJECT) == *project
                && label(container, SERVICE) == *service
                && label(container, ONE_OFF) != "True"
        }
    };
    let mut named = containers.iter().filter(is_meant);
    let begun = |container: &&Container| match selector {
        Selector::Name(digits) => digits.len() >= 12 && container.id.starts_with(digits.as_str()),
        Selector::Compose { .. } => false,
    };
    let mut begun = containers.iter().filter(begun);
    let found = match (named.next(), named.next()) {
        (Some(one), None) => Some(one),
        (None, _) => begun.next().filter(|_| begun.next().is_none()),
        _ => None,
    };
    found.map(|container| container.id.clone())
}

/// A run on one container: its driver, what it may touch, and whether anything may be done to it at
/// all.
struct Run {
    driver: DockerDriver,
    container: String,
    networks: BTreeSet<String>,
}

/// Lives through a world, and gives how many acts reached their container.
async fn live(world: World) -> Result<u64, TestCaseError> {
    let fake = FakeEngine::serve(world.containers, world.networks);
    let engine = Engine::connect_to(&fake.address).await;
    let engine = engine.map_err(|error| TestCaseError::fail(error.to_string()))?;
    let mut run: Option<Run> = None;
    let mut acts = 0;
    let mut replaced = 0;
    for step in world.steps {
        fake.state().changes.clear();
        let shown = format!("{step:?}");
        match (step, &run) {
            (Step::Find(selector), _) => {
                let expected = meant(&selector, &fake.state().containers);
                // Where nothing is found, the run before goes on.
                let found = find(&fake, &engine, &selector, expected).await?;
                run = found.or(run);
                prop_assert_eq!(&fake.state().changes, &[], "{} changed something", shown);
            }
            (Step::Act(act), Some(run)) => {
                // Whether it can be done in this state is not asked here.
                let _ = run.driver.act(act).await;
                acts += 1;
            }
            (Step::Exec, Some(run)) => drop(run.driver.exec(&["true".to_owned()]).await),
            (Step::Usage, Some(run)) => drop(run.driver.usage().await),
            (Step::Heal, Some(run)) => {
                let lease = run.driver.lease().expect("a container has one");
                let _ = undo(&lease).await;
                acts += 1;
            }
            (Step::Replace(nth), _) => {
                replaced += 1;
                let mut state = fake.state();
                state.containers[nth].id = format!("{replaced:064x}");
                state.containers[nth].is_running_again();
            }
            (Step::ReplaceNetwork(nth), _) => {
                replaced += 1;
                let mut state = fake.state();
                state.networks[nth].id = format!("{replaced:064x}");
            }
            (Step::Refuse, _) => fake.state().is_stubborn = true,
            (_, None) => {}
        }
        let changes = std::mem::take(&mut fake.state().changes);
        if let Some(run) = &run {
            for change in &changes {
                run.may(change, &shown)?;
            }
        } else {
            prop_assert_eq!(changes, [], "{} without a container", shown);
        }
    }
    Ok(acts)
}

/// Finds a container, which must be the expected one.
async fn find(
    fake: &FakeEngine,
    engine: &Engine,
    selector: &Selector,
    expected: Option<String>,
) -> Result<Option<Run>, TestCaseError> {
    let found = DockerDriver::find_in_any_state(engine, "db", selector).await;
    let state = fake.state();
    let expected = expected.and_then(|id| state.containers.iter().find(|known| known.id == id));
    match (found, expected) {
        (Ok(driver), Some(container)) => {
            prop_assert!(!container.auto_remove, "{} would vanish", container.name);
            Ok(Some(Run {
                driver,
                container: container.id.clone(),
                networks: container.networks.clone(),
            }))
        }
        (Err(DriverError::Irreversible { .. }), Some(container)) => {
            prop_assert!(
                container.auto_remove,
                "{} can be brought back",
                container.name
            );
            Ok(None)
        }
        (Err(DriverError::Missing { .. }), None) => Ok(None),
        (found, expected) => Err(TestCaseError::fail(format!(
            "{selector} found {found:?}, and {expected:?} is meant"
        ))),
    }
}

impl Run {
    /// Whether a request may have been made on behalf of this run.
    fn may(&self, change: &Change, step: &str) -> Result<(), TestCaseError> {
        if let Some(container) = &change.container {
            prop_assert_eq!(container, &self.container, "{} did {:?}", step, change);
        }
        if let Some(network) = &change.network {
            prop_assert!(self.networks.contains(network), "{} did {:?}", step, change);
        }
        // Even where nothing was reached, nothing else was meant.
        let is_network = change.request.contains("/networks/");
        let is_exec = change.request.contains("/exec/");
        let names_it = change.request.contains(&self.container);
        prop_assert!(
            is_network || is_exec || names_it,
            "{} did {:?}",
            step,
            change
        );
        Ok(())
    }
}

/// Lives through so many worlds, and gives how many acts reached their container.
fn live_through(worlds: u32) -> u64 {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let acts = Cell::new(0);
    let mut runner = TestRunner::new(Config {
        cases: worlds,
        // A failure says by itself what went wrong: a smaller world is a convenience.
        max_shrink_iters: 100,
        ..Config::default()
    });
    let result = runner.run(&world(), |world| {
        let done = runtime.block_on(live(world))?;
        acts.set(acts.get() + done);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    acts.get()
}

#[test]
fn none_but_its_own_container_is_ever_touched() {
    let acts: u64 = thread::scope(|scope| {
        let workers = (0..WORKERS).map(|_| scope.spawn(|| live_through(WORLDS / WORKERS)));
        let workers = Vec::from_iter(workers);
        let acts = workers.into_iter().map(|worker| worker.join());
        acts.map(|acts| acts.unwrap_or_else(|panic| resume_unwind(panic)))
            .sum()
    });
    assert!(acts >= ACTS, "only {acts} acts were done");
}
