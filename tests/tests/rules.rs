//! The repository's rules: what the design and the README promise about the sources and the built programs.
//!
//! Elsewhere: formatting, lints and licences, which have their own tools (`make lint`, `cargo deny`).

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tests::host::Host;
use tests::hostile::Hostile;
use tests::{place, programs, workspace};

/// The only files that may hold `unsafe`, each for a reason that it says.
const UNSAFE_FILES: &[&str] = &[
    "host-min/bindgen/src/rust.rs",
    "guest-sdk/src/arena/raw.rs",
    "guest-sdk/src/heap.rs",
    "guest-sdk/src/json/shape/mod.rs",
    "guest-sdk/src/json/shape/place.rs",
    "guest-sdk/src/json/shape/view.rs",
    "guest-sdk/src/manifest.rs",
    "guest-sdk/src/sys/fake.rs",
    "guest-sdk/src/sys/memory.rs",
    "guest-sdk/src/sys/wasm.rs",
    "guest-sdk/src/typed/items.rs",
    "guest-sdk/src/typed/mod.rs",
    "guest-sdk/src/typed/part.rs",
    "guest-sdk/src/typed/written.rs",
    "host-min/base/src/bytes.rs",
    "host-min/base/src/fork.rs",
    "host-min/base/src/inherited.rs",
    "host-min/base/src/recycle.rs",
    "host-min/base/src/rename.rs",
    "host-min/base/src/stop.rs",
    "host-min/base/src/time.rs",
    "host-min/capi/src/exports.rs",
    "host-min/capi/src/exports/tests.rs",
    "host-min/capi/src/foreign.rs",
    "host-min/capi/src/signals.rs",
    "host-min/base/src/watch.rs",
    "host-min/admin/src/main.rs",
    "host-min/cli/src/allocator.rs",
    "host-min/cli/src/display/terminal.rs",
    "host-min/src/main.rs",
    "host-min/sandbox/src/confine/environment.rs",
    "host-min/sandbox/src/confine/landlock.rs",
    "host-min/sandbox/src/confine/mod.rs",
    "host-min/sandbox/src/confine/seccomp.rs",
    "host-min/sandbox/src/engine/on_call.rs",
    "host-min/sandbox/src/engine/wasm3.rs",
    "host-min/sandbox/src/engine/wasmi.rs",
    "host-min/sandbox/src/process.rs",
    "host-min/sandbox/src/zygote.rs",
    "host-min/sandbox/src/zygote/passing.rs",
    "tests/conformance/guests/rust/src/lib.rs",
    "tests/src/bin/escape/attempts.rs",
    "tests/src/bin/escape/main.rs",
    "tests/src/bin/start-order/trace.rs",
    "tests/src/bin/without.rs",
    "tests/src/faults.rs",
    "tests/src/terminal.rs",
    "tests/contenders/bare/src/main.rs",
    "tests/contenders/wasmer/src/main.rs",
    "tests/contenders/wasmtime/src/main.rs",
    "tests/fuzz/src/process.rs",
    "tests/languages/no_std.rs",
    "tests/languages/std.rs",
];

/// A line without its comment and its texts, which may speak of `unsafe` as they like.
fn code_of(line: &str) -> String {
    let line = line.split("//").next().unwrap_or_default();
    line.split('"').step_by(2).collect()
}

fn has_word(line: &str, word: &str) -> bool {
    code_of(line).split(|c: char| !c.is_alphanumeric() && c != '_').any(|found| found == word)
}

