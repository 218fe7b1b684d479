//! Sibling modules have no circular dependencies, so a reader knows which one to read first.
//!
//! A module uses another if a path in it, or in a module below it, refers to the other or a module below that.
//! Re-exports with `use` in a parent count as uses of their origin. Children may use their parent, and parents their
//! children. Tests do not count.

use std::collections::{BTreeMap, BTreeSet};
use tests::workspace;

/// Where modules use each other in a circle all the same, and why: the root of the crate, and the parent of the modules.
const CIRCLES: &[(&str, &str)] = &[
    // Outside of wasm, the calls of the system are those of the fake host, which reads and writes JSON.
    ("guest-sdk/src/lib.rs", ""),
    // A value is made of values: what decodes one calls what parses one, and the other way round.
    ("guest-sdk/src/lib.rs", "json"),
    // A text has a manifest in it, that one a text in base64, that one a URL.
    ("host-min/json/src/lib.rs", "redact"),
];

/// The names from a crate's root to a module.
type Path = Vec<String>;

/// A module's code in pieces: names, `::` and single characters, without comments, texts and tests.
fn pieces(code: &str) -> Vec<String> {
    let code = code.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let (mut pieces, mut rest) = (Vec::<String>::new(), code);
    while let Some(first) = rest.chars().next() {
        let is_raw = pieces.last().is_some_and(|last| last == "r" || last == "br");
        let hashes = rest.len() - rest.trim_start_matches('#').len();
        let len = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if is_raw && rest[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            rest[hashes + 1..].find(&end).map_or(rest.len(), |at| hashes + 1 + at + end.len())
        } else if first == '"' {
            let mut escaped = false;
            let end = rest[1..].find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            end.map_or(rest.len(), |at| at + 2)
        } else if let Some(character) = rest.strip_prefix('\'') {
            // A character, or the beginning of a lifetime.
            let len = character.chars().next().map_or(0, char::len_utf8);
            match character.strip_prefix('\\') {
                Some(escaped) => escaped[1..].find('\'').map_or(rest.len(), |at| at + 4),
                None if character[len..].starts_with('\'') => len + 2,
                None => 1,
            }
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            pieces.push(rest[..end].to_owned());
            end
        } else if rest.starts_with("::") {
            pieces.push("::".to_owned());
            2
        } else {
            if !first.is_whitespace() {
                pieces.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[len..];
    }
    pieces
}

/// The paths of a `use`, each with the name that it gives.
fn used(pieces: &[String]) -> Vec<(Path, String)> {
    /// Reads what follows a prefix, up to the comma or brace behind it.
    fn tree(pieces: &[String], mut at: usize, prefix: &Path, to: &mut Vec<(Path, String)>) -> usize {
        let (mut path, mut alias) = (prefix.clone(), None);
        while let Some(piece) = pieces.get(at) {
            match &**piece {
                "," | "}" => break,
                "{" => {
                    at += 1;
                    while pieces.get(at).is_some_and(|piece| piece != "}") {
                        at = tree(pieces, at, &path, to);
                        at += usize::from(pieces.get(at).is_some_and(|piece| piece == ","));
                    }
                    return at + 1;
                }
                "as" => {
                    alias = pieces.get(at + 1).cloned();
                    at += 1;
                }
                "::" => {}
                "self" if !path.is_empty() => {}
                name => path.push(name.to_owned()),
            }
            at += 1;
        }
        let name = alias.or_else(|| path.last().cloned()).unwrap_or_default();
        to.push((path, name));
        at
    }
    let mut found = Vec::new();
    tree(pieces, 0, &Path::new(), &mut found);
    found
}

#[derive(Default)]
struct Module {
    children: Vec<String>,
    /// What `use` brings into it, and under which name.
    used: Vec<(Path, String)>,
    /// Paths that begin at the crate, the parent or the module itself.
    paths: Vec<Path>,
}

impl Module {
    fn of(code: &str) -> Module {
        let pieces = pieces(code);
        let is = |at: usize, what: &str| pieces.get(at).is_some_and(|piece| piece == what);
        let (mut module, mut at) = (Module::default(), 0);
        while let Some(piece) = pieces.get(at) {
            match &**piece {
                "mod" if is(at + 2, ";") => {
                    // Of tests, the attribute before it and before `pub` says so.
                    let before = &pieces[at.saturating_sub(12)..at];
                    let begin = before.iter().rposition(|piece| [";", "}"].contains(&&**piece));
                    let attributes = &before[begin.map_or(0, |begin| begin + 1)..];
                    if !attributes.iter().any(|piece| piece == "test") {
                        module.children.push(pieces[at + 1].clone());
                    }
                }
                "use" => {
                    let end = pieces[at..]
                        .iter()
                        .position(|piece| piece == ";")
                        .map_or(pieces.len(), |end| at + end);
                    module.used.extend(used(&pieces[at + 1..end]));
                    at = end;
                }
                "crate" | "super" | "self" if is(at + 1, "::") => {
                    let mut path = vec![piece.clone()];
                    while is(at + 1, "::")
                        && pieces.get(at + 2).is_some_and(|piece| piece != "{" && piece != "<")
                    {
                        path.push(pieces[at + 2].clone());
                        at += 2;
                    }
                    module.paths.push(path);
                }
                _ => {}
            }
            at += 1;
        }
        module
    }
}

/// The modules of a crate, by their paths.
struct Crate(BTreeMap<Path, Module>);

impl Crate {
    /// Reads the crate with this root.
    fn of(root: &str, read: &dyn Fn(&str) -> Option<String>) -> Crate {
        let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let mut modules = BTreeMap::new();
        let mut left = vec![(Path::new(), root.to_owned(), folder)];
        while let Some((path, file, folder)) = left.pop() {
            let module = Module::of(&read(&file).unwrap_or_else(|| panic!("{file} is not there")));
            for child in &module.children {
                let below = format!("{folder}/{child}");
                let files = [format!("{below}.rs"), format!("{below}/mod.rs")];
                let file = files.into_iter().find(|file| read(file).is_some());
                let file = file.unwrap_or_else(|| panic!("{root} has no file for {path:?} {child}"));
                left.push(([&path[..], std::slice::from_ref(child)].concat(), file, below));
            }
            modules.insert(path, module);
        }
        Crate(modules)
    }

    fn child(&self, parent: &Path, name: &str) -> Option<Path> {
        let path = [&parent[..], &[name.to_owned()]].concat();
        self.0.contains_key(&path).then_some(path)
    }

    /// The module that has what a path in this module names; `None` if it is not of this crate.
    fn home(&self, module: &Path, path: &[String], steps: usize) -> Option<Path> {
        let (mut here, mut names) = (module.clone(), path.iter().enumerate().peekable());
        if path.first()? == "crate" {
            here.clear();
            names.next();
        }
        while let Some((_, name)) = names.next_if(|(_, name)| ["self", "super"].contains(&&***name)) {
            if name == "super" {
                here.pop();
            }
        }
        let is_relative =
            ["crate", "self", "super"].contains(&&*path[0]) || self.child(&here, &path[0]).is_some();
        if !is_relative {
            return None;
        }
        for (at, name) in names {
            if let Some(child) = self.child(&here, name) {
                here = child;
                continue;
            }
            let passed_on =
                self.0[&here].used.iter().find(|(other, alias)| alias == name && **other != *path);
            return match passed_on {
                Some((other, _)) if steps > 0 => {
                    let whole = [other, &path[at + 1..]].concat();
                    Some(self.home(&here, &whole, steps - 1).unwrap_or(here))
                }
                _ => Some(here),
            };
        }
        Some(here)
    }

    /// Which modules with the same parent use which, and a path that does: by parent.
    fn neighbours(&self) -> BTreeMap<Path, BTreeMap<(String, String), String>> {
        let mut neighbours: BTreeMap<Path, BTreeMap<(String, String), String>> = BTreeMap::new();
        for (module, code) in &self.0 {
            for path in code.used.iter().map(|(path, _)| path).chain(&code.paths) {
                let Some(home) = self.home(module, path, 8) else { continue };
                let common = module.iter().zip(&home).take_while(|(one, other)| one == other).count();
                if common < module.len() && common < home.len() {
                    let arrow = (module[common].clone(), home[common].clone());
                    let said = format!("{}: {}", module.join("::"), path.join("::"));
                    neighbours.entry(module[..common].to_vec()).or_default().entry(arrow).or_insert(said);
                }
            }
        }
        neighbours
    }

    /// The arrows that are part of a circle, by the parent of the modules in it.
    fn circles(&self) -> BTreeMap<String, Vec<String>> {
        let mut circles = BTreeMap::new();
        for (parent, arrows) in self.neighbours() {
            let reaches = |from: &str, to: &str| {
                let (mut seen, mut left) = (BTreeSet::new(), vec![from]);
                while let Some(one) = left.pop() {
                    let next = arrows.keys().filter(|(begin, _)| begin == one).map(|(_, end)| &**end);
                    left.extend(next.filter(|next| seen.insert(*next)));
                }
                seen.contains(to)
            };
            let in_circle = arrows.iter().filter(|((from, to), _)| reaches(to, from));
            let told: Vec<String> =
                in_circle.map(|((from, to), said)| format!("{from} uses {to} ({said})")).collect();
            if !told.is_empty() {
                circles.insert(parent.join("::"), told);
            }
        }
        circles
    }
}

#[test]
fn modules_side_by_side_use_each_other_one_way() {
    let roots = workspace::rust_files().into_iter().filter(|file| {
        let is_ours =
            ["host-min/", "guest-sdk/", "size-report/"].iter().any(|folder| file.starts_with(folder));
        is_ours && (file.ends_with("/src/lib.rs") || file.ends_with("/src/main.rs"))
    });
    let read = |file: &str| std::fs::read_to_string(workspace::root().join(file)).ok();
    let (mut found, mut modules) = (BTreeSet::new(), 0);
    for root in roots {
        let sources = Crate::of(&root, &read);
        modules += sources.0.len();
        for (parent, arrows) in sources.circles() {
            let is_known = CIRCLES.contains(&(&*root, &*parent));
            assert!(
                is_known,
                "{root}: below '{parent}', modules use each other in a circle: move what is shared into a module of its own\n  {}",
                arrows.join("\n  ")
            );
            found.insert((root.clone(), parent));
        }
    }
    assert!(modules > 250, "only {modules} modules were found");
    for (root, parent) in CIRCLES {
        let is_there = found.contains(&((*root).to_owned(), (*parent).to_owned()));
        assert!(is_there, "{root}: below '{parent}' there is no circle any more: delete its row");
    }
}

#[test]
fn circles_are_found() {
    let files: BTreeMap<&str, &str> = [
        (
            "src/lib.rs",
            "//! use super::nothing;\nmod a;\npub(crate) mod b;\nmod c;\n#[cfg(test)]\nmod tests;\nuse b::{deep::Thing, Other as Alias};\n",
        ),
        // By way of what the parent passes on, and in the middle of code.
        ("src/a.rs", "use super::{Thing, c::*};\nfn a<'a>(c: char) -> bool { c == '\"' || c == '\\'' }"),
        ("src/b/mod.rs", "pub mod deep;\npub struct Other;\nuse crate::Alias;"),
        ("src/b/deep.rs", "const TEXT: &str = \"crate::c\"; const RAW: &str = r#\"\" crate::c\"#;\nfn f() { crate::a::g() }"),
        ("src/c.rs", "use std::fmt; // use crate::a\n#[cfg(test)]\nmod tests {\n    use crate::a;\n}\n"),
    ]
    .into();
    let read = |file: &str| files.get(file).map(|text| (*text).to_owned());
    let circles = Crate::of("src/lib.rs", &read).circles();
    let expected =
        vec!["a uses b (a: super::Thing)".to_owned(), "b uses a (b::deep: crate::a::g)".to_owned()];
    assert_eq!(circles, BTreeMap::from([(String::new(), expected)]));
}
