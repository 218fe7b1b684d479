//! Pages with commands and manifests: every option exists, and the commands work.

use std::collections::BTreeMap;
use tests::host::Host;
use tests::{guest, objects, place, programs, workspace};
use wagather_yaml::{self as yaml, Node};

/// The blocks of a page in this language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let text = workspace::read(page);
    let fence = format!("```{language}\n");
    let blocks = text.split(&fence).skip(1).filter_map(|rest| rest.split("\n```").next());
    blocks.map(|block| format!("{block}\n")).collect()
}

fn pages() -> Vec<String> {
    let docs = workspace::files().into_iter();
    docs.filter(|file| file == "README.md" || (file.starts_with("docs/") && file.ends_with(".md"))).collect()
}

/// The options of a command of the host, as its help has them.
fn options(command: &str) -> Vec<String> {
    let help = Host::new([command, "--help"]).wait();
    let text = help.expect_success().stdout_text();
    let words =
        text.lines().filter(|line| line.trim_start().starts_with('-')).flat_map(str::split_whitespace);
    words.map(|word| word.trim_end_matches(',').to_owned()).filter(|word| word.starts_with('-')).collect()
}

/// The text at a path of keys and positions.
fn at<'a>(node: &'a Node, path: &str) -> &'a Node {
    path.split('.').fold(node, |node, key| {
        let found = match (key.parse::<usize>(), &node.value) {
            (Ok(index), yaml::Value::List(items)) => items.get(index),
            _ => node.get(key),
        };
        found.unwrap_or_else(|| panic!("there is no {key} of {path}"))
    })
}

fn list(node: &Node) -> Vec<&str> {
    match &node.value {
        yaml::Value::List(items) => items.iter().map(|item| item.text().expect("a text")).collect(),
        _ => panic!("no list at {:?}", node.place),
    }
}

#[test]
fn every_option_that_a_page_types_exists() {
    let mut known: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut typed = 0;
    for page in pages() {
        for line in blocks(&page, "sh").iter().flat_map(|block| block.lines()) {
            let line = line.split('#').next().unwrap_or_default();
            let Some((_, call)) = line.split_once("host-min ") else { continue };
            let words: Vec<&str> =
                call.split(['|', ';']).next().unwrap_or_default().split_whitespace().collect();
            let commands = ["run", "inspect", "manifest", "rbac", "deploy", "new", "deliver", "push"];
            let Some(command) = commands.into_iter().find(|command| words.first() == Some(command)) else {
                continue;
            };
            let known = known.entry(command).or_insert_with(|| options(command));
            for word in words.iter().filter(|word| word.starts_with("--")) {
                let option = word.split('=').next().unwrap_or_default();
                assert!(
                    known.iter().any(|known| known == option),
                    "{page}: 'host-min {command}' has no {option}"
                );
                typed += 1;
            }
        }
    }
    assert!(typed > 10, "only {typed} options were found");
}

