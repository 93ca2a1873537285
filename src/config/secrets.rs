//! Which values of a configuration are secrets.

use std::collections::{BTreeMap, BTreeSet};

use toml::de::{DeTable, DeValue};

use crate::redact::Secret;

/// A variable whose name contains one of these words holds a secret.
const TELLING: [&str; 9] = [
    "secret",
    "token",
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "credential",
    "apikey",
    "private",
];

/// The secrets of a configuration, in this order: all values from the environment; then header
/// values and the credentials in them, values in `env` whose names suggest a secret, and passwords
/// in URLs.
pub(super) fn of(document: &DeTable<'_>, variables: &BTreeMap<String, String>) -> Vec<Secret> {
    let mut texts = BTreeSet::new();
    collect(document, "", &mut texts);
    let known: BTreeSet<&str> = variables.values().map(String::as_str).collect();
    let texts = texts
        .iter()
        .filter(|text| !text.is_empty() && !known.contains(text.as_str()));
    of_variables(variables)
        .chain(texts.map(|text| Secret::of_text(text)))
        .collect()
}

/// The variables that were used, as secrets.
pub(super) fn of_variables(variables: &BTreeMap<String, String>) -> impl Iterator<Item = Secret> {
    let set = variables.iter().filter(|(_, value)| !value.is_empty());
    set.map(|(name, value)| Secret::of_variable(name, value))
}

/// Collects secrets from the table under the key `at`.
fn collect(table: &DeTable<'_>, at: &str, texts: &mut BTreeSet<String>) {
    for (key, value) in table.iter() {
        let key = key.get_ref();
        collect_value(value.get_ref(), at, key, texts);
    }
}

fn collect_value(value: &DeValue<'_>, at: &str, key: &str, texts: &mut BTreeSet<String>) {
    match value {
        // Expected response headers are no secrets: a mismatch quotes them.
        DeValue::Table(table) if at == "expect" && key == "headers" => {
            collect(table, "expect", texts)
        }
        DeValue::Table(table) => collect(table, key, texts),
        DeValue::Array(elements) => elements
            .iter()
            .for_each(|element| collect_value(element.get_ref(), at, key, texts)),
        DeValue::String(text) => {
            texts.extend(password(text).map(str::to_owned));
            if at == "headers" {
                texts.insert(text.to_string());
                texts.extend(credentials(key, text).into_iter().map(str::to_owned));
            }
            if at == "env" && is_telling(key) {
                texts.insert(text.to_string());
            }
        }
        _ => {}
    }
}

/// Whether a variable with this name holds a secret.
fn is_telling(name: &str) -> bool {
    let name = name.to_lowercase().replace(['_', '-'], "");
    TELLING.iter().any(|word| name.contains(word)) || name.ends_with("key")
}

/// The password in a URL such as `redis://user:password@host`.
fn password(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user, _) = authority.rsplit_once('@')?;
    user.split_once(':').map(|(_, password)| password)
}

/// The parts of a header value that a server may repeat on their own: the token after `Bearer`, the
/// value of a cookie.
fn credentials<'a>(header: &str, value: &'a str) -> Vec<&'a str> {
    let header = header.to_lowercase();
    let pairs: Vec<_> = if header.ends_with("authorization") {
        value.split_once(' ').into_iter().collect()
    } else if header == "cookie" {
        let cookies = value.split(';');
        cookies.filter_map(|c| c.split_once('=')).collect()
    } else {
        Vec::new()
    };
    pairs.into_iter().map(|(_, secret)| secret.trim()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_variables_headers_telling_environments_and_passwords_in_urls() {
        let source = r#"
            [api]
            url = "http://me:in-the-url@127.0.0.1/${X}"
            process = { command = ["x", "redis://:in-a-command@h"], env = { DB_PASSWORD = "in-env", API_KEY = "key", MODE = "fast" } }
            [[request]]
            path = "/a:b@c"
            expect = { headers = { content-type = "text/plain", location = "http://me:in-an-answer@h/" } }
            headers = { Authorization = "Bearer of-bad-news", cookie = "a=1234; b=5678", x = "variable" }
        "#;
        let document = DeTable::parse(source).unwrap();
        let variables = BTreeMap::from([
            ("X".to_owned(), "variable".to_owned()),
            ("EMPTY".to_owned(), String::new()),
        ]);
        let secrets = of(document.get_ref(), &variables);
        assert_eq!(secrets[0], Secret::of_variable("X", "variable"));
        let texts: Vec<_> = secrets[1..].iter().map(|s| s.value.as_str()).collect();
        let expected = [
            "1234",
            "5678",
            "Bearer of-bad-news",
            "a=1234; b=5678",
            "in-a-command",
            "in-an-answer",
            "in-env",
            "in-the-url",
            "key",
            "of-bad-news",
        ];
        assert_eq!(texts, expected);
    }
}
