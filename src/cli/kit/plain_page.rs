//! A page of the guide on a terminal: Markdown without its marks, wrapped, with aligned tables.
//!
//! It reads what the guide is written in, and no more: headings, paragraphs, lists, tables, blocks
//! of code, emphasis and links.

use super::plain_table;
use super::plain_words::{self, Links};

/// How far a block of code is indented.
const INDENT: &str = "    ";

/// The text of a page as lines that are no longer than `width`, except for code. With `bold`, what
/// is emphasised and headings are so.
pub fn rendered(markdown: &str, topics: &[&str], width: usize, bold: bool) -> String {
    let mut page = PlainPage {
        links: Links { topics, bold },
        width,
        text: String::new(),
        paragraph: String::new(),
        rows: Vec::new(),
        is_code: false,
    };
    markdown.lines().for_each(|line| page.read(line));
    page.end_block();
    page.text
}

struct PlainPage<'a> {
    links: Links<'a>,
    width: usize,
    text: String,
    /// The paragraph or list item that is not complete yet, with its own indentation.
    paragraph: String,
    /// The rows of the table that is not complete yet.
    rows: Vec<Vec<String>>,
    is_code: bool,
}

impl PlainPage<'_> {
    fn read(&mut self, line: &str) {
        if line.starts_with("```") {
            self.end_block();
            self.is_code = !self.is_code;
        } else if self.is_code {
            let line = format!("{INDENT}{line}");
            self.push(line.trim_end());
        } else if line.trim().is_empty() {
            self.end_block();
            self.push("");
        } else if let Some(row) = line.strip_prefix('|') {
            if !row.chars().all(|c| matches!(c, '|' | '-' | ':' | ' ')) {
                let links = self.links.inside_a_table();
                let cells = plain_table::cells(row).into_iter();
                self.rows
                    .push(cells.map(|cell| links.plain(&cell)).collect());
            }
        } else if line.starts_with('#') {
            let title = self.links.plain(line.trim_start_matches('#').trim());
            self.push(&plain_words::emphasised(&title, self.links.bold));
        } else {
            if item(line) > 0 {
                self.end_block();
            }
            match self.paragraph.is_empty() {
                true => self.paragraph.push_str(line.trim_end()),
                false => {
                    self.paragraph.push(' ');
                    self.paragraph.push_str(line.trim());
                }
            }
        }
    }

    fn end_block(&mut self) {
        let paragraph = std::mem::take(&mut self.paragraph);
        if !paragraph.is_empty() {
            let hanging = item(&paragraph);
            let lines = plain_words::wrapped(&self.links.plain(&paragraph), self.width, hanging);
            lines.iter().for_each(|line| self.push(line));
        }
        let rows = std::mem::take(&mut self.rows);
        let lines = plain_table::lines(&rows, self.width);
        lines.iter().for_each(|line| self.push(line));
    }

    fn push(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }
}

/// How far the text of a list item is indented; 0 where none begins.
fn item(line: &str) -> usize {
    let text = line.trim_start();
    let mark = match text.split_once(' ') {
        Some((mark, _)) => mark,
        None => return 0,
    };
    let number = mark.strip_suffix('.').unwrap_or_default();
    let is_number = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
    match mark == "-" || is_number {
        true => line.len() - text.len() + mark.len() + 1,
        false => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guide::PAGES;

    #[test]
    fn a_page_reads_plainly_on_a_terminal() {
        let page = "# no-hang\n\n**Holds when** every *one* of `a*b`\nis [sent][requests] in 2 * 3 ms: see [inconclusive].\n\n\
            - a [site](https://example.org/) and\n  a [page](page.md)\n\n\
            | word | meaning |\n|---|---|\n| `a\\|b` | see [inconclusive] and then some more |\n\n```sh\ncomeback  run\n```\n";
        let topics = ["inconclusive", "requests"];
        assert_eq!(
            rendered(page, &topics, 40, false),
            "no-hang\n\n\
             Holds when every one of `a*b` is sent\n\
             (`comeback help requests`) in 2 * 3 ms:\n\
             see `comeback help inconclusive`.\n\n\
             - a site (https://example.org/) and a\n  page\n\n\
             word   meaning\n\
             `a|b`  see inconclusive and then some\n       more\n\n    comeback  run\n"
        );
        let bold = rendered("**Holds when** it", &[], 80, true);
        assert_eq!(bold, "\x1b[1mHolds\x1b[0m \x1b[1mwhen\x1b[0m it\n");
    }

    #[test]
    fn no_page_shows_a_mark_or_is_wider_than_the_terminal() {
        let topics: Vec<&str> = PAGES.iter().map(|page| page.topic).collect();
        for page in PAGES {
            let text = rendered(&page.printed(), &topics, 80, false);
            for line in text.lines().filter(|line| !line.starts_with(INDENT)) {
                let outside_code: String = line.split('`').step_by(2).collect();
                let topic = page.topic;
                assert!(!outside_code.contains("**"), "{topic}: {line}");
                assert!(!outside_code.contains("]["), "{topic}: {line}");
                assert!(!outside_code.contains(".md"), "{topic}: {line}");
                let is_wrapped = line.chars().count() <= 80;
                assert!(is_wrapped || !line.contains("  "), "{topic}: {line}");
            }
        }
    }
}
