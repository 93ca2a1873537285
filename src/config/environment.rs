//! `${VAR}` and `${port:NAME}` in values.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::complaint::Problem;

/// What a name begins with that stands for a port: `${port:NAME}` is a free one of this machine, the same for each use of the name.
pub const PORT: &str = "port:";

/// Replaces `${VAR}` in every text of a table, and remembers what each variable was. `$${` stands for `${` itself.
///
/// # Errors
/// When a variable is not set, or a `${` is not closed.
pub(super) fn expand(
    table: &mut DeTable<'_>,
    environment: &dyn Fn(&str) -> Option<String>,
    variables: &mut BTreeMap<String, String>,
) -> Result<(), Problem> {
    let mut values = table.iter_mut().map(|(_, value)| value);
    values.try_for_each(|value| expand_value(value, environment, variables))
}

fn expand_value(
    value: &mut Spanned<DeValue<'_>>,
    environment: &dyn Fn(&str) -> Option<String>,
    variables: &mut BTreeMap<String, String>,
) -> Result<(), Problem> {
    let span = value.span();
    match value.get_mut() {
        DeValue::String(text) if text.contains("${") => {
            *text = expand_text(text, span, environment, variables)?.into();
            Ok(())
        }
        DeValue::Array(elements) => elements
            .iter_mut()
            .try_for_each(|element| expand_value(element, environment, variables)),
        DeValue::Table(table) => expand(table, environment, variables),
        _ => Ok(()),
    }
}

fn unset(name: &str, span: Range<usize>) -> Problem {
    if name.starts_with(PORT) {
        return Problem::in_bytes(span, format!("there is no free port for `{name}`"))
            .remedy("end something that listens on 127.0.0.1");
    }
    Problem::in_bytes(
        span,
        format!("the environment variable `{name}` is not set"),
    )
    .remedy(format!(
        "set it, as in `{name}=… comeback run`, or write `$${{` if no variable is meant"
    ))
}

fn expand_text(
    text: &str,
    span: Range<usize>,
    environment: &dyn Fn(&str) -> Option<String>,
    variables: &mut BTreeMap<String, String>,
) -> Result<String, Problem> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let before = &rest[..start];
        rest = &rest[start + 2..];
        if let Some(before) = before.strip_suffix('$') {
            expanded.push_str(before);
            expanded.push_str("${");
            continue;
        }
        expanded.push_str(before);
        let Some((name, after)) = rest.split_once('}') else {
            return Err(Problem::in_bytes(span, "a `${` is never closed").remedy(
                "write `${VAR}` for a variable of the environment, or `$${` for the two characters",
            ));
        };
        let Some(value) = environment(name) else {
            return Err(unset(name, span));
        };
        expanded.push_str(&value);
        // A port is no secret, and is to be seen in traces.
        if !name.starts_with(PORT) {
            variables.insert(name.to_owned(), value);
        }
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}
