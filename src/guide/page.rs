//! One page of the guide.

/// A page of the guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Its name, as in `comeback help TOPIC`.
    pub topic: &'static str,
    /// Its text, in Markdown. The first line is its title.
    pub text: &'static str,
}

impl Page {
    /// Its title.
    pub fn title(&self) -> &'static str {
        let first = self.text.lines().next().unwrap_or_default();
        first.trim_start_matches('#').trim()
    }

    /// What it says, without the definitions of its links, which only a browser follows.
    pub fn body(&self) -> &'static str {
        let mut body = self.text.trim_end();
        while let Some((before, last)) = body.rsplit_once('\n')
            && last.starts_with('[')
            && last.ends_with(".md")
        {
            body = before.trim_end();
        }
        body
    }

    /// What it says on a terminal, without the mark of the code blocks that a test runs, which no
    /// browser shows either: the word `runnable` behind the block's language.
    pub fn printed(&self) -> String {
        let lines = self.body().lines().map(|line| match line {
            fence if fence.starts_with("```") => fence.trim_end_matches(" runnable"),
            line => line,
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use crate::guide::PAGES;

    #[test]
    fn every_page_has_a_title_and_only_its_links_are_left_out() {
        for page in PAGES {
            assert!(page.text.starts_with("# "), "{}", page.topic);
            let left_out = page.text[page.body().len()..].trim();
            let is_link = |line: &str| line.starts_with('[') && line.ends_with(".md");
            assert!(left_out.lines().all(is_link), "{}: {left_out}", page.topic);
            assert!(!page.body().contains(".md\n["), "{}", page.topic);
        }
    }
}
