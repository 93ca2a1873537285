//! The answer to a name that no variant has.

use super::Variant;
use crate::model::{ALIKE, suggestion};

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
    match suggestion(given, names.iter().copied(), ALIKE) {
        Some(best) => format!("did you mean `{best}`?"),
        None => format!("there are {}", names.join(", ")),
    }
}
