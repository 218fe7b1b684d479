//! Follows docs/codegen.md like the author of a first gatherer: it takes the files and the commands from the page,
//! and compares their output with the page.
//!
//! It needs `make guests host codegen`, as a newcomer does. It works in a folder that looks like a checkout, with
//! space beside it; cargo's output there is kept for the next run. Elsewhere: what is refused (`host-min`'s own
//! tests).

use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tests::kubeconfig::Kubeconfig;
use tests::server::{List, Server};
use tests::{archive::Archive, programs, workspace};

/// What the page promises, without the building of the tools.
const TIME_LIMIT: Duration = Duration::from_secs(600);

/// A folder with a checkout in it. Its path is the same each time, so that cargo knows what it built the last time.
struct Place {
    top: PathBuf,
    checkout: PathBuf,
    environment: BTreeMap<&'static str, PathBuf>,
    _alone: MutexGuard<'static, ()>,
}

static ALONE: Mutex<()> = Mutex::new(());

impl Place {
    fn new() -> Place {
        let alone = ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let top = workspace::root().join("target/newcomer");
        let checkout = top.join("wagather");
        for entry in top.read_dir().into_iter().flatten() {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true if path == checkout || path.ends_with("build") => {}
                true => std::fs::remove_dir_all(&path).expect("a folder of an earlier run"),
                false => std::fs::remove_file(&path).expect("a file of an earlier run"),
            }
        }
        for folder in ["examples", "target/dist"] {
            let _ = std::fs::remove_dir_all(checkout.join(folder));
            std::fs::create_dir_all(checkout.join(folder)).expect("a folder");
        }
        // Without this, the real checkout would be what a gatherer beside this one is in.
        std::fs::write(top.join("Cargo.toml"), "[workspace]\n").expect("a file");
        for name in
            ["Cargo.toml", "Makefile", ".ci", "guest-sdk", "host-min", "size-report", "tests", "rustfmt.toml"]
        {
            link(&workspace::root().join(name), &checkout.join(name));
        }
        // Cargo writes into this one.
        std::fs::copy(workspace::root().join("Cargo.lock"), checkout.join("Cargo.lock"))
            .expect("a lock file");
        let toolchain = workspace::root().join("target/toolchain.env");
        std::fs::copy(toolchain, checkout.join("target/toolchain.env")).expect("what 'make setup' found");
        for name in ["hello", "schemas"] {
            link(&workspace::root().join("examples").join(name), &checkout.join("examples").join(name));
        }
        // Copies: through a link, the host would find what is beside the file that is linked to.
        let host = programs::host_min();
        let admin = host.with_file_name("host-min-admin");
        for (program, name) in
            [(host, "host-min"), (admin, "host-min-admin"), (programs::codegen(), "codegen")]
        {
            std::fs::copy(program, checkout.join("target/dist").join(name)).expect("a program");
        }
        let environment = BTreeMap::from([("CARGO_TARGET_DIR", top.join("build"))]);
        Place { top, checkout, environment, _alone: alone }
    }

    /// Types commands in the checkout; they must succeed. What they print, both ways.
    fn run(&self, commands: &str) -> String {
        let mut shell = Command::new("bash");
        // Not what this very test was started with.
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("CARGO") && name != "CARGO_HOME"
                || name.starts_with("MAKE")
                || name == "RUSTFLAGS"
            {
                shell.env_remove(name);
            }
        }
        let whole = format!("set -euo pipefail\nexec 2>&1\n{commands}");
        let output = shell.args(["-c", &whole]).current_dir(&self.checkout).envs(&self.environment).output();
        let output = output.expect("bash");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "this failed:\n{commands}\n{printed}");
        printed
    }
}

fn link(from: &Path, to: &Path) {
    let _ = std::fs::remove_file(to);
    symlink(from, to).unwrap_or_else(|error| panic!("cannot link {}: {error}", to.display()));
}

/// A step of the page.
#[derive(Debug)]
enum Step {
    Write(String, String),
    Run(String),
    /// What the commands before it print, among other things.
    See(String),
}

/// The steps, in order: code behind a comment that says what it is, and what is seen behind what is run.
fn steps(page: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut marked = None;
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(mark) = line.strip_prefix("<!-- ") {
            marked = mark.strip_suffix(" -->");
        }
        let Some(language) = line.strip_prefix("```") else { continue };
        let code: String =
            lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
        match (marked.take(), language) {
            (Some("run"), "sh") => steps.push(Step::Run(code)),
            (Some(mark), "sh") => assert!(mark.starts_with("not run"), "{mark}"),
            (None, "text") if matches!(steps.last(), Some(Step::Run(_))) => steps.push(Step::See(code)),
            (Some(mark), _) => {
                let path = mark.strip_prefix("file: ").unwrap_or_else(|| panic!("what is '{mark}'?"));
                steps.push(Step::Write(path.to_owned(), code));
            }
            (None, language) => assert_ne!(language, "sh", "commands without a mark:\n{code}"),
        }
    }
    steps
}

