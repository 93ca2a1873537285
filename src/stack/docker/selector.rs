//! Finds the container that the configuration means.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use bollard::models::{ContainerInspectResponse, ContainerSummary};
use bollard::query_parameters::ListContainersOptionsBuilder;

use super::Engine;
use super::container::{Container, Status, identity, short};
use super::engine::{is_absent, words};
use crate::stack::DriverError;

pub(super) const PROJECT: &str = "com.docker.compose.project";
pub(super) const SERVICE: &str = "com.docker.compose.service";
pub(super) const ONE_OFF: &str = "com.docker.compose.oneoff";

/// The minimum length of an id prefix: as many digits as the `docker` command shows.
const ID_DIGITS: usize = 12;

/// Which container is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// The container with this name, or with an id that begins with these (at least twelve) digits.
    Name(String),
    /// The one container of a compose service.
    Compose {
        /// The compose project.
        project: String,
        /// The service in it.
        service: String,
    },
}

impl Selector {
    /// Finds and inspects the container, which must be running.
    pub(super) async fn find_running(
        &self,
        engine: &Engine,
        service: &str,
    ) -> Result<(Container, ContainerInspectResponse), DriverError> {
        let (container, found) = self.find(engine, service).await?;
        self.must_run(&container, &found)?;
        Ok((container, found))
    }

    /// Checks that a container is running.
    pub(super) fn must_run(
        &self,
        container: &Container,
        found: &ContainerInspectResponse,
    ) -> Result<(), DriverError> {
        let remedy = match Status::of(found) {
            Status::Running => return Ok(()),
            Status::Paused => format!(
                "is paused; thaw it: docker unpause {0} (or `comeback heal`, if a run left it so)",
                container.name
            ),
            Status::Restarting => {
                "restarts again and again; see its log, and fix it first".to_owned()
            }
            Status::Stopped => format!(
                "is not running; start it: docker start {0} (or `comeback heal`, if a run left it so)",
                container.name
            ),
        };
        let message = format!("the container `{}` {remedy}", container.name);
        Err(DriverError::missing(&container.service, message))
    }

    /// Finds and inspects the container, running or not.
    pub(super) async fn find(
        &self,
        engine: &Engine,
        service: &str,
    ) -> Result<(Container, ContainerInspectResponse), DriverError> {
        let missing = |message: String| DriverError::missing(service, message);
        let reference = match self {
            Selector::Name(name) => name.clone(),
            Selector::Compose { project, service } => {
                let all = list(engine).await.map_err(missing)?;
                only_one(&all, project, service).map_err(missing)?
            }
        };
        let inspected = match is_reference(&reference) {
            true => engine.docker.inspect_container(&reference, None).await,
            false => {
                return Err(missing(format!(
                    "`{reference}` is not a valid container name"
                )));
            }
        };
        let found = match inspected {
            Ok(found) => found,
            Err(error) if is_absent(&error) => {
                let all = list(engine).await.map_err(missing)?;
                return Err(missing(format!("there is no {self}; {}", running(&all))));
            }
            Err(error) => return Err(missing(words(&error))),
        };
        let (id, name) = identity(&found);
        if !is_meant(&reference, id, name) {
            return Err(missing(format!(
                "there is no {self}: `{reference}` is only the beginning of another container's id, `{name}` ({}); write the container's \
                 name, or at least {ID_DIGITS} digits of its id",
                short(id)
            )));
        }
        let container = Container {
            docker: engine.docker.clone(),
            service: service.to_owned(),
            id: id.to_owned(),
            name: name.to_owned(),
        };
        Ok((container, found))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Selector::Name(name) => write!(f, "container `{name}`"),
            Selector::Compose { project, service } => {
                write!(f, "service `{service}` of the compose project `{project}`")
            }
        }
    }
}

/// Whether a reference means the container that the engine found for it. The engine accepts any
/// unambiguous prefix of an id, so `dd` may find an unrelated container if none has that name.
fn is_meant(reference: &str, id: &str, name: &str) -> bool {
    !id.is_empty()
        && (reference == name || (reference.len() >= ID_DIGITS && id.starts_with(reference)))
}

pub(super) async fn list(engine: &Engine) -> Result<Vec<ContainerSummary>, String> {
    let options = ListContainersOptionsBuilder::default().all(true).build();
    let listed = engine.docker.list_containers(Some(options)).await;
    listed.map_err(|error| words(&error))
}

