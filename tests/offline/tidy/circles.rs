//! Which files use each other in a circle.
//!
//! A file uses what its paths lead to: through the modules, and through the `pub use` of a face
//! (`mod.rs`, `lib.rs`) to the file that defines the name.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;

/// A module's names from the root on; none for the root itself.
type Module = Vec<String>;

/// The groups of files that use each other in a circle. `files` maps each path, which counts from
/// `src`, to its shipped code.
pub fn of(files: &BTreeMap<String, String>) -> Vec<BTreeSet<String>> {
    let house = House::new(files);
    let arrows: BTreeMap<&str, BTreeSet<&str>> = house
        .files()
        .map(|(module, path)| (path, house.used_by(module, &files[path])))
        .collect();
    let reached: BTreeMap<&str, BTreeSet<&str>> = arrows
        .keys()
        .map(|path| (*path, reach(path, &arrows)))
        .collect();
    let circle = |path: &&str| {
        let back = |other: &&&str| reached[**other].contains(path);
        let others = reached[path].iter().filter(back);
        others.map(|other| (*other).to_owned()).collect()
    };
    let circles: BTreeSet<BTreeSet<String>> = reached.keys().map(circle).collect();
    circles
        .into_iter()
        .filter(|circle| circle.len() > 1)
        .collect()
}

/// All files that one file uses, directly or through others.
fn reach<'a>(from: &str, arrows: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&str> = arrows[from].iter().copied().collect();
    while let Some(path) = next.pop() {
        if reached.insert(path) {
            next.extend(&arrows[path]);
        }
    }
    reached
}

struct House<'a> {
    /// The file of each module.
    paths: BTreeMap<Module, &'a str>,
    /// What each face hands on: a name, and the path that it stands for.
    handed_on: BTreeMap<(Module, String), Vec<String>>,
}

impl<'a> House<'a> {
    fn new(files: &'a BTreeMap<String, String>) -> Self {
        let paths = files.keys().map(|path| (module(path), path.as_str()));
        let mut house = House {
            paths: paths.collect(),
            handed_on: BTreeMap::new(),
        };
        let public = Regex::new(r"(?s)\bpub(?:\([^)]*\))? use ([^;]+);").unwrap();
        for (path, code) in files.iter().filter(|(path, _)| is_face(path)) {
            for found in public.captures_iter(code) {
                for (target, name) in branches(&found[1]) {
                    house.handed_on.insert((module(path), name), target);
                }
            }
        }
        house
    }

    /// Faces define nothing, so they are in no circle.
    fn files(&self) -> impl Iterator<Item = (&Module, &'a str)> {
        let files = self.paths.iter().map(|(module, path)| (module, *path));
        files.filter(|(_, path)| !is_face(path))
    }

    fn used_by(&self, module: &Module, code: &str) -> BTreeSet<&'a str> {
        let imports = Regex::new(r"(?s)\buse ([^;]+);").unwrap();
        let inline = Regex::new(r"\b(?:crate|super|self)(?:::\w+)+").unwrap();
        let imported = imports.captures_iter(code).flat_map(|f| branches(&f[1]));
        let named = inline.find_iter(code).flat_map(|f| branches(f.as_str()));
        let found = imported
            .chain(named)
            .filter_map(|(path, _)| self.file(module, &path));
        found.filter(|path| *path != self.paths[module]).collect()
    }

    /// The file that a path written in a module leads to; none outside this crate.
    fn file(&self, from: &Module, path: &[String]) -> Option<&'a str> {
        let mut at = from.clone();
        let mut names = path.iter().peekable();
        match names.peek()?.as_str() {
            "crate" => at.clear(),
            "self" | "super" => {}
            _ => return None,
        }
        for name in names {
            match name.as_str() {
                "crate" | "self" => {}
                "super" => drop(at.pop()),
                name => {
                    let mut child = at.clone();
                    child.push(name.to_owned());
                    if self.paths.contains_key(&child) {
                        at = child;
                        continue;
                    }
                    let handed_on = self.handed_on.get(&(at.clone(), name.to_owned()));
                    return match handed_on {
                        Some(target) => self.file(&at, &anchored(&at, target, self)),
                        None => self.paths.get(&at).copied().filter(|path| !is_face(path)),
                    };
                }
            }
        }
        self.paths.get(&at).copied().filter(|path| !is_face(path))
    }
}

/// A face may name its own module without `self`.
fn anchored(face: &Module, target: &[String], house: &House<'_>) -> Vec<String> {
    let mut child = face.clone();
    child.extend(target.first().cloned());
    let own = house.paths.contains_key(&child).then(|| "self".to_owned());
    own.into_iter().chain(target.iter().cloned()).collect()
}

fn is_face(path: &str) -> bool {
    path.ends_with("mod.rs") || path == "lib.rs"
}

fn module(path: &str) -> Module {
    let names = path.trim_end_matches(".rs").split('/');
    let names = names.filter(|name| !["mod", "lib"].contains(name));
    names.map(str::to_owned).collect()
}

/// The paths of a `use`, each with the name that it brings: `a::{b, c as d}` has two.
fn branches(tree: &str) -> Vec<(Vec<String>, String)> {
    let tree = tree.trim();
    if let Some((stem, group)) = tree.split_once('{') {
        let group = group.trim_end().trim_end_matches('}');
        let stem = names(stem);
        let branches = parts(group).into_iter().flat_map(branches);
        let under = |(path, name): (Vec<String>, String)| {
            let path = path.into_iter().filter(|part| part != "self");
            (stem.iter().cloned().chain(path).collect(), name)
        };
        return branches.map(under).collect();
    }
    let (path, alias) = tree
        .split_once(" as ")
        .map_or((tree, None), |(p, a)| (p, Some(a)));
    let path = names(path);
    let name = alias.map(|alias| alias.trim().to_owned());
    let Some(name) = name.or_else(|| path.last().cloned()) else {
        return Vec::new();
    };
    vec![(path, name)]
}

fn names(path: &str) -> Vec<String> {
    let names = path
        .split("::")
        .map(str::trim)
        .filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

/// What the commas of a group part, not counting those of groups in it.
fn parts(group: &str) -> Vec<&str> {
    let mut depth = 0;
    let at_top = move |character: char| {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        character == ',' && depth == 0
    };
    group
        .split(at_top)
        .filter(|part| !part.trim().is_empty())
        .collect()
}

#[test]
fn a_circle_is_seen_through_faces_and_groups() {
    let files = |files: &[(&str, &str)]| {
        let file = |(path, code): &(&str, &str)| ((*path).to_owned(), (*code).to_owned());
        files.iter().map(file).collect::<BTreeMap<_, _>>()
    };
    let mut house = files(&[
        ("lib.rs", "pub mod a; pub mod b;"),
        (
            "a/mod.rs",
            "mod one; mod two; pub use one::{One, first}; pub use self::two::Two as Last;",
        ),
        (
            "a/one.rs",
            "use std::fmt; use super::{two::{self, Two}, four};",
        ),
        ("a/two.rs", "fn f() { crate::b::g() }"),
        ("a/three.rs", "use super::one::One;"),
        ("b.rs", "fn g() {}"),
    ]);
    assert_eq!(of(&house), Vec::<BTreeSet<String>>::new());
    house.insert("b.rs".to_owned(), "use crate::a::{Last, first};".to_owned());
    let circle = ["a/one.rs", "a/two.rs", "b.rs"].map(str::to_owned);
    assert_eq!(of(&house), [BTreeSet::from(circle)]);
}
