//! Characters that command a terminal, or change the order in which a line is read.

use std::borrow::Cow;

/// A text in which such characters are shown as codes: control characters other than line breaks
/// and tabs, marks that turn the direction of writing, and separators that some programs take for
/// line breaks. An API, a log line or a label could otherwise clear the screen, or make a line say
/// the opposite.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut visible = String::new();
    for character in text.chars() {
        match is_hostile(character) {
            true => visible.extend(character.escape_default()),
            false => visible.push(character),
        }
    }
    Cow::Owned(visible)
}

/// The same for a JSON document, where such characters are part of strings: programs read the
/// document as before.
pub(super) fn visible_json(document: String) -> String {
    if !document.contains(is_hostile) {
        return document;
    }
    let mut visible = String::new();
    for character in document.chars() {
        match is_hostile(character) {
            true => visible += &format!("\\u{:04x}", u32::from(character)),
            false => visible.push(character),
        }
    }
    visible
}

fn is_hostile(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        _ => character.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commands_a_terminal_is_shown_as_a_code_and_all_else_as_it_is() {
        let hostile = "\u{1b}[2J\r\u{7f}\u{9b}31m \u{202e}txt\u{2066}\0\u{7}\u{2028}";
        let shown = r"\u{1b}[2J\r\u{7f}\u{9b}31m \u{202e}txt\u{2066}\u{0}\u{7}\u{2028}";
        assert_eq!(visible(hostile), shown);
        let harmless = "ünï 日本 עברית 🦀\n\ttab";
        assert_eq!(visible(harmless), harmless);
    }

    #[test]
    fn a_document_says_the_same_as_before() {
        let text = "\u{1b}\u{7f}\u{202e}\u{9b}\n é";
        let document = visible_json(serde_json::to_string(text).unwrap());
        assert!(!document.contains(is_hostile));
        assert_eq!(serde_json::from_str::<String>(&document).unwrap(), text);
    }
}
