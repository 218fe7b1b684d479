//! Compares the sizes of function bodies, data segments and sections with those of wabt's `wasm-objdump`. It is an
//! independent reader in another language; most tools in Rust use the same library as size-report.

use size_report::module::{Kind, Module, Section};
use std::{fs, path::Path, process::Command};

/// All modules in a folder, by name.
fn modules_in(folder: &str) -> Vec<std::path::PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}; `make guests` builds the guests", folder.display()));
    let mut modules: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        .collect();
    modules.sort();
    modules
}

#[track_caller]
fn objdump(option: &str, module: &Path) -> String {
    let mut command = Command::new("wasm-objdump");
    let output = command.arg(option).arg(module).output().unwrap_or_else(|error| {
        panic!("wasm-objdump: {error}; `.ci/setup --with-wabt` installs it (package wabt)")
    });
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{}: {said}", module.display());
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Parses lines like ` - func[1] size=15 <gather>` for `func`: index and size.
fn sizes_of(what: &str, text: &str) -> Vec<(u32, usize)> {
    let of_line = |line: &str| {
        let (index, rest) =
            line.strip_prefix(" - ")?.strip_prefix(what)?.strip_prefix('[')?.split_once(']')?;
        let size = rest.split_whitespace().find_map(|word| word.strip_prefix("size="))?;
        Some((index.parse().ok()?, size.parse().ok()?))
    };
    text.lines().filter_map(of_line).collect()
}

/// Parses a line like ` Type start=0x0000000a end=0x00000018 (size=0x0000000e) count: 2`: the section's name and its
/// end.
fn sections_of(text: &str) -> Vec<(String, usize)> {
    let of_line = |line: &str| {
        let (name, rest) = line.split_once(" start=0x")?;
        let end = rest.split_once(" end=0x")?.1.split_whitespace().next()?;
        Some((name.trim().to_owned(), usize::from_str_radix(end, 16).ok()?))
    };
    text.lines().filter_map(of_line).collect()
}

/// The same from the parts.
fn sections(module: &Module<'_>) -> Vec<(String, usize)> {
    let mut sections: Vec<(String, usize)> = Vec::new();
    for part in &module.parts {
        let name = match part.kind.section() {
            None => continue,
            Some(Section::Known(name)) => wabts_name(name),
            Some(Section::Custom(_)) => "Custom",
        };
        match sections.last_mut() {
            Some(last) if !matches!(part.kind, Kind::SectionHeader(_)) => last.1 = part.range.end,
            _ => sections.push((name.to_owned(), part.range.end)),
        }
    }
    sections
}

/// wabt's name for a section of the specification.
#[track_caller]
fn wabts_name(section: &str) -> &'static str {
    match section {
        "type" => "Type",
        "import" => "Import",
        "function" => "Function",
        "table" => "Table",
        "memory" => "Memory",
        "global" => "Global",
        "export" => "Export",
        "start" => "Start",
        "element" => "Elem",
        "data count" => "DataCount",
        "code" => "Code",
        "data" => "Data",
        other => panic!("wabt's name of the section {other}?"),
    }
}

#[test]
fn sizes_are_those_of_wasm_objdump() {
    let mut modules = modules_in("../target/guests");
    modules.extend(modules_in("tests/modules"));
    let (mut bodies, mut segments) = (0, 0);
    for path in &modules {
        let name = path.display();
        let bytes = fs::read(path).unwrap();
        let module = Module::parse(&bytes).unwrap();
        let details = objdump("-x", path);

        let own: Vec<(u32, usize)> = (0..)
            .zip(&module.functions)
            .skip(module.imported_functions as usize)
            .map(|(index, function)| (index, function.body.len()))
            .collect();
        assert_eq!(own, sizes_of("func", &details), "bodies of {name}: ours, and those of wasm-objdump");
        bodies += own.len();

        let own: Vec<(u32, usize)> =
            (0..).zip(&module.segments).map(|(index, segment)| (index, segment.data.len())).collect();
        assert_eq!(own, sizes_of("segment", &details), "segments of {name}: ours, and those of wasm-objdump");
        segments += own.len();

        let theirs = sections_of(&objdump("-h", path));
        assert_eq!(
            sections(&module),
            theirs,
            "ends of the sections of {name}: ours, and those of wasm-objdump"
        );
    }
    // If wabt's output changes, the test must not compare nothing.
    assert!(modules.len() >= 29 && bodies >= 300 && segments >= 80, "{bodies} bodies, {segments} segments");
}
