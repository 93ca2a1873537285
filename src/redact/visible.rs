//! Escapes characters that control a terminal or reorder a line.

use std::borrow::Cow;

/// Escapes control characters other than line breaks and tabs, marks that change the direction of
/// writing, and separators that some programs treat as line breaks. Otherwise a response or a log
/// line could clear the screen or make a line read differently.
pub fn visible(text: &str) -> Cow<'_, str> {
    let escaped = escape(text, |character| character.escape_default().to_string());
    escaped.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// The same for a JSON document, in which these characters occur only in strings. The document
/// keeps its meaning.
pub(super) fn visible_json(document: String) -> String {
    let escaped = escape(&document, |character| {
        format!("\\u{:04x}", u32::from(character))
    });
    escaped.unwrap_or(document)
}

/// Replaces each hostile character by its code; `None` if there is none.
fn escape(text: &str, code: impl Fn(char) -> String) -> Option<String> {
    text.contains(is_hostile).then(|| {
        let mut escaped = String::new();
        for character in text.chars() {
            match is_hostile(character) {
                true => escaped += &code(character),
                false => escaped.push(character),
            }
        }
        escaped
    })
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
