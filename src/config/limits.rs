//! `[limits]`.

use std::collections::BTreeMap;

use super::KeyPath;
use super::complaint::Problem;
use crate::model::{LimitError, Limits};

/// The names of [`Limits::set`].
const NAMES: [&str; 7] = [
    "answer",
    "job",
    "recovery",
    "grace",
    "failures",
    "stragglers",
    "log-lines",
];

/// The default limits, with those of the table set.
pub(super) fn check(table: &BTreeMap<String, toml::Value>) -> Result<Limits, Problem> {
    let mut limits = Limits::default();
    for (name, value) in table {
        let value = match value {
            toml::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        limits.set(name, &value).map_err(|error| {
            let key = KeyPath::of("limits").key(name);
            match error {
                LimitError::Unknown(name) => {
                    Problem::at(key, format!("no limit is called `{name}`"))
                        .did_you_mean(&name, &NAMES)
                }
                LimitError::Value {
                    value, expected, ..
                } => Problem::at(key, format!("`{value}` is not {expected}")),
            }
        })?;
    }
    Ok(limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_limit_s() {
        for name in NAMES {
            let set = Limits::default().set(name, "?");
            assert!(
                matches!(set, Err(LimitError::Value { .. })),
                "{name}: {set:?}"
            );
        }
    }
}
