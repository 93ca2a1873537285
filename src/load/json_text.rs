//! A JSON value with placeholders.

use serde_json::{Map, Value};

use super::placeholder::{NO_JOB_YET, Text};
use super::scope::PlaceholderScope;
use super::values::Values;

/// The key of an object that stands for one of its values. A drawn number stays a number.
const PICK: &str = "$pick";

/// A JSON value with placeholders in its strings, but not in its keys. A string stays a string,
/// even if it is just `{n}`. A string that is just `{pick}` becomes the drawn value, whatever its
/// type.
#[derive(Debug)]
pub(super) enum JsonText {
    /// A string.
    Text(Text),
    /// An array.
    Array(Vec<JsonText>),
    /// An object.
    Object(Vec<(String, JsonText)>),
    /// A value without a string in it.
    Plain(Value),
    /// `{"$pick": […]}`: one of these, drawn for each request.
    Pick(Vec<Value>),
}

impl JsonText {
    /// Parses the placeholders of a value that is used before there is a job.
    ///
    /// # Errors
    /// Names the invalid placeholder, or says that `{id}` is not known yet.
    pub fn parse_before_job(value: &Value, scope: &mut PlaceholderScope) -> Result<Self, String> {
        let parsed = JsonText::parse(value, scope)?;
        match parsed.any(&Text::names_job) {
            true => Err(NO_JOB_YET.to_owned()),
            false => Ok(parsed),
        }
    }

    fn parse(value: &Value, scope: &mut PlaceholderScope) -> Result<Self, String> {
        Ok(match value {
            Value::String(text) => JsonText::Text(Text::parse(text, scope)?),
            Value::Array(items) => {
                let items = items.iter().map(|item| JsonText::parse(item, scope));
                JsonText::Array(items.collect::<Result<_, _>>()?)
            }
            Value::Object(fields) if fields.contains_key(PICK) => pick(fields, scope)?,
            Value::Object(fields) => {
                let mut parsed = Vec::with_capacity(fields.len());
                for (key, value) in fields {
                    parsed.push((key.clone(), JsonText::parse(value, scope)?));
                }
                JsonText::Object(parsed)
            }
            plain => JsonText::Plain(plain.clone()),
        })
    }

    /// The value with its placeholders filled in.
    pub fn fill(&self, values: &mut Values) -> Value {
        match self {
            JsonText::Text(text) => text.fill_json(values),
            JsonText::Array(items) => items.iter().map(|item| item.fill(values)).collect(),
            JsonText::Object(fields) => fields
                .iter()
                .map(|(key, value)| (key.clone(), value.fill(values)))
                .collect(),
            JsonText::Plain(value) => value.clone(),
            JsonText::Pick(alternatives) => values.draw(alternatives).clone(),
        }
    }

    /// Whether any of its strings fulfils a condition.
    pub fn any(&self, condition: &dyn Fn(&Text) -> bool) -> bool {
        match self {
            JsonText::Text(text) => condition(text),
            JsonText::Array(items) => items.iter().any(|item| item.any(condition)),
            JsonText::Object(fields) => fields.iter().any(|(_, value)| value.any(condition)),
            JsonText::Plain(_) | JsonText::Pick(_) => false,
        }
    }
}

fn pick(fields: &Map<String, Value>, scope: &mut PlaceholderScope) -> Result<JsonText, String> {
    match fields.get(PICK) {
        Some(Value::Array(values)) if !values.is_empty() && fields.len() == 1 => {
            scope.draw()?;
            Ok(JsonText::Pick(values.clone()))
        }
        _ => Err(format!(
            "`{PICK}` must be the only key of its object and list the values to draw from, as in {{ \"{PICK}\" = [20, 400] }}"
        )),
    }
}
