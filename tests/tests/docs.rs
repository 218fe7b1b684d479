//! The pages that show commands and manifests: every option exists, and what a page tells to run runs.

use std::collections::BTreeMap;
use tests::host::Host;
use tests::{objects, place, programs, workspace};
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
            let commands = ["run", "inspect", "manifest", "rbac", "new"];
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

#[test]
fn the_manifests_for_a_cluster_are_true() {
    let page = "docs/in-cluster.md";
    let documents: Vec<Node> = blocks(page, "yaml")
        .iter()
        .map(|block| yaml::parse(block).unwrap_or_else(|error| panic!("{page}: {error}")))
        .collect();
    let [grant, job] = &documents[..] else { panic!("{page} has {} blocks of YAML", documents.len()) };
    assert_eq!((at(grant, "kind").text(), at(job, "kind").text()), (Some("Grant"), Some("CronJob")));

    // What the Pod Security Standard `restricted` asks for.
    let pod = at(job, "spec.jobTemplate.spec.template.spec");
    for (path, value) in [
        ("securityContext.runAsNonRoot", "true"),
        ("securityContext.seccompProfile.type", "RuntimeDefault"),
        ("containers.0.securityContext.allowPrivilegeEscalation", "false"),
        ("containers.0.securityContext.readOnlyRootFilesystem", "true"),
        // A podFailurePolicy asks for it.
        ("restartPolicy", "Never"),
        // The names that the account and the commands have.
        ("serviceAccountName", "wagather"),
        ("volumes.0.configMap.name", "wagather"),
    ] {
        assert_eq!(at(pod, path).text(), Some(value), "{path}");
    }
    assert_eq!(list(at(pod, "containers.0.securityContext.capabilities.drop")), ["ALL"]);

    // The exit codes are those of the help.
    let help = Host::new(["--help"]).wait().stdout_text();
    let policy = at(job, "spec.jobTemplate.spec.podFailurePolicy.rules.1.onExitCodes");
    for code in list(at(policy, "values")) {
        assert!(help.lines().any(|line| line.starts_with(&format!("  {code}  "))), "no exit code {code}");
    }
    assert_eq!(at(policy, "containerName").text(), at(pod, "containers.0.name").text());

    // The container's words run, with folders of this machine for the volumes.
    let (place, server) = (place(), objects::server().start());
    let (gatherers, archives) = (place.path().join("gatherers"), place.path().join("archives"));
    for folder in [&gatherers, &archives] {
        std::fs::create_dir(folder).expect("a folder");
    }
    std::fs::copy(programs::guest("pods"), gatherers.join("pods.wasm")).expect("a copy");
    std::fs::write(gatherers.join("grant.yaml"), &blocks(page, "yaml")[0]).expect("a grant");
    let words = list(at(pod, "containers.0.args")).into_iter().map(|word| {
        word.replace("/gatherers", &gatherers.display().to_string())
            .replace("/archives", &archives.display().to_string())
            .replace("$(POD_NAME)", "wagather-1")
    });
    Host::new(words).server(&server.url()).wait().expect_success();
    assert!(archives.join("wagather-1.tar.gz").is_file());

    // So do the words that print the account.
    let account =
        blocks(page, "sh").into_iter().find(|block| block.contains("host-min rbac")).expect("a command");
    let words = account.split('|').next().unwrap_or_default().split_whitespace().skip(1).map(|word| {
        word.replace("target/guests", &gatherers.display().to_string())
            .replace("grant.yaml", &gatherers.join("grant.yaml").display().to_string())
    });
    let printed = Host::new(words).wait().expect_success().stdout_text();
    assert!(printed.contains("name: wagather") && printed.contains("namespace: support"), "{printed}");
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
