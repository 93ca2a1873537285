//! `link` of `[backend.NAME]`.

use serde::Deserialize;

use super::complaint::Problem;
use super::key_path::KeyPath;
use crate::link::{LinkAddress, PathAddresses};

/// The link to a backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkConfig {
    /// comeback starts it: where it listens, and where each of these leads to.
    Started(Vec<PathAddresses>),
    /// It runs already, and is controlled at this address.
    Running(LinkAddress),
}

/// One link, or the paths of one in a list.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a link is a table such as `{ listen = \"127.0.0.1:15432\", to = \
    \"127.0.0.1:5432\" }` or `{ control = \"127.0.0.1:15499\" }`, or a list of the former"
)]
pub(super) enum LinkTable {
    One(LinkKeys),
    Paths(Vec<LinkKeys>),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct LinkKeys {
    listen: Option<String>,
    to: Option<String>,
    control: Option<String>,
}

const FORMS: &str = "write `{ listen = \"127.0.0.1:15432\", to = \"127.0.0.1:5432\" }` for a link \
    that comeback starts, or `{ control = \"127.0.0.1:15499\" }` for one that runs already";

impl LinkTable {
    /// The link of the key `link`.
    pub(super) fn check(self, key: &KeyPath) -> Result<LinkConfig, Problem> {
        let paths = match self {
            LinkTable::One(LinkKeys {
                listen: None,
                to: None,
                control: Some(control),
            }) => return Ok(LinkConfig::Running(address(key.key("control"), &control)?)),
            LinkTable::One(path) => vec![path.check(key)?],
            LinkTable::Paths(paths) => {
                let paths = paths.into_iter().enumerate();
                let paths = paths.map(|(position, path)| path.check(&key.position(position)));
                paths.collect::<Result<Vec<_>, _>>()?
            }
        };
        if paths.is_empty() {
            return Err(Problem::at(key.clone(), "the list is empty").remedy(FORMS));
        }
        Ok(LinkConfig::Started(paths))
    }
}

impl LinkKeys {
    fn check(self, key: &KeyPath) -> Result<PathAddresses, Problem> {
        match (self.listen, self.to, self.control) {
            (Some(listen), Some(to), None) => {
                let (listen, to) = (
                    address(key.key("listen"), &listen)?,
                    address(key.key("to"), &to)?,
                );
                if listen == to {
                    let what = format!("it listens at {listen}, and leads there");
                    return Err(Problem::at(key.key("to"), what).remedy(
                        "`to` is where the backend listens, `listen` what the API is told",
                    ));
                }
                Ok((listen, to))
            }
            (Some(_), None, None) => {
                let what = "it does not say where the link leads to";
                Err(Problem::at(key.clone(), what)
                    .remedy("add `to = \"…\"`, where the backend listens"))
            }
            (None, Some(_), None) => {
                let what = "it does not say where the link listens";
                Err(Problem::at(key.clone(), what)
                    .remedy("add `listen = \"…\"`, and point the API there"))
            }
            (None, None, None) => {
                Err(Problem::at(key.clone(), "it does not say which link is meant").remedy(FORMS))
            }
            (_, _, Some(_)) => Err(Problem::at(
                key.key("control"),
                "a link that runs already is only told where it is controlled, and alone",
            )
            .remedy(FORMS)),
        }
    }
}

fn address(key: KeyPath, text: &str) -> Result<LinkAddress, Problem> {
    text.parse().map_err(|_| {
        let what = format!("`{text}` is not an address");
        Problem::at(key, what)
            .remedy("write it like `127.0.0.1:5432`, `[::1]:5432` or `unix:/run/db.sock`")
    })
}
