//! README and guide: they stay short, their links lead somewhere, and their examples are configurations.

use std::fs;
use std::path::{Path, PathBuf};

use comeback::config::Config;
use comeback::guide::PAGES;
use regex::Regex;

/// README.md and every page of the guide, with the most lines it may have.
fn pages() -> Vec<(PathBuf, usize)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = root.join("src/guide");
    let pages = PAGES
        .iter()
        .map(|page| guide.join(format!("{}.md", page.topic)));
    let mut all: Vec<_> = pages.map(|page| (page, 150)).collect();
    all.push((root.join("README.md"), 200));
    all
}

/// The code blocks of a page in some language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    let after = text.split(&*fence).skip(1);
    after
        .filter_map(|rest| rest.split("\n```").next())
        .collect()
}

#[test]
fn no_page_is_too_long_and_no_line_of_prose_too_wide() {
    for (page, most_lines) in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let name = page.display();
        assert!(
            text.lines().count() <= most_lines,
            "{name} has too many lines"
        );
        // The row of a table cannot be wrapped.
        for line in text.lines().filter(|line| !line.starts_with('|')) {
            assert!(line.chars().count() <= 120, "{name}: {line}");
        }
    }
}

#[test]
fn every_file_of_the_guide_is_a_page() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide");
    let files = fs::read_dir(guide)
        .unwrap()
        .map(|file| file.unwrap().path());
    let pages = files.filter(|file| file.extension().is_some_and(|e| e == "md"));
    assert_eq!(pages.count(), PAGES.len());
}

#[test]
fn every_link_leads_somewhere() {
    // `[text](target)`, and the definition `[name]: target`.
    let link = Regex::new(r"\]\(([^)\s]+)\)|(?m)^\[[^\]]+\]: (\S+)$").unwrap();
    let reference = Regex::new(r"\]\[([a-z-]+)\]").unwrap();
    let mut links = 0;
    for (page, _) in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let folder = page.parent().unwrap();
        for found in link.captures_iter(&text) {
            let target = found.get(1).or(found.get(2)).unwrap().as_str();
            assert!(
                folder.join(target).exists(),
                "{} links to {target}",
                page.display()
            );
            links += 1;
        }
        for name in reference.captures_iter(&text) {
            let definition = format!("\n[{}]: ", &name[1]);
            assert!(
                text.contains(&definition),
                "{}: {definition}",
                page.display()
            );
        }
    }
    assert!(links > 30, "{links}");
}

#[test]
fn every_example_of_a_whole_stack_is_a_configuration() {
    let mut examples = 0;
    for (page, _) in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for block in blocks(&text, "toml")
            .into_iter()
            .filter(|b| b.starts_with("[api]"))
        {
            let whole = match block.contains("[[request]]") {
                true => block.to_owned(),
                false => format!("{block}\n[[request]]\npath = \"/\"\n"),
            };
            let file = Path::new("comeback.toml");
            if let Err(error) = Config::parse(&whole, file, &|_| None) {
                panic!("{}: {error}", page.display());
            }
            examples += 1;
        }
    }
    assert_eq!(examples, 6, "two in the README, four in the guide");
}
