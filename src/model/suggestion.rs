//! "Did you mean": the name that a mistyped one is most like.

/// How alike two words must be, from 0 to 1, for one to be suggested in place of the other.
pub const ALIKE: f64 = 0.7;

/// The name that is most like what was given, if their similarity (by Jaro and Winkler, from 0 to
/// 1) is at least `alike`.
pub fn suggestion<'a>(
    given: &str,
    names: impl IntoIterator<Item = &'a str>,
    alike: f64,
) -> Option<&'a str> {
    let names = names.into_iter();
    let likeness = names.map(|name| (strsim::jaro_winkler(given, name), name));
    likeness
        .filter(|(likeness, _)| *likeness >= alike)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}
