//! `instances`: compose projects that are copies of the stack.

use std::collections::BTreeSet;

use super::complaint::Problem;
use super::key_path::KeyPath;
use super::{ContainerName, ServiceConfig};

/// The listed projects, without the project that the services themselves belong to.
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
            let what = "no service of this stack belongs to a compose project";
            return Err(Problem::at(key(), what).remedy(
                "write its services as `docker = { compose-project = \"…\", service = \"…\" }`",
            ));
        }
        [one, other, ..] => {
            let what =
                format!("the services belong to two compose projects, `{one}` and `{other}`");
            return Err(
                Problem::at(key(), what).remedy("only a stack in one project can have copies")
            );
        }
    };
    let mut others: Vec<String> = Vec::new();
    for project in listed {
        if others.contains(&project) {
            return Err(Problem::at(key(), format!("`{project}` is listed twice"))
                .remedy("list each project once"));
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
