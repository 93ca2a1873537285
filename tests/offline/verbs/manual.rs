//! Completion scripts and manual pages: they name every command and none that is hidden.

use std::fs;

use super::{comeback, folder};

#[test]
fn each_shell_gets_a_script_that_completes_every_visible_command() {
    let folder = folder();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let said = comeback(folder.path(), &["completions", shell]);
        assert_eq!(said.code, Some(0), "{}", said.all());
        for word in ["regress", "doctor", "completions", "max-inconclusive"] {
            assert!(said.out.contains(word), "{shell} lacks {word}");
        }
        assert!(!said.out.contains("demo-part"), "{shell}");
    }
    let json = comeback(folder.path(), &["completions", "bash", "--format", "json"]);
    assert_eq!(json.json()["topic"], "bash");
    let unknown = comeback(folder.path(), &["completions", "bsh"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("'bash'"), "{}", unknown.err);
}

#[test]
fn the_manual_has_a_page_for_each_visible_command() {
    let folder = folder();
    let said = comeback(folder.path(), &["man", "--out", "man1", "--format", "json"]);
    assert_eq!(said.code, Some(0), "{}", said.all());
    let pages = said.json();
    let pages = Vec::from_iter(
        pages
            .as_array()
            .unwrap()
            .iter()
            .map(|p| p.as_str().unwrap()),
    );
    for page in ["comeback.1", "comeback-run.1", "comeback-fault-pause.1"] {
        assert!(pages.contains(&page), "{pages:?}");
    }
    assert!(!pages.iter().any(|page| page.contains("demo-part")));
    for page in pages {
        let text = fs::read_to_string(folder.path().join("man1").join(page)).unwrap();
        assert!(text.contains(".SH NAME"), "{page}: {text}");
    }
    let one = comeback(folder.path(), &["man", "shrink"]);
    assert!(one.out.contains(".TH comeback-shrink 1"), "{}", one.all());
    let typo = comeback(folder.path(), &["man", "shrnk"]);
    assert_eq!(typo.code, Some(2));
    assert!(typo.err.contains("did you mean `shrink`?"), "{}", typo.err);
}
