//! The repository's pages: links, anchors and paths are valid, and facts that occur in several places agree.
//!
//! Elsewhere: rules for the sources (`rules.rs`), and whether commands and code in pages work (`docs.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use tests::{programs, workspace};
use wagather_yaml::{self as yaml, Node};

/// Every page for people, but for the templates of `host-min new`, whose links are those of the crate that is made.
fn pages() -> Vec<String> {
    let is_page = |file: &String| {
        file.ends_with(".md") && !file.contains("/templates/") && !file.starts_with("tests/golden/")
    };
    workspace::files().into_iter().filter(is_page).collect()
}

/// A page's lines outside of fenced blocks, with their numbers.
fn prose(text: &str) -> Vec<(usize, &str)> {
    let mut is_code = false;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            lines.push((index + 1, line));
        }
    }
    lines
}

/// The anchors of a page's headings, as GitHub and GitLab make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut anchors = BTreeSet::new();
    for (_, line) in prose(text) {
        let heading = line.trim_start_matches('#');
        if heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let kept = heading.trim().to_lowercase();
        let kept = kept.chars().filter(|char| char.is_alphanumeric() || " -_".contains(*char));
        let anchor: String = kept.map(|char| if char == ' ' { '-' } else { char }).collect();
        let times = seen.entry(anchor.clone()).or_default();
        anchors.insert(if *times == 0 { anchor } else { format!("{anchor}-{times}") });
        *times += 1;
    }
    anchors
}

/// A path from the top without `.` and `..`; `None` if it leaves the repository.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => normal.push(name),
            Component::CurDir => {}
            Component::ParentDir if normal.pop() => {}
            _ => return None,
        }
    }
    Some(normal)
}

/// What git has: files and the folders that they lie in. What a build leaves behind is no part of it.
fn known() -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for file in workspace::files() {
        let above = Path::new(&file).ancestors().map(|path| path.to_string_lossy().into_owned());
        known.extend(above.filter(|path| !path.is_empty()));
    }
    known
}

