//! Sizes in bytes.

use serde::Deserialize;

use super::complaint::Problem;
use super::key_path::KeyPath;
use super::text::at_most;
use crate::model::ceiling::MOST_BYTES;

/// A size, written as a number of bytes or with a unit: `"64 KiB"`, `"1 MiB"`, `"4 GiB"`. The units
/// `kB`, `MB` and `GB` are powers of ten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "toml::Value")]
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
    /// The number of bytes, which must lie between 1 and [`MOST_BYTES`].
    pub(super) fn above_zero(self, key: KeyPath) -> Result<u64, Problem> {
        if self.0 == 0 {
            return Err(Problem::at(key, "it must be larger than zero"));
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

impl TryFrom<toml::Value> for ByteSize {
    type Error = &'static str;

    fn try_from(value: toml::Value) -> Result<Self, Self::Error> {
        let bytes = match value {
            toml::Value::Integer(bytes) => u64::try_from(bytes).ok(),
            toml::Value::String(text) => ByteSize::parse(&text),
            _ => None,
        };
        bytes
            .map(ByteSize)
            .ok_or("expected a size such as `\"1 MiB\"`, or a number of bytes")
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
