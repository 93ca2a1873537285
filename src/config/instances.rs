//! `instances`: compose projects that are copies of the stack.

use std::collections::BTreeSet;

use super::complaint::Problem;
use super::key_path::KeyPath;
use super::{ContainerName, ServiceConfig};

/// The projects that are listed, without the one that the services are of.
pub(super) fn check<'a>(
    listed: Vec<String>,
    services: impl Iterator<Item = &'a ServiceConfig>,
) -> Result<Vec<String>, Problem> {
    if listed.is_empty() {
        return Ok(listed);
    }
    let key = || KeyPath::of("instances");
    let own: BTreeSet<&str> = services.filter_map(project).collect();
    let own = match Vec::from_iter(own)[..] {
        [own] => own,
        [] => {
            return Err(
                Problem::at(key(), "no service of this stack is of a compose project").remedy(
                    "give its services by `docker = { compose-project = \"…\", service = \"…\" }`",
                ),
            );
        }
        [one, other, ..] => {
            let what = format!("the services are of two compose projects, `{one}` and `{other}`");
            return Err(
                Problem::at(key(), what).remedy("a stack that has copies is of one project")
            );
        }
    };
    let mut others: Vec<String> = Vec::new();
    for project in listed {
        if others.contains(&project) {
            return Err(Problem::at(key(), format!("`{project}` is listed twice"))
                .remedy("every copy is another project"));
        }
        if project != own {
            others.push(project);
        }
    }
    Ok(others)
}

fn project(service: &ServiceConfig) -> Option<&str> {
    match service {
        ServiceConfig::Docker(ContainerName::Compose { project, .. }) => Some(project),
        _ => None,
    }
}
