//! What of a source file is shipped code.

use regex::Regex;

/// The text with its comments, literals and `#[cfg(test)]` items blanked out; every line stays
/// where it is. A file called `tests.rs`, or in a folder `tests`, is such an item as a whole.
pub fn of(path: &str, text: &str) -> String {
    without_tests(path, &without_prose(text), without_prose(text))
}

/// The text with its comments and `#[cfg(test)]` items blanked out: its literals stay.
pub fn with_literals(path: &str, text: &str) -> String {
    let keep = |found: &str| !found.starts_with("//") && !found.starts_with("/*");
    without_tests(path, &without_prose(text), blanked(text, keep))
}

/// Blanks out comments and literals, and keeps every line where it is.
fn without_prose(text: &str) -> String {
    blanked(text, |_| false)
}

/// Blanks out those comments and literals that are not to be kept.
fn blanked(text: &str, keep: impl Fn(&str) -> bool) -> String {
    let prose = Regex::new(
        r##"(?xs)
        //[^\n]* | /\*.*?\*/
        | \bb?r\#\#".*?"\#\# | \bb?r\#".*?"\# | \bb?r"[^"]*"
        | "(?:\\.|[^"\\])*"
        | '(?:\\.[^']*|[^'\\])'"##,
    )
    .unwrap();
    prose
        .replace_all(text, |found: &regex::Captures<'_>| match keep(&found[0]) {
            true => found[0].to_owned(),
            false => blank(&found[0]),
        })
        .into_owned()
}

/// Blanks out each item of `text` behind `#[cfg(test)]`. Where they are is seen in its code alone,
/// `code`.
fn without_tests(path: &str, code: &str, mut text: String) -> String {
    if path.ends_with("/tests.rs") || path.contains("/tests/") {
        return blank(&text);
    }
    for (start, _) in code.match_indices("#[cfg(test)]") {
        let end = start + item_length(&code[start..]);
        text.replace_range(start..end, &blank(&text[start..end]));
    }
    text
}

/// Up to the semicolon or the closing brace that ends the item.
fn item_length(code: &str) -> usize {
    let mut depth = 0;
    for (byte, character) in code.char_indices() {
        match character {
            ';' if depth == 0 => return byte + 1,
            '{' => depth += 1,
            '}' if depth == 1 => return byte + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

fn blank(text: &str) -> String {
    text.split('\n')
        .map(|line| " ".repeat(line.len()))
        .collect::<Vec<_>>()
        .join("\n")
}
