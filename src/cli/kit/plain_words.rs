//! Words of Markdown as plain text.

/// Turns on bold.
const BOLD: &str = "\x1b[1m";
/// Turns everything off.
const PLAIN: &str = "\x1b[0m";

/// How emphasis and links become plain.
#[derive(Debug, Clone, Copy)]
pub struct Links<'a> {
    /// The pages to which links may lead, as `comeback help TOPIC`.
    pub topics: &'a [&'a str],
    /// Whether emphasis is shown in bold.
    pub bold: bool,
}

impl Links<'_> {
    /// In a table, where there is little room, a page is only named.
    pub fn inside_a_table(self) -> Self {
        Links {
            topics: &[],
            ..self
        }
    }

    /// The text without the marks of emphasis and links. Code keeps its backticks.
    pub fn plain(self, markdown: &str) -> String {
        let mut text = String::new();
        let mut rest = markdown;
        while let Some(c) = rest.chars().next() {
            if let Some((code, after)) = enclosed(rest, "`", "`") {
                text = text + "`" + code + "`";
                rest = after;
            } else if let Some((inner, after)) = enclosed(rest, "**", "**") {
                text += &emphasised(&self.plain(inner), self.bold);
                rest = after;
            } else if let Some((inner, after)) = enclosed(rest, "*", "*")
                && is_tight(inner)
            {
                text += inner;
                rest = after;
            } else if let Some((name, after)) = enclosed(rest, "[", "]") {
                rest = self.link(name, after, &mut text);
            } else {
                text.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
        text
    }

    /// Writes a link, and returns what comes after it.
    fn link<'t>(self, name: &str, after: &'t str, text: &mut String) -> &'t str {
        let is_topic = |topic: &str| self.topics.contains(&topic);
        if let Some((address, after)) = enclosed(after, "(", ")") {
            *text += &self.plain(name);
            if address.contains("://") {
                *text += &format!(" ({address})");
            }
            return after;
        }
        if let Some((topic, after)) = enclosed(after, "[", "]") {
            *text += &self.plain(name);
            if is_topic(topic) {
                *text += &format!(" (`comeback help {topic}`)");
            }
            return after;
        }
        let is_name = |c: char| c.is_ascii_lowercase() || c == '-';
        match is_topic(name) {
            true => *text += &format!("`comeback help {name}`"),
            false if self.topics.is_empty() && name.chars().all(is_name) => *text += name,
            false => *text += &format!("[{name}]"),
        }
        after
    }
}

/// What stands between two marks at the beginning of a text, and what comes after them.
fn enclosed<'t>(text: &'t str, open: &str, close: &str) -> Option<(&'t str, &'t str)> {
    let (inner, after) = text.strip_prefix(open)?.split_once(close)?;
    (!inner.is_empty()).then_some((inner, after))
}

/// Whether a text is not a product's right side.
fn is_tight(text: &str) -> bool {
    text.trim() == text
}

/// Each word of a text in bold, so that lines may be broken between them.
pub fn emphasised(text: &str, bold: bool) -> String {
    if !bold {
        return text.to_owned();
    }
    let words = text.split(' ').map(|word| format!("{BOLD}{word}{PLAIN}"));
    words.collect::<Vec<_>>().join(" ")
}

/// How wide a text is on a terminal.
pub fn width_of(text: &str) -> usize {
    let marks = text.matches(BOLD).count() * BOLD.len() + text.matches(PLAIN).count() * PLAIN.len();
    text.chars().count() - marks
}

/// A text as lines of at most this width, all but the first indented. A longer word stays whole.
pub fn wrapped(text: &str, width: usize, hanging: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let is_first = line.trim().is_empty();
        if !is_first && width_of(&line) + 1 + width_of(word) > width {
            lines.push(std::mem::replace(&mut line, " ".repeat(hanging)));
        } else if !is_first {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}