/// Whether a line is as the page shows it, where `…` stands for anything.
fn is_like(line: &str, shown: &str) -> bool {
    let mut rest = line;
    let mut parts = shown.split('…').peekable();
    let first = parts.next().unwrap_or_default();
    let Some(after) = rest.strip_prefix(first) else { return false };
    rest = after;
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() && !part.is_empty() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[test]
fn the_page_leads_to_a_gatherer_of_ones_own() {
    let page = workspace::read("docs/codegen.md");
    let (page, _) = page.split_once("\n# Reference").expect("a first part");
    let steps = steps(page);
    let count = |is: fn(&Step) -> bool| steps.iter().filter(|step| is(step)).count();
    assert!(
        count(|step| matches!(step, Step::Run(_))) >= 7 && count(|step| matches!(step, Step::Write(..))) >= 4
    );

    let mut place = Place::new();
    let widget = |name: &str, phase: &str| {
        json!({
            "apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"namespace": "shop", "name": name},
            "spec": {"colour": "red"},
            "status": {"phase": phase, "conditions": [{"type": "Ready", "status": "False", "message": "out of paint"}]},
        })
    };
    let widgets = vec![widget("one", "Made"), widget("two", "Broken"), widget("three", "Melted")];
    let server = Server::new()
        .list("/apis/example.com/v1/widgets", List::new("example.com/v1", "WidgetList", widgets));
    let server = server.start();
    let home = tests::place();
    place.environment.insert("KUBECONFIG", Kubeconfig::new(&server.url()).write(home.path()));

    let begin = Instant::now();
    let mut printed = String::new();
    for step in &steps {
        let began = Instant::now();
        match step {
            Step::Write(path, text) => std::fs::write(place.checkout.join(path), text).expect(path),
            Step::Run(commands) => {
                printed = place.run(commands);
                eprintln!(
                    "{:6.1} s  {}",
                    began.elapsed().as_secs_f64(),
                    commands.trim_end().replace('\n', "; ")
                );
            }
            Step::See(shown) => {
                for shown in shown.lines() {
                    let seen = printed.lines().any(|line| is_like(line, shown));
                    assert!(seen, "the page shows\n{shown}\nbut this was printed:\n{printed}");
                }
            }
        }
    }
    assert!(begin.elapsed() < TIME_LIMIT, "the page promises ten minutes, not {:?}", begin.elapsed());

    // What it gathered is what is broken, and it was the same from the recording.
    for archive in ["gathered", "again"] {
        let broken = Archive::read(place.top.join(archive)).json("widgets/broken.json");
        assert_eq!(
            broken,
            json!([{"namespace": "shop", "widget": "two", "message": "out of paint"}]),
            "{archive}"
        );
    }
    let size = std::fs::metadata(place.checkout.join("target/guests/widgets.wasm")).expect("a module").len();
    assert!(size < 1536, "the newcomer's gatherer has {size} bytes");
}

/// Without a definition it is about pods.
#[test]
fn a_new_member_of_the_workspace_is_whole() {
    let place = Place::new();
    let printed = place.run("target/dist/host-min new examples/unready");
    assert!(printed.contains("  cargo test -p unready\n"), "{printed}");
    let tested = place.run("cargo test --offline -p unready");
    assert!(tested.contains("4 passed") && tested.contains("test hosts_run_the_module ... ok"), "{tested}");
    let built = place.run("make guests GUESTS=examples/unready");
    let rows: Vec<&str> = built
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .skip_while(|first| *first != "guest")
        .collect();
    assert_eq!(rows, ["guest", "unready"], "only that one is built:\n{built}");
    let inspected = place.run("target/dist/host-min inspect target/guests/unready.wasm");
    assert!(
        inspected.contains("fields metadata (namespace, name), status (conditions (type, status));"),
        "{inspected}"
    );
}

/// Objects without conditions, and of the cluster: the other templates.
#[test]
fn a_new_gatherer_of_names_is_whole() {
    let place = Place::new();
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec:\n  group: example.com\n  \
        scope: Cluster\n  names: {plural: gadgets, kind: Gadget}\n  versions:\n  - {name: v1, served: true, storage: true}\n";
    std::fs::write(place.top.join("gadgets.yaml"), definition).expect("a file");
    place.run("target/dist/host-min new ../gadgets --crd ../gadgets.yaml");
    let tested = place.run("cargo test --offline --manifest-path ../gadgets/Cargo.toml");
    assert!(tested.contains("3 passed") && tested.contains("test hosts_run_the_module ... ok"), "{tested}");
    let formatted = place.run("cargo fmt --manifest-path ../gadgets/Cargo.toml -- --check");
    assert_eq!(formatted, "");
    // What it is built with is what the gatherers of the checkout are built with.
    let profile = |file: &Path| {
        let text = std::fs::read_to_string(file).expect("a manifest");
        let profile = text.split("[profile.guest]\n").nth(1).expect("a profile for guests");
        profile.lines().take_while(|line| line.contains(" = ")).map(str::to_owned).collect::<Vec<_>>()
    };
    let of_checkout = profile(&workspace::root().join("Cargo.toml"));
    assert_eq!(profile(&place.top.join("gadgets/Cargo.toml")), of_checkout);
    // Somebody else's tools find the compiler by themselves, and make what the checkout makes.
    place.run("make guests GUESTS=../gadgets");
    place.run("cd ../gadgets && CARGO_TARGET_DIR=../wagather/target ../wagather/target/dist/codegen build --output ../modules");
    let module = |path: &str| std::fs::read(place.top.join(path)).expect("a module");
    assert_eq!(module("modules/gadgets.wasm"), module("wagather/target/guests/gadgets.wasm"));
    // With what needs a heap and without one it would run nowhere; its other tests have std.
    let lib = place.top.join("gadgets/src/lib.rs");
    let text = std::fs::read_to_string(&lib).expect("a source");
    let allocating = text
        .replace("mod resources;\n", "extern crate alloc;\nmod resources;\n")
        .replace("name: metadata.name,", "name: &alloc::string::String::from(metadata.name),");
    std::fs::write(&lib, &allocating).expect("a file");
    for build in
        ["make guests GUESTS=../gadgets", "CARGO_TARGET_DIR=target target/dist/codegen build ../gadgets"]
    {
        let refused = place.run(&format!("! {build}"));
        let why = "error: gadgets: it allocates but has no heap: write 'wagather::heap!();' in src/lib.rs";
        assert!(refused.contains(why), "{build}\n{refused}");
    }
    let failed = place.run("! cargo test --offline --manifest-path ../gadgets/Cargo.toml");
    let why = "gadgets: hosts reject the module: it allocates but has no heap: write 'wagather::heap!();' in src/lib.rs";
    assert!(failed.contains("3 passed") && failed.contains(why), "{failed}");
    std::fs::write(&lib, allocating.replace("gatherer!(gather);", "gatherer!(gather);\nwagather::heap!();"))
        .expect("a file");
    place.run("make guests GUESTS=../gadgets");
    std::fs::write(&lib, text).expect("a file");
    let tests = place.top.join("gadgets/src/tests.rs");
    let more = "\n#[test]\nfn tests_have_std() {\n    assert_eq!(format!(\"{}\", 1), 1.to_string());\n}\n";
    let text = std::fs::read_to_string(&tests).expect("a source");
    std::fs::write(&tests, text + more).expect("a file");
    assert!(place.run("cargo test --offline --manifest-path ../gadgets/Cargo.toml").contains("4 passed"));
    let again = place.run("! target/dist/host-min new ../gadgets --crd ../gadgets.yaml");
    assert!(again.contains("it already has a gather.yaml"), "{again}");
}

#[test]
fn the_host_leads_to_the_program_that_makes_gatherers() {
    let place = Place::new();
    // What is typed is passed on as it is, and what comes of it is passed back.
    let refused = place.run("target/dist/host-min new --crd=none.yaml -- ../a || echo \"code $?\"");
    assert_eq!(refused, "error: none.yaml: cannot be read: No such file or directory (os error 2)\ncode 1\n");
    let refused = place.run("target/dist/host-min new ../A || echo \"code $?\"");
    assert!(refused.contains("try 'a'") && refused.ends_with("code 2\n"), "{refused}");
    // They offer the same.
    let options = |help: &str| {
        let words = help.split_whitespace().filter(|word| word.starts_with("--"));
        words.map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let helps =
        ["host-min", "codegen"].map(|name| options(&place.run(&format!("target/dist/{name} new --help"))));
    assert_eq!(helps[0], helps[1], "'host-min new' (left) and 'codegen new' (right)");

    let program = place.checkout.join("target/dist/codegen");
    let aside = place.top.join("tools");
    std::fs::create_dir(&aside).expect("a folder");
    std::fs::rename(&program, aside.join("codegen")).expect("the program");
    let missing = place.run("PATH=/nowhere target/dist/host-min new ../a || echo \"code $?\"");
    let told = "error: cannot run codegen: No such file or directory (os error 2)\n  codegen must be beside host-min or on the PATH; 'make codegen' builds it.\ncode 4\n";
    assert_eq!(missing, told);
    let found = place.run("PATH=../tools:$PATH target/dist/host-min new ../a");
    assert!(found.starts_with("../a is a gatherer that reads pods:\n"), "{found}");
}

#[test]
fn what_is_shown_may_leave_something_out() {
    for (line, shown, expected) in [
        ("a b c", "a b c", true),
        ("a b c", "a b", false),
        ("a b c", "a…", true),
        ("a b c", "…c", true),
        ("a b c", "a…c", true),
        ("a b c", "…b", false),
        ("a b c", "…b…", true),
        ("a b c", "a…x…c", false),
    ] {
        assert_eq!(is_like(line, shown), expected, "{shown}");
    }
    let page = "<!-- file: a -->\n```yaml\nx: 1\n```\n<!-- run -->\n```sh\nls\n```\n\n```text\na…\n```\n";
    assert_eq!(format!("{:?}", steps(page)), r#"[Write("a", "x: 1\n"), Run("ls\n"), See("a…\n")]"#);
}