/// The id of a compose service's only container. The error lists what there is instead.
fn only_one(all: &[ContainerSummary], project: &str, service: &str) -> Result<String, String> {
    let of_project: Vec<_> = all
        .iter()
        .filter(|container| label(container, PROJECT) == Some(project))
        .filter(|container| label(container, ONE_OFF) != Some("True"))
        .collect();
    let of_service: Vec<_> = of_project
        .iter()
        .filter(|container| label(container, SERVICE) == Some(service))
        .collect();
    match of_service[..] {
        [one] => one
            .id
            .clone()
            .ok_or_else(|| "the engine lists a container without an id".to_owned()),
        [] if of_project.is_empty() => Err(format!(
            "there is no compose project `{project}`; {}; start it with `up -d`",
            known("projects", all.iter().filter_map(|c| label(c, PROJECT)))
        )),
        [] => Err(format!(
            "the compose project `{project}` has no service `{service}`; {}",
            known(
                "services",
                of_project.iter().filter_map(|c| label(c, SERVICE))
            )
        )),
        _ => Err(format!(
            "the service `{service}` of the compose project `{project}` has {} containers ({}); scale it to one, or name one of them",
            of_service.len(),
            Vec::from_iter(of_service.iter().map(|c| name(c))).join(", ")
        )),
    }
}

fn running(all: &[ContainerSummary]) -> String {
    known("containers", all.iter().map(name))
}

fn known<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> String {
    let names: BTreeSet<&str> = names.collect();
    match names.is_empty() {
        true => format!("there are no {what}"),
        false => format!("the {what} are {}", Vec::from_iter(names).join(", ")),
    }
}

/// A container's first name.
pub(super) fn name(container: &ContainerSummary) -> &str {
    let first = container.names.as_ref().and_then(|names| names.first());
    first.map_or("?", |name| name.trim_start_matches('/'))
}

pub(super) fn label<'a>(container: &'a ContainerSummary, key: &str) -> Option<&'a str> {
    let labels: &HashMap<String, String> = container.labels.as_ref()?;
    labels.get(key).map(String::as_str)
}

/// The engine's rule for names. Anything else could reach other parts of its API.
fn is_reference(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(name: &str, project: &str, service: &str) -> ContainerSummary {
        let labels = [(PROJECT, project), (SERVICE, service), (ONE_OFF, "False")];
        ContainerSummary {
            id: Some(format!("id-{name}")),
            names: Some(vec![format!("/{name}")]),
            labels: Some(labels.map(|(k, v)| (k.to_owned(), v.to_owned())).into()),
            ..ContainerSummary::default()
        }
    }

    #[test]
    fn the_only_container_of_a_service_is_found() {
        let mut one_off = container("shop_api_run_1", "shop", "api");
        one_off
            .labels
            .get_or_insert_default()
            .insert(ONE_OFF.to_owned(), "True".to_owned());
        let all = [
            container("shop_api_1", "shop", "api"),
            one_off,
            container("shop_db_1", "shop", "db"),
            container("other_api_1", "other", "api"),
        ];
        assert_eq!(
            only_one(&all, "shop", "api"),
            Ok("id-shop_api_1".to_owned())
        );
    }

    #[test]
    fn what_is_not_there_is_answered_by_what_is() {
        let all = [
            container("shop_api_1", "shop", "api"),
            container("shop_api_2", "shop", "api"),
        ];
        let error = |project, service| only_one(&all, project, service).expect_err("an error");
        assert!(error("shop", "db").contains("the services are api"));
        assert!(error("shot", "db").contains("the projects are shop"));
        assert!(error("shop", "api").contains("shop_api_1, shop_api_2"));
    }

    #[test]
    fn the_beginning_of_an_id_is_no_name() {
        let id = "dd0123456789abcdef";
        for meant in ["db", "dd0123456789", id] {
            assert!(is_meant(meant, id, "db"), "{meant}");
        }
        for other in ["dd", "dd012345678", "dd0123456780", "d", "", "DB"] {
            assert!(!is_meant(other, id, "db"), "{other}");
        }
        assert!(
            !is_meant("db", "", "db"),
            "what has no id cannot be acted on"
        );
    }

    #[test]
    fn only_names_reach_the_engine() {
        assert!(is_reference("shop_api-1.x"));
        for text in ["", "/shop", "../images", "a?b", "-x", "a b"] {
            assert!(!is_reference(text), "{text}");
        }
    }
}
