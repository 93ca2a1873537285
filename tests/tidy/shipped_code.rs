//! What of a source file is shipped code.

use regex::Regex;

/// The text with its comments, literals and `#[cfg(test)]` items blanked out; every line stays where it is. A file
/// called `tests.rs`, or in a folder `tests`, is such an item as a whole.
pub fn of(path: &str, text: &str) -> String {
    if path.ends_with("/tests.rs") || path.contains("/tests/") {
        return blank(text);
    }
    without_tests(&without_prose(text))
}

/// Blanks out comments and literals, and keeps every line where it is.
fn without_prose(text: &str) -> String {
    let prose = Regex::new(
        r##"(?xs)
        //[^\n]* | /\*.*?\*/
        | \bb?r\#\#".*?"\#\# | \bb?r\#".*?"\# | \bb?r"[^"]*"
        | "(?:\\.|[^"\\])*"
        | '(?:\\.[^']*|[^'\\])'"##,
    )
    .unwrap();
    prose
        .replace_all(text, |found: &regex::Captures<'_>| blank(&found[0]))
        .into_owned()
}

/// Blanks out each item behind `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    let mut code = code.to_owned();
    while let Some(start) = code.find("#[cfg(test)]") {
        let end = start + item_length(&code[start..]);
        code.replace_range(start..end, &blank(&code[start..end]));
    }
    code
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
