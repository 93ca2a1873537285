//! "Did you mean": the name that a mistyped one is most like.

/// How alike two names must be, from 0 to 1.
const ALIKE: f64 = 0.7;

/// The name that is most like what was given, if one is like it at all.
pub fn suggestion<'a>(given: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let alike = names.map(|name| (strsim::jaro_winkler(given, name), name));
    alike
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}
