//! How many bytes: one rule for every key that limits a size.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Unexpected, Visitor};

use super::complaint::Problem;
use super::key_path::KeyPath;
use super::text::at_most;
use crate::model::ceiling::MOST_BYTES;

/// A size, written as a number of bytes or like `"64 KiB"`, `"1 MiB"`, `"4 GiB"`; `kB`, `MB` and
/// `GB` are powers of ten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ByteSize(u64);

const UNITS: [(&str, u64); 8] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];

impl ByteSize {
    /// The number of bytes, if it is not zero and makes sense at all.
    pub(super) fn above_zero(self, key: KeyPath) -> Result<u64, Problem> {
        if self.0 == 0 {
            return Err(Problem::at(key, "it must be more than nothing"));
        }
        at_most(key, self.0, MOST_BYTES)
    }

    fn parse(text: &str) -> Option<u64> {
        let digits = text.trim_start_matches(|c: char| c.is_ascii_digit());
        let (number, unit) = text.split_at(text.len() - digits.len());
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit.trim())?;
        number.parse::<u64>().ok()?.checked_mul(*factor)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ByteSizeVisitor)
    }
}

struct ByteSizeVisitor;

impl Visitor<'_> for ByteSizeVisitor {
    type Value = ByteSize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size such as \"1 MiB\" or \"64 KiB\", or a number of bytes")
    }

    fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<ByteSize, E> {
        let size = u64::try_from(bytes).map(ByteSize);
        size.map_err(|_| E::invalid_value(Unexpected::Signed(bytes), &self))
    }

    fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<ByteSize, E> {
        Ok(ByteSize(bytes))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ByteSize, E> {
        let size = ByteSize::parse(text).map(ByteSize);
        size.ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_or_are_bytes() {
        for (text, bytes) in [
            ("1 MiB", Some(1 << 20)),
            ("64KiB", Some(64 << 10)),
            ("3 GB", Some(3_000_000_000)),
            ("17 B", Some(17)),
            ("17", None),
            ("1.5 MiB", None),
            ("-1 MiB", None),
            ("MiB", None),
            ("1 mib", None),
            ("18446744073709551615 TiB", None),
            ("", None),
        ] {
            assert_eq!(ByteSize::parse(text), bytes, "{text}");
        }
    }
}
