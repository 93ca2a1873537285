//! The syntax of headers and JSON pointers.

use hyper::header::{HeaderName, HeaderValue};

/// Parses a header. Its value is marked as sensitive.
///
/// # Errors
/// When the name or the value is invalid. The value may be a secret, so the error never shows it.
pub fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let parsed = header_name(name)?;
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        format!(
            "the value of the header `{name}` contains a character that no header may have, such as a line break (often one at the \
             end of an environment variable)"
        )
    })?;
    value.set_sensitive(true);
    Ok((parsed, value))
}

/// Parses a header's name.
///
/// # Errors
/// When it is invalid.
fn header_name(name: &str) -> Result<HeaderName, String> {
    HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| format!("`{name}` is not a valid header name"))
}

/// Checks a JSON pointer.
///
/// # Errors
/// When it is invalid; says what was probably meant.
pub(super) fn check_pointer(pointer: &str) -> Result<(), String> {
    if pointer.is_empty() || pointer.starts_with('/') {
        return Ok(());
    }
    let meant = pointer.replace('.', "/");
    Err(format!(
        "`{pointer}` is not a JSON pointer: write `/{meant}`"
    ))
}