#[test]
fn unsafe_is_where_it_is_named_and_explained() {
    let mut found = BTreeSet::new();
    for file in workspace::rust_files() {
        let text = workspace::read(&file);
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in lines.iter().enumerate().filter(|(_, line)| has_word(line, "unsafe")) {
            found.insert(file.clone());
            // A block or an implementation rests on a fact, said right above or above the start of the statement. A declaration
            // is a promise of somebody else's.
            let code = code_of(line);
            let rests_on_a_fact = code.contains("unsafe {") || code.contains("unsafe impl");
            let is_explained =
                lines[number.saturating_sub(6)..=number].iter().any(|line| line.contains("// SAFETY: "));
            assert!(
                is_explained || !rests_on_a_fact,
                "{file}:{}: unsafe without a SAFETY comment",
                number + 1
            );
        }
    }
    let named: BTreeSet<String> = UNSAFE_FILES.iter().map(|file| (*file).to_owned()).collect();
    assert_eq!(found, named, "the files with unsafe code (left) are not those that this test names (right)");
}

/// The only files of the programs that write to a standard stream, or hand one on.
const DOORS: &[&str] = &[
    // The host's: what is said, and results.
    "host-min/cli/src/display/page.rs",
    "host-min/cli/src/display/terminal.rs",
    "host-min/view/src/terminal.rs",
    // An archive on stdout, which is no text and is refused on a terminal.
    "host-min/archive/src/lib.rs",
    // A cluster's process gets a pipe as its standard error; whoever reads it says what it says.
    "host-min/base/src/fork.rs",
    // A plugin of the user's own may ask the person at the terminal.
    "host-min/kube/src/cluster/exec.rs",
    // The service's: its lines, and the help.
    "host-min/run/src/fleet/child.rs",
    "host-min/run/src/fleet/mod.rs",
    "host-min/serve/src/log.rs",
    "guest-sdk/build/src/main.rs",
    "guest-sdk/codegen/src/cli/shown.rs",
    // What build scripts tell cargo.
    "host-min/bindgen/src/endian.rs",
    "guest-sdk/codegen/src/build.rs",
    "guest-sdk/codegen/src/verify/build.rs",
    "size-report/src/cli/mod.rs",
];

/// What others wrote is escaped at these doors (`wagather-printable`); tests/tests/printable tries them.
#[test]
fn programs_write_to_the_terminal_through_their_doors() {
    let mut found = BTreeSet::new();
    for file in workspace::rust_files() {
        let is_of_a_program =
            ["host-min/", "guest-sdk/build/src/", "guest-sdk/codegen/src/", "size-report/src/"]
                .iter()
                .any(|folder| file.starts_with(folder));
        if !is_of_a_program || file.ends_with("/tests.rs") || file.contains("/tests/") {
            continue;
        }
        let text = workspace::read(&file);
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let writes = |line: &str| {
            let code = code_of(line);
            [
                "stdout()",
                "stderr()",
                "print!",
                "println!",
                "dbg!",
                "STDOUT_FILENO",
                "STDERR_FILENO",
                "inherit()",
            ]
            .iter()
            .any(|door| code.contains(door))
        };
        if code.lines().any(writes) {
            found.insert(file);
        }
    }
    let doors: BTreeSet<String> = DOORS.iter().map(|file| (*file).to_owned()).collect();
    assert_eq!(
        found, doors,
        "the files that write to a standard stream (left) are not those that this test names (right)"
    );
}

#[test]
fn sources_stay_readable() {
    for file in workspace::files() {
        let is_source = [".rs", ".go", ".c", ".sh"].iter().any(|suffix| file.ends_with(suffix))
            || file.starts_with(".ci/");
        if is_source {
            let lines = workspace::read(&file).lines().count();
            assert!(lines <= 700, "{file} has {lines} lines; 700 are the most, 300 are better");
        }
    }
    for file in workspace::rust_files() {
        let text = workspace::read(&file);
        let is_part =
            file.ends_with("/tests.rs") || file.contains("/tests/") || text.contains("include_str!(\"../");
        assert!(is_part || text.starts_with("//!"), "{file} does not say what it is in its first line");
    }
}

/// Wasmer builds bindgen for a V8 that is not asked for here, and so it is not called. Only `make bench BENCH=peers` builds this.
const LOCK_WITH_BINDGEN: &str = "tests/contenders/wasmer/Cargo.lock";