/// The page is followed as it is: its grant, its commands, and each manifest is a part of what they print.
#[test]
fn the_page_about_clusters_is_true() {
    let page = "docs/in-cluster.md";
    let place = place();
    let blocks_of_yaml = blocks(page, "yaml");
    let (grant, parts) = blocks_of_yaml.split_first().expect("a grant");
    let guests = place.path().join("target/guests");
    std::fs::create_dir_all(&guests).expect("a folder");
    std::fs::copy(programs::guest("pods"), guests.join("pods.wasm")).expect("a copy");
    let of_a_node = ["resource list /v1/pods * metadata(name)", "param node Whose pods"];
    let nothing = "(func (export \"gather\") (result i32) (i32.const 0))";
    let of_a_node = guest::module("node-pods", &of_a_node, nothing);
    guest::write(place.path(), "node-pods", &of_a_node);
    std::fs::write(place.path().join("grant.yaml"), grant).expect("a grant");
    std::fs::write(place.path().join("token.txt"), "Authorization: Bearer x\n").expect("a file");
    let mut printed = String::new();
    for block in blocks(page, "sh") {
        let command = block.split('|').next().unwrap_or_default();
        let command = command.trim().strip_prefix("host-min ").unwrap_or_else(|| panic!("{page}: {block}"));
        let done = Host::new(words(command)).current_folder(place.path()).wait();
        printed += &done.expect_success().stdout_text();
    }
    for part in parts {
        assert!(printed.contains(part.as_str()), "{page} shows what no command of it prints:\n{part}");
    }
    assert!(place.path().join("base/kustomization.yaml").is_file());

    // Each object has a row in the table.
    let text = workspace::read(page);
    let objects =
        text.split("| object |").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("a table");
    for kind in printed.lines().filter_map(|line| line.strip_prefix("kind: ")) {
        let named = if kind.contains("Role") { "roles, bindings" } else { kind };
        assert!(objects.contains(named), "the table of {page} lacks {kind}");
    }

    // The exit codes of the table are those of the help. At those of the policy, the Job fails at once.
    let help = Host::new(["--help"]).wait().stdout_text();
    let codes = text.split("## Exit codes").nth(1).expect("a section");
    let rows = codes.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    let mut at_once = Vec::new();
    for (codes, what) in rows.filter(|(codes, _)| codes.starts_with(|c: char| c.is_ascii_digit())) {
        for code in codes.split(", ") {
            assert!(help.lines().any(|line| line.starts_with(&format!("  {code}  "))), "no exit code {code}");
            if what.contains("fails at once") {
                at_once.push(code);
            }
        }
    }
    let job = yaml::parse(parts.last().expect("a CronJob")).expect("YAML");
    let rules = at(&job, "spec.jobTemplate.spec.podFailurePolicy.rules");
    let mut policy =
        [list(at(rules, "1.onExitCodes.values")), list(at(rules, "2.onExitCodes.values"))].concat();
    policy.sort_by_key(|code| code.parse::<u8>().expect("a code"));
    assert_eq!(at_once, policy);

    // The container's words run, with folders of this machine for the volumes.
    let server = objects::server().start();
    let archives = place.path().join("archives");
    std::fs::create_dir(&archives).expect("a folder");
    std::fs::copy(place.path().join("grant.yaml"), guests.join("grant.yaml")).expect("a copy");
    let args = list(at(&job, "spec.jobTemplate.spec.template.spec.containers.0.args"));
    let words = args.into_iter().map(|word| {
        word.replace("/gatherers", &guests.display().to_string())
            .replace("/archives", &archives.display().to_string())
            .replace("$(POD_NAME)", "wagather-1")
    });
    Host::new(words).server(&server.url()).wait().expect_success();
    assert!(archives.join("wagather-1.tar.gz").is_file());
}

/// The words of a command as a shell sees them. Double quotes are all that it knows.
fn words(command: &str) -> Vec<String> {
    let parts = command.split('"').enumerate();
    let words = parts.flat_map(|(number, part)| match number % 2 {
        0 => part.split_whitespace().map(str::to_owned).collect(),
        _ => vec![part.to_owned()],
    });
    words.collect()
}

/// Blocks of Rust are compiled: as documentation tests of a crate, or by a test of their page's own.
#[test]
fn every_block_of_rust_is_compiled() {
    let compiled = [
        ("docs/guests.md", "guest-sdk/src/lib.rs", "include_str!(\"../../docs/guests.md\")"),
        ("README.md", "guest-sdk/src/lib.rs", "include_str!(\"../../README.md\")"),
        ("docs/embedding.md", "host-min/src/lib.rs", "include_str!(\"../../docs/embedding.md\")"),
        ("docs/codegen.md", "tests/tests/newcomer.rs", "workspace::read(\"docs/codegen.md\")"),
    ];
    for page in pages() {
        let text = workspace::read(&page);
        // What is ignored as a documentation test is an example's own source.
        for block in blocks(&page, "rust,ignore") {
            let source = workspace::read("examples/cluster-operators/src/lib.rs");
            let code = source.split("#[cfg(test)]").next().unwrap_or_default();
            let code: Vec<&str> = code.lines().filter(|line| !line.starts_with("//")).collect();
            assert_eq!(
                block.trim(),
                code.join("\n").trim(),
                "{page} (left) and cluster-operators (right) differ"
            );
        }
        if text.contains("```rust") {
            let by = compiled.iter().find(|(known, ..)| *known == page);
            let (_, file, mark) =
                by.unwrap_or_else(|| panic!("{page} has blocks of Rust that nothing compiles"));
            assert!(workspace::read(file).contains(mark), "{file} does not compile {page}");
        }
    }
}
