//! Tests of shapes, in the project's gatherers and in a module with malicious shapes.

use size_report::{
    By,
    analyses::{Analysis, data::Content, names::Names, tree::Node, views::view, why::Why},
    module::Module,
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn guest(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guests").join(name)
}

fn read(name: &str) -> Vec<u8> {
    fs::read(guest(name)).unwrap_or_else(|error| panic!("{name}: {error}; `make guests` builds the guests"))
}

/// Calls `then` with the analysis of a module.
fn with<T>(bytes: &[u8], then: impl FnOnce(&Analysis<'_>) -> T) -> T {
    let module = Module::parse(bytes).unwrap();
    let names = Names::of(&module);
    then(&Analysis::of(&module, names))
}

fn group<'n>(tree: &'n Node, label: &str) -> Option<&'n Node> {
    tree.children.iter().find(|node| node.label == label)
}

fn printed(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_size-report")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn why_names_the_fields_of_a_gatherers_shapes() {
    let text = printed(&["why", guest("degraded-operators.wasm").to_str().unwrap(), "gather"]);
    for line in [
        "  \"severity\": text",
        "  \"status\": object",
        "    \"conditions\": list of object",
        "      \"lastTransitionTime\": text",
        "  \" of \": u32",
    ] {
        assert!(text.lines().any(|of| of == line), "{line:?} is not in {text}");
    }
    let text = printed(&["why", guest("crash-logs.wasm").to_str().unwrap(), "gather"]);
    assert!(
        text.contains("\"containerStatuses\": list of object with the fields of \"initContainerStatuses\""),
        "{text}"
    );
    assert!(!printed(&["why", guest("hello.wasm").to_str().unwrap(), "gather"]).contains("shape"));
}

#[test]
fn shapes_are_a_kind_and_no_number_in_gatherers_that_decode() {
    for name in ["degraded-operators", "pods", "nodes", "events", "image-inventory", "crash-logs"] {
        with(&read(&format!("{name}.wasm")), |analysis| {
            let (module, pieces) = (analysis.module, &analysis.pieces);
            let of = |content: Content| {
                let is = |&piece: &u32| pieces.content(module, piece) == content;
                (0..pieces.len() as u32).filter(is).collect::<Vec<_>>()
            };
            let shapes: u64 = of(Content::Shape).iter().map(|&piece| pieces.bytes(piece)).sum();
            let kinds = view(analysis, By::Kind);
            assert_eq!(group(&kinds, "shapes").map(|node| node.bytes), Some(shapes), "{name}");
            assert!(kinds.adds_up_to(module.bytes.len() as u64));
            // At least one shape for items, one for output and one for the log.
            assert!(of(Content::Shape).len() >= 3, "{name}");
            // An object with its first field occurs in no other piece. One byte of an address may look like its beginning.
            for piece in of(Content::Numbers).into_iter().chain(of(Content::Pointers)) {
                let bytes = &module.bytes[pieces.range(piece)];
                let is_object =
                    |three: &[u8]| three[0] == b'(' && three[1..].iter().all(u8::is_ascii_graphic);
                assert!(
                    bytes.len() < 32 && !bytes.windows(3).any(is_object),
                    "{name}: {bytes:x?} is no shape"
                );
            }
        });
    }
}

#[test]
fn shapes_of_gatherers_can_be_damaged() {
    for name in ["degraded-operators.wasm", "crash-logs.wasm"] {
        let bytes = read(name);
        let ranges: Vec<_> = with(&bytes, |analysis| {
            let pieces = analysis.pieces.shapes.pieces().flatten();
            pieces.map(|piece| piece.start as usize..piece.end as usize).collect()
        });
        for at in ranges.into_iter().flatten() {
            for value in [0, b'@', bytes[at] ^ 0x80] {
                let mut damaged = bytes.clone();
                damaged[at] = value;
                with(&damaged, |analysis| {
                    let adds_up = view(analysis, By::Data).adds_up_to(bytes.len() as u64);
                    assert!(adds_up, "{name}, byte {at}: {value}");
                    Why::of(analysis, "gather");
                });
            }
        }
    }
}

#[test]
fn what_a_hostile_shape_says_stays_in_its_lines_and_has_an_end() {
    let many: String = (0..300).map(|number| format!("t\\00f{number}\\00")).collect();
    let texts: String = (0..200).map(|number| format!("e{number}\\00")).collect();
    let deep = "[\\08".repeat(31);
    let long = "n".repeat(4000);
    let shapes = [
        "\\08(t\\00\\1b[2J\\0aforged: text\\e2\\80\\ae\\00\\00".to_owned(),
        format!("\\08({many}\\00"),
        format!("\\08(e\\00choice\\00{texts}\\00\\00"),
        format!("\\08{deep}(t\\00deep\\00\\00"),
        format!("\\08(t\\00{long}\\00\\00"),
        // Malformed ones: endless, truncated, recursive.
        "\\08(t\\00".to_owned(),
        "\\08((\\00self\\00@\\08\\00".to_owned(),
        "\\ff\\ff\\ff\\ff".to_owned(),
    ];
    let (mut data, mut body) = (String::new(), String::new());
    for (number, shape) in shapes.iter().enumerate() {
        let address = 1024 + number * 8192;
        data.push_str(&format!("(data (i32.const {address}) \"{shape}\")"));
        body.push_str(&format!("(drop (call $log (i32.const 1) (i32.const {address}) (i32.const 0)))"));
    }
    let text = format!(
        r#"(module (import "wagather_v1" "log_as" (func $log (param i32 i32 i32) (result i32)))
            (memory 2) {data} (func (export "gather") {body}))"#
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hostile.wasm");
    fs::write(&file, wat::parse_str(text).unwrap()).unwrap();
    let file = file.to_str().unwrap();

    let text = printed(&["why", file, "gather", "--top", "100"]);
    assert_eq!(text.lines().filter(|line| line.starts_with("shape at byte")).count(), 6, "{text}");
    assert!(text.contains("  \"\\u{1b}[2J\\nforged: text\\u{202e}\": text\n"), "{text}");
    assert!(!text.contains(['\u{1b}', '\u{202e}']));
    assert!(text.contains("and 100 more fields") && text.contains("\"e7\" and 192 more\n"), "{text}");
    assert!(text.lines().all(|line| line.len() < 400), "{text}");
    for by in ["data", "kind"] {
        assert!(!printed(&["--by", by, "--top", "100", file]).contains(['\u{1b}', '\u{202e}']));
    }
    let json: serde_json::Value = serde_json::from_str(&printed(&["why", file, "gather", "--json"])).unwrap();
    assert_eq!(json["shapes"][0]["fields"][0]["name"], "\u{1b}[2J\nforged: text\u{202e}");
    assert_eq!(json["shapes"][1]["fields"].as_array().unwrap().len(), 300);
}