/// A machine that nobody prepared has no libclang, and bindgen 0.59 fails with a recent one. Each workspace here has a lock
/// file of its own, and a patch of one does not reach the others.
#[test]
fn no_workspace_builds_with_libclang() {
    let locks: Vec<String> =
        workspace::files().into_iter().filter(|file| file.ends_with("Cargo.lock")).collect();
    assert!(locks.len() >= 5, "the lock files are not all found: {locks:?}");
    for lock in locks.iter().filter(|lock| *lock != LOCK_WITH_BINDGEN) {
        let text = workspace::read(lock);
        for package in text.split("[[package]]") {
            let named = |name: &str| package.contains(&format!("\nname = \"{name}\"\n"));
            assert!(
                !(named("bindgen") && package.contains("\nsource = ")),
                "{lock} takes bindgen from a registry: its Cargo.toml needs [patch.crates-io] bindgen (decision 34)"
            );
            assert!(!named("clang-sys") && !named("atty"), "{lock} has what only bindgen brings: {package}");
        }
    }
}

#[test]
fn no_file_knows_the_machine_it_was_made_on() {
    // Joined here, so that this file does not hold them itself.
    let paths = [["/wo", "rk/"], ["/ro", "ot/"], ["/home", "/ubuntu"]].map(|parts| parts.concat());
    for file in workspace::files() {
        let bytes = std::fs::read(workspace::root().join(&file)).expect("a file");
        let text = String::from_utf8_lossy(&bytes);
        for path in &paths {
            assert!(!text.contains(path.as_str()), "{file} has the path {path}");
        }
    }
    for name in programs::examples() {
        let module = std::fs::read(programs::guest(&name)).expect("a guest");
        let text = String::from_utf8_lossy(&module);
        let found = paths.iter().find(|path| text.contains(path.as_str()));
        assert!(
            found.is_none() && !text.contains(".rs:") && !text.contains(".cargo"),
            "{name}.wasm has paths of the machine that built it"
        );
    }
}

#[test]
fn examples_are_small_safe_and_described() {
    let readme = workspace::read("README.md");
    for name in programs::examples() {
        let source = workspace::read(&format!("examples/{name}/src/lib.rs"));
        // New gatherers have std in their tests.
        let no_std = ["#![no_std]", "#![cfg_attr(not(test), no_std)]"];
        for attributes in [&no_std[..], &["#![forbid(unsafe_code)]"]] {
            let is_said = source.lines().any(|line| attributes.contains(&line));
            assert!(is_said, "examples/{name} does not say {}", attributes[0]);
        }
        assert!(source.contains("#[cfg(test)]"), "examples/{name} has no test of its own");
        // The first line of its README, of its documentation and of its manifest are one sentence.
        let sentence = workspace::read(&format!("examples/{name}/README.md"))
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned();
        assert!(sentence.len() > 20, "examples/{name}/README.md does not begin with a sentence");
        let mut documentation = source.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
        assert_eq!(
            documentation.next(),
            Some(&*sentence),
            "the first lines of README.md and lib.rs of {name} differ"
        );
        assert!(
            readme.contains(&format!("examples/{name}")) || readme.contains(&format!("| {name} |")),
            "README.md does not name {name}"
        );
    }
}

