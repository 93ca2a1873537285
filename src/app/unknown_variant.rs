//! The answer to a name that no variant has.

use super::Variant;

/// How alike a name must be to be suggested, from 0 to 1.
const ALIKE: f64 = 0.7;

/// There is no variant with this name.
#[derive(Debug, thiserror::Error)]
#[error("the demo has no variant `{name}`; {}", remedy(name))]
pub struct UnknownVariant {
    /// The unknown name.
    pub name: String,
}

/// The variant that is most like a name that was given, else all of them.
fn remedy(given: &str) -> String {
    let names = Vec::from_iter(Variant::ALL.iter().map(|variant| variant.name()));
    let likeness = |name: &str| strsim::jaro_winkler(given, name);
    let best = names
        .iter()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match best {
        Some(best) if likeness(best) >= ALIKE => format!("did you mean `{best}`?"),
        _ => format!("there are {}", names.join(", ")),
    }
}
