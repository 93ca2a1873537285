//! Links to events on the page and to files beside it, and commands that can be copied.

use std::path::{Component, Path, PathBuf};

use maud::{Markup, html};

/// Links to events that prove something.
pub fn evidence(nth: usize, evidence: &[u64]) -> Markup {
    html! { span.evidence { @for seq in evidence { (event_link(nth, *seq)) " " } } }
}

/// A link to an event.
pub fn event_link(nth: usize, seq: u64) -> Markup {
    html! { a href={ "#t" (nth) "-e" (seq) } data-trial=(nth) data-seq=(seq) { "#" (seq) } }
}

/// A command with a button that copies it. The page's script shows the button.
pub fn command(text: &str) -> Markup {
    html! {
        span.command {
            code { (text) }
            " " button.copy type="button" hidden title="copy the command" { "copy" }
        }
    }
}

/// A file by its name, as a link from the page in `folder` if it is there.
pub fn file(folder: &Path, path: &Path, text: &str) -> Markup {
    let target = path.is_file().then(|| relative(folder, path)).flatten();
    html! {
        @match target {
            Some(target) => a href=(target) { (text) },
            None => code { (text) },
        }
    }
}

/// The way from a folder to a file as a relative URL, so that it holds wherever both are moved to,
/// and no page shows more of this machine's folders than it needs.
fn relative(folder: &Path, path: &Path) -> Option<String> {
    let folder = std::path::absolute(folder).ok()?;
    let path = std::path::absolute(path).ok()?;
    let mut from = folder.components().peekable();
    let mut to = path.components().peekable();
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    let up = from.map(|_| Component::ParentDir);
    let way: PathBuf = up.chain(to).collect();
    let mut url = String::from("./");
    for byte in way.to_str()?.bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'~' => url.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => url.push(byte.into()),
            _ => url += &format!("%{byte:02X}"),
        }
    }
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_from_the_page_to_the_file_and_nothing_in_it_is_markup() {
        let way = |folder, path| relative(Path::new(folder), Path::new(path)).unwrap();
        assert_eq!(way("runs/1", "runs/1/trial-0.jsonl"), "./trial-0.jsonl");
        assert_eq!(
            way("runs/1", "traces/a b.jsonl"),
            "./../../traces/a%20b.jsonl"
        );
        assert_eq!(
            way("/x", "/x/\"><b>#?.jsonl"),
            "./%22%3E%3Cb%3E%23%3F.jsonl"
        );
    }
}