/// What an example's own README says that it writes, it writes.
#[test]
fn example_readmes_are_true() {
    let (place, server) = (place(), tests::objects::server().start());
    for name in programs::examples() {
        let output = place.path().join(&name);
        Host::run(programs::guest(&name)).server(&server.url()).output(&output).wait().expect_success();
        let archive = tests::archive::Archive::read(&output);
        let readme = workspace::read(&format!("examples/{name}/README.md"));
        let quoted = readme.split('`').skip(1).step_by(2);
        let files: Vec<&str> =
            quoted.filter(|text| text.ends_with(".json") && !text.contains('\n')).collect();
        for file in &files {
            // A name in angle brackets stands for any.
            let pattern: Vec<&str> = file.split("<name>").collect();
            let matches =
                |path: &&str| path.contains(pattern[0]) && path.ends_with(pattern[pattern.len() - 1]);
            assert!(
                archive.paths().iter().any(matches),
                "{name} writes no {file}, but {:?}",
                archive.paths()
            );
        }
        assert_eq!(
            files.is_empty(),
            archive.gathered().is_empty(),
            "examples/{name}/README.md does not say what it writes"
        );
        // The first example is of the first file that it names, and so on.
        let mut named = files.clone();
        named.dedup();
        let examples = readme.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
        for (example, file) in examples.zip(named) {
            let shown: Value = serde_json::from_str(example)
                .unwrap_or_else(|error| panic!("the JSON in {name}'s README: {error}"));
            let written = archive.json(&format!("{name}/{file}"));
            assert_eq!(
                shape(&shown),
                shape(&written),
                "the README of {name} shows something else than it writes in {file}"
            );
        }
    }
}

/// The paths of all keys, whatever the values are.
fn shape(value: &Value) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                keys.insert(key.clone());
                keys.extend(shape(value).into_iter().map(|below| format!("{key}.{below}")));
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| keys.extend(shape(item).into_iter().map(|below| format!("[].{below}")))),
        _ => {}
    }
    keys
}

#[test]
fn the_readmes_table_is_what_was_built() {
    let readme = workspace::read("README.md");
    let table = readme
        .split("<!-- sizes -->")
        .nth(1)
        .and_then(|rest| rest.split("<!-- /sizes -->").next())
        .expect("a table of sizes");
    let rows: BTreeMap<String, u64> = table
        .lines()
        .filter_map(|line| {
            let mut cells = line.trim_matches('|').split('|').map(str::trim);
            let (name, size) = (cells.next()?.trim_matches('`'), cells.next()?);
            let bytes = size.strip_suffix(" B")?.replace([',', ' '], "").parse().ok()?;
            Some((name.to_owned(), bytes))
        })
        .collect();
    let size = |name: &String| std::fs::metadata(programs::guest(name)).expect("a guest").len();
    let built: BTreeMap<String, u64> =
        programs::examples().iter().map(|name| (name.clone(), size(name))).collect();
    let differ = || format!("README.md has {rows:?}, and target/guests {built:?}");
    assert!(rows.keys().eq(built.keys()), "{}", differ());
    for (name, bytes) in &built {
        // Releases of wasm-opt differ by a few bytes in a thousand.
        assert!(rows[name].abs_diff(*bytes) <= bytes / 100, "{name}: {}", differ());
    }
}

#[test]
fn the_shipped_hosts_are_small_and_static() {
    // The bar is that of the musl build, and above the aim of 2.2 MB: what follows kubectl, names gaps and redacts more took
    // 0.3 MB; typed items, WASI and what compilers of other languages emit took 70 KB; functions that are validated when they are called, and modules that are told which program runs them, 16; deploy, 45; shards, 60; delivery, 86; registries, 58; uploads from pods, at most 12; findings and encryption, 64; runs on many archives and downloads, 14; discovery, lists of any resource and layouts, 130; less by building the broker and the validator for size: 78; and by giving host-min-admin what people do around a run, runs on archives and runs on several clusters: 440; kubeconfigs as kubectl reads them, reasons why a certificate is refused, and more secrets that are known: 12. Where set-up could not have musl and said so, the C library alone is above a megabyte.
    let is_musl = workspace::read("target/toolchain.env")
        .lines()
        .any(|line| line.strip_prefix("HOST_TARGET=").is_some_and(|target| target.ends_with("-musl")));
    let most = if is_musl { 2_814_000 } else { 3_712_000 };
    // wasmi, what validates and translates large modules, built for speed, and the commands of host-min-admin; what archives lack took 70 KB.
    let of_wasmi = 1_318_000;
    for (path, most) in [(programs::dist_host_min(), most), (programs::dist_host_min_full(), most + of_wasmi)]
    {
        let bytes = std::fs::read(&path).expect("a program");
        assert!(bytes.len() <= most, "{}: {} bytes; {most} are the most", path.display(), bytes.len());
        // ELF64's program headers: none may name an interpreter (type 3), as a dynamic program's does.
        assert_eq!(&bytes[..5], b"\x7fELF\x02", "a 64-bit ELF file");
        let word = |at: usize, len: usize| {
            bytes[at..at + len].iter().rev().fold(0_usize, |word, byte| word << 8 | usize::from(*byte))
        };
        let (start, size, count) = (word(32, 8), word(54, 2), word(56, 2));
        let has_interpreter = (0..count).any(|index| word(start + index * size, 4) == 3);
        assert!(!has_interpreter, "{} needs a dynamic linker", path.display());
    }
}

