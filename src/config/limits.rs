//! `[limits]`.

use std::collections::BTreeMap;

use super::complaint::Problem;
use super::key_path::KeyPath;
use crate::model::{LimitError, Limits};

/// The default limits, overridden by those in the table.
pub(super) fn check(table: &BTreeMap<String, toml::Value>) -> Result<Limits, Problem> {
    let mut limits = Limits::default();
    for (name, value) in table {
        let is_number = value.is_integer() || value.is_float();
        let value = match value {
            toml::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        limits.set(name, &value).map_err(|error| {
            let key = KeyPath::of("limits").key(name);
            match error {
                LimitError::Unknown(name) => {
                    Problem::at(key, format!("there is no limit `{name}`"))
                        .did_you_mean(&name, &Limits::NAMES)
                }
                LimitError::Value {
                    value, expected, ..
                } => {
                    let problem = Problem::at(key, format!("`{value}` is not {expected}"));
                    match is_number && expected.contains("duration") {
                        true => problem.remedy(format!(
                            "a duration is text with a unit, such as `{name} = \"90s\"`"
                        )),
                        false => problem,
                    }
                }
            }
        })?;
    }
    Ok(limits)
}