#[test]
fn links_and_anchors_lead_somewhere() {
    let known = known();
    let (mut links, mut wrong) = (0, Vec::new());
    for page in pages() {
        let text = workspace::read(&page);
        let folder = Path::new(&page).parent().expect("a folder");
        for (number, line) in prose(&text) {
            for link in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                if link.contains("://") || link.contains(' ') {
                    continue;
                }
                links += 1;
                let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
                let path =
                    if file.is_empty() { Some(page.clone().into()) } else { normal(&folder.join(file)) };
                let Some(path) = path.map(|path| path.to_string_lossy().into_owned()) else {
                    wrong.push(format!("{page}:{number}: {link} leads out of the repository"));
                    continue;
                };
                if !path.is_empty() && !known.contains(&path) {
                    wrong.push(format!("{page}:{number}: {link}: there is no {path}"));
                } else if !anchor.is_empty() && !anchors(&workspace::read(&path)).contains(anchor) {
                    wrong.push(format!("{page}:{number}: {link}: {path} has no such heading"));
                }
            }
        }
    }
    assert!(links > 100, "only {links} links were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a page puts between backticks.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Files that a page tells the reader to make, or that a build makes.
const MADE: &[&str] = &["examples/my-gatherer", "tests/apiserver/target"];

#[test]
fn paths_in_pages_exist() {
    let known = known();
    // A room is named without the `src` in it, so that a page says `sandbox/memory.rs`.
    let short: Vec<String> = known.iter().map(|path| path.replace("/src/", "/")).collect();
    let tops: BTreeSet<&str> = known.iter().filter(|path| !path.contains('/')).map(|path| &**path).collect();
    let is_source = |name: &str| [".rs", ".wat", ".go", ".c"].iter().any(|end| name.ends_with(end));
    let is_known = |path: &str| {
        known.contains(path)
            || short.iter().any(|known| known.ends_with(&format!("/{}", path.replace("/src/", "/"))))
    };
    let (mut paths, mut wrong) = (0, Vec::new());
    for page in pages().into_iter().filter(|page| !page.contains("/tests/")) {
        let text = workspace::read(&page);
        for (number, line) in prose(&text) {
            for word in quoted(line).flat_map(str::split_whitespace) {
                // `file.rs:12`, `folder/`, `folder/*.wat`.
                let word =
                    word.split(':').next().unwrap_or_default().trim_end_matches('/').trim_end_matches(',');
                let is_placeholder = |char: char| char.is_ascii_uppercase() || "<>{}$*=()".contains(char);
                let top = word.split('/').next().unwrap_or_default();
                let from_top = word.contains('/') && tops.contains(top);
                let plain = word.strip_suffix("/README.md").or(word.strip_suffix("/DATA.md")).unwrap_or(word);
                // A path from where the reader stands is not the repository's.
                if plain.contains(is_placeholder)
                    || plain.starts_with("../")
                    || MADE.iter().any(|made| word.starts_with(made))
                {
                    continue;
                }
                // The sources of a gatherer, whichever it is.
                let is_of_any = [
                    "src/lib.rs",
                    "src/resources.rs",
                    "src/main.rs",
                    "build.rs",
                    "src/tests.rs",
                    "tests/module.rs",
                ]
                .contains(&word);
                if from_top && !known.contains(word) && !is_of_any {
                    wrong.push(format!("{page}:{number}: there is no {word}"));
                } else if is_source(word) && !is_of_any && !is_known(word) {
                    wrong.push(format!("{page}:{number}: no file's path ends in {word}"));
                } else if from_top || is_source(word) {
                    paths += 1;
                }
            }
        }
    }
    assert!(paths > 100, "only {paths} paths were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The threat model is worth what its last column is: each file, folder and test that it names is there.
#[test]
fn what_the_threat_model_names_exists() {
    let page = "docs/threat-model.md";
    let known = known();
    // The paths of modules, and of folders of modules.
    let modules: Vec<String> =
        known.iter().map(|path| path.trim_end_matches(".rs").replace("/src/", "/")).collect();
    let sources: String = workspace::rust_files().iter().map(|file| workspace::read(file)).collect();
    let (mut found, mut wrong) = (0, Vec::new());
    for (number, line) in prose(&workspace::read(page)) {
        let Some(shown) =
            line.strip_prefix('|').and_then(|line| line.trim_end_matches('|').rsplit('|').next())
        else {
            continue;
        };
        for word in quoted(shown) {
            let plain = word.trim_end_matches('/').trim_end_matches(".rs").replace("/src/", "/");
            let is_module =
                || modules.iter().any(|module| *module == plain || module.ends_with(&format!("/{plain}")));
            let is_guest = || word.ends_with(".wat") && word.contains('*');
            let is_test = || sources.contains(&format!("fn {word}("));
            if is_module() || is_guest() || is_test() {
                found += 1;
            } else if word.contains('/') || word.contains('.') || word.matches('_').count() > 2 {
                wrong.push(format!("{page}:{number}: there is no {word}"));
            }
        }
    }
    assert!(found > 40, "only {found} names were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `rust-version` of the workspace says which Rust is needed. What cannot derive it says the same.
#[test]
fn the_oldest_rust_is_said_once() {
    let manifest = workspace::read("Cargo.toml");
    let said = |text: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix("rust-version = "))
            .map(|version| version.trim_matches('"').to_owned())
    };
    let oldest = said(&manifest).expect("the workspace's rust-version");
    assert!(
        oldest.starts_with("1.") && oldest.matches('.').count() == 1,
        "{oldest} is not 1.MINOR, which .ci/setup reads"
    );
    for file in workspace::files().into_iter().filter(|file| {
        file.ends_with("Cargo.toml") || file.ends_with(".toml") && file.contains("/templates/")
    }) {
        let text = workspace::read(&file);
        if text.contains("\n[package]\n") || text.starts_with("[package]\n") {
            let same =
                text.contains("\nrust-version.workspace = true\n") || said(&text).as_ref() == Some(&oldest);
            assert!(
                same || file.ends_with("templates/own.toml"),
                "{file} does not say that it needs Rust {oldest}"
            );
        }
    }
    let mut pages = 0;
    for page in ["README.md", "CONTRIBUTING.md", "docs/codegen.md"] {
        let text = workspace::read(page);
        for version in
            text.split("Rust 1.").skip(1).map(|rest| rest.split(|char: char| !char.is_ascii_digit()).next())
        {
            assert_eq!(version.map(|minor| format!("1.{minor}")).as_deref(), Some(&*oldest), "{page}");
            pages += 1;
        }
    }
    assert!(pages > 1, "README.md and docs/codegen.md say which Rust is needed");
    // These two read it from Cargo.toml.
    assert!(workspace::read(".ci/setup").contains("rust-version"));
    assert!(workspace::read("guest-sdk/build/src/toolchain.rs").contains("env!(\"CARGO_PKG_RUST_VERSION\")"));
}

/// The index of examples has a row for each, with its first sentence, its size as the README has it, and its page of data.
#[test]
fn the_index_of_examples_is_whole() {
    let index = workspace::read("examples/README.md");
    let rows: Vec<Vec<&str>> = index
        .lines()
        .filter(|line| line.starts_with("| ["))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let mut named: Vec<String> =
        rows.iter().map(|row| row[0].split(['[', ']']).nth(1).unwrap_or_default().to_owned()).collect();
    named.sort();
    let mut examples = programs::examples();
    examples.sort();
    assert_eq!(named, examples, "examples/README.md (left) and examples (right)");
    let readme = workspace::read("README.md");
    let sizes = readme.split("<!-- sizes -->").nth(1).expect("the table of sizes");
    for row in &rows {
        let name = row[0].split(['[', ']']).nth(1).unwrap_or_default();
        let size =
            sizes.lines().find_map(|line| line.strip_prefix(&format!("| {name} | "))?.split(" |").next());
        assert_eq!(Some(row[1]), size, "the size of {name} in examples/README.md and README.md");
        let data = format!("examples/{name}/DATA.md");
        assert_eq!(row[3].contains("DATA.md"), known().contains(&data), "examples/README.md and {data}");
    }
}

/// A form that the site cannot read is not shown, without a word.
#[test]
fn issue_forms_can_be_read() {
    let forms: Vec<String> =
        workspace::files().into_iter().filter(|file| file.starts_with(".github/ISSUE_TEMPLATE/")).collect();
    assert!(forms.len() >= 3, "{forms:?}");
    for file in forms {
        let form = yaml::parse(&workspace::read(&file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        for key in ["name", "description"] {
            assert!(
                form.get(key).and_then(Node::text).is_some_and(|text| text.len() > 3),
                "{file} has no {key}"
            );
        }
        let Some(yaml::Value::List(body)) = form.get("body").map(|body| &body.value) else {
            panic!("{file} has no body")
        };
        let mut ids = BTreeSet::new();
        for field in body {
            let text = |key| field.get(key).and_then(Node::text);
            let kind = text("type").unwrap_or_default();
            let attribute = |key| field.get("attributes").and_then(|attributes| attributes.get(key));
            assert!(
                ["markdown", "textarea", "input", "dropdown"].contains(&kind),
                "{file}: a field of type '{kind}'"
            );
            if kind == "markdown" {
                assert!(attribute("value").is_some(), "{file}: text that is none");
            } else {
                let id = text("id").unwrap_or_default();
                assert!(ids.insert(id) && !id.is_empty(), "{file}: the id '{id}' is missing or twice there");
                assert!(attribute("label").is_some(), "{file}: {id} has no label");
            }
        }
        assert!(!ids.is_empty(), "{file} asks for nothing");
    }
}