#[test]
fn the_shipped_host_runs_where_nothing_else_is() {
    let place = place();
    std::fs::copy(programs::dist_host_min(), place.path().join("host-min")).expect("a copy");
    std::fs::copy(programs::guest("hello"), place.path().join("hello.wasm")).expect("a copy");
    let output = in_an_empty_root(place.path()).unwrap_or_else(|| with_one_folder(place.path()));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "it does not run where nothing else is:\n{said}");
    assert!(place.path().join("out/wagather.json").is_file());
}

/// With this folder for its root; `None` where this user may not change its root, as in many containers.
fn in_an_empty_root(root: &Path) -> Option<Output> {
    [&["chroot"][..], &["unshare", "--map-root-user", "--root"]].into_iter().find_map(|words| {
        let change = |program: &[&str]| {
            let mut command = Command::new(words[0]);
            command.args(&words[1..]).arg(root).args(program).env_clear();
            command.env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin").output().ok()
        };
        change(&["/host-min", "--version"]).filter(|output| output.status.success())?;
        change(&["/host-min", "run", "/hello.wasm", "--output", "/out"])
    })
}

/// With the right to this folder and nothing else, which takes no privileges: what a thread may not, its children may not.
fn with_one_folder(folder: &Path) -> Output {
    let folder = folder.to_owned();
    let confined = std::thread::spawn(move || {
        use landlock::{
            ABI, Access, AccessFs, RulesetAttr, RulesetCreatedAttr, RulesetStatus, path_beneath_rules,
        };
        let all = AccessFs::from_all(ABI::V2);
        let status = landlock::Ruleset::default()
            .handle_access(all)
            .and_then(landlock::Ruleset::create)
            .and_then(|ruleset| ruleset.add_rules(path_beneath_rules([&folder], all)))
            .and_then(landlock::RulesetCreated::restrict_self)
            .expect("landlock");
        assert_eq!(
            status.ruleset,
            RulesetStatus::FullyEnforced,
            "this user may not change its root, and the kernel has no landlock"
        );
        Command::new(folder.join("host-min"))
            .env_clear()
            .current_dir(&folder)
            .args(["run", "hello.wasm", "--output", "out"])
            .stdin(Stdio::piped())
            .output()
    });
    confined.join().expect("no panic").expect("the host")
}

#[test]
fn every_import_is_everywhere() {
    let admission = workspace::read("host-min/broker/src/admission.rs");
    let fake =
        workspace::read("guest-sdk/src/fake/imports.rs") + &workspace::read("guest-sdk/src/sys/fake.rs");
    let attacked: BTreeSet<String> =
        Hostile::names().iter().flat_map(|name| Hostile::read(name).attacks).collect();
    for row in wagather_abi::IMPORTS {
        let name = row.name;
        assert!(admission.contains(&format!("Call::{name} {{")), "nobody admits {name}");
        assert!(fake.contains(&format!("fn {name}(")), "the SDK's fake host has no {name}");
        assert!(
            row.doc.len() > 20 && row.doc.trim_end().ends_with('.'),
            "the table has no sentence on {name}"
        );
        assert!(attacked.contains(name), "no hostile guest attacks {name}");
    }
}

