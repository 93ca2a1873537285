//! The path of a value in a configuration.

use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The keys that lead to a value. Numbers are array positions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct KeyPath(Vec<Key>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Key {
    Name(String),
    Position(usize),
}

impl KeyPath {
    /// A path of one key.
    pub(super) fn of(name: &str) -> Self {
        KeyPath::default().key(name)
    }

    /// The path of a key in this table.
    pub(super) fn key(&self, name: &str) -> Self {
        self.with(Key::Name(name.to_owned()))
    }

    /// The path of an element of this array, counted from 0.
    pub(super) fn position(&self, position: usize) -> Self {
        self.with(Key::Position(position))
    }

    /// The path of the innermost value at a byte of the document.
    pub(super) fn at(document: &DeTable<'_>, byte: usize) -> Self {
        let mut path = KeyPath::default();
        path.descend(document, byte);
        path
    }

    /// The byte range of the value in a document, or of its innermost ancestor that exists.
    pub(super) fn span(&self, document: &DeTable<'_>) -> Option<Range<usize>> {
        let (Key::Name(first), rest) = self.0.split_first()? else {
            return None;
        };
        let mut value = document.get(first.as_str())?;
        for key in rest {
            let below = match key {
                Key::Name(name) => value.get_ref().get(name.as_str()),
                Key::Position(position) => value.get_ref().get(*position),
            };
            let Some(below) = below else { break };
            value = below;
        }
        Some(value.span())
    }

    fn with(&self, key: Key) -> Self {
        let mut keys = self.0.clone();
        keys.push(key);
        KeyPath(keys)
    }

    /// A table's span may cover only its header, so every table is searched, whatever its span.
    fn descend(&mut self, table: &DeTable<'_>, byte: usize) -> bool {
        table.iter().any(|(key, value)| {
            self.0.push(Key::Name(key.get_ref().to_string()));
            let found = key.span().contains(&byte) || self.descend_value(value, byte);
            if !found {
                self.0.pop();
            }
            found
        })
    }

    fn descend_value(&mut self, value: &Spanned<DeValue<'_>>, byte: usize) -> bool {
        let below = match value.get_ref() {
            DeValue::Table(table) => self.descend(table, byte),
            DeValue::Array(elements) => elements.iter().enumerate().any(|(position, element)| {
                self.0.push(Key::Position(position));
                let found = self.descend_value(element, byte);
                if !found {
                    self.0.pop();
                }
                found
            }),
            _ => false,
        };
        below || value.span().contains(&byte)
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, key) in self.0.iter().enumerate() {
            match key {
                Key::Name(name) if i == 0 => f.write_str(name)?,
                Key::Name(name) => write!(f, ".{name}")?,
                Key::Position(position) => write!(f, "[{position}]")?,
            }
        }
        Ok(())
    }
}