/// The files of the host that make requests of another method than GET, and what for.
const WRITERS: &[&str] = &[
    // Asks what the account may do, which is a POST.
    "host-min/kube/src/cluster/review.rs",
    // Send archives and modules to other servers.
    "host-min/deliver/src/",
    "host-min/registry/src/",
    // Writes the one Lease.
    "host-min/kube/src/cluster/lease.rs",
];

/// A guest's requests go to a source, which has GETs and one question. What writes a Lease is another type, and only the service has it.
#[test]
fn nothing_but_the_service_can_write_to_an_api_server() {
    let is_test =
        |file: &str| file.contains("/tests/") || file.ends_with("/tests.rs") || file.contains("/fuzz");
    for file in workspace::rust_files() {
        if !file.starts_with("host-min/") || is_test(&file) {
            continue;
        }
        let text = workspace::read(&file);
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate() {
            let line = line.split("//").next().unwrap_or_default();
            let writes = ["POST", "PUT", "PATCH", "DELETE"]
                .iter()
                .any(|method| line.contains(&format!("\"{method}\"")));
            let may_write = WRITERS.iter().any(|writer| file.starts_with(writer));
            assert!(may_write || !writes, "{file}:{}: a request that writes", number + 1);
            let has_lease =
                has_word(line, "LeaseClient") || has_word(line, "lease") && line.contains("cluster::lease");
            let may_have =
                file.starts_with("host-min/serve/") || file == "host-min/kube/src/cluster/lease.rs";
            assert!(may_have || !has_lease, "{file}:{}: a Lease outside of the service", number + 1);
        }
    }
    let source = workspace::read("host-min/kube/src/lib.rs");
    let (_, source) = source.split_once("pub trait Source").expect("the trait");
    let methods: Vec<&str> = source
        .split("\n}\n")
        .next()
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.strip_prefix("    fn ")?.split('(').next())
        .collect();
    let known = [
        "send",
        "ready",
        "warm",
        "close",
        "may",
        "has_answer",
        "knows",
        "missing",
        "now_millis",
        "is_recording",
        "describe",
        "cluster",
        "label",
    ];
    assert_eq!(methods, known, "what a source can do");
    let host = std::fs::read(programs::dist_host_min()).expect("the host");
    for text in ["leaseDurationSeconds", "holderIdentity", "preparedMemory", "renewDeadline"] {
        assert!(
            !tests::archive::contains(&host, text.as_bytes()),
            "host-min has code of the service: {text}"
        );
    }
}

#[test]
fn the_contract_is_the_crates_documentation() {
    let lib = workspace::read("guest-sdk/abi/src/lib.rs");
    assert!(
        lib.contains("#![doc = include_str!(\"../contract.md\")]") && lib.contains("#![forbid(unsafe_code)]")
    );
    let manifest = workspace::read("guest-sdk/abi/Cargo.toml");
    assert!(
        !manifest.contains("[dependencies]") && !manifest.contains("[features]"),
        "the ABI crate has neither"
    );
}

#[test]
fn make_explains_itself() {
    let help = Command::new("make")
        .arg("--no-print-directory")
        .current_dir(workspace::root())
        .output()
        .expect("make");
    let help = String::from_utf8_lossy(&help.stdout);
    for target in [
        "demo",
        "test",
        "test-cluster",
        "test-node",
        "test-arm64",
        "guests",
        "host",
        "image",
        "bench",
        "fuzz",
    ] {
        assert!(help.contains(&format!("make {target} ")), "'make' alone does not explain {target}:\n{help}");
    }
    let ci = workspace::read(".ci/run");
    assert!(ci.contains("make test\n") && ci.contains("make test-cluster\n"));
}
