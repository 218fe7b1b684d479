//! Tests on many modules: those of this project, published ones, generated ones and damaged ones. For all of them,
//! each view adds up, and function bodies have the lengths that a second reader computes, which only knows LEB128.

use size_report::{
    By, Report,
    analyses::{
        Analysis,
        diff::{Change, Diff},
        names::Names,
        snapshot::Snapshot,
        why::Why,
    },
    module::Module,
};
use std::{fs, path::Path};

const VIEWS: [By; 9] = [
    By::Section,
    By::Function,
    By::Crate,
    By::Generic,
    By::Kind,
    By::Toolchain,
    By::Import,
    By::Data,
    By::Dominator,
];

/// Makes all views, which fails if one does not add up.
#[track_caller]
fn check(name: &str, bytes: &[u8]) {
    let module = Module::parse(bytes).unwrap_or_else(|malformed| panic!("{name}: {malformed}"));
    let names = Names::of(&module);
    let report = Report::of_module(Path::new(name), &module, names, &VIEWS).unwrap();
    assert_eq!(report.table.rows.iter().map(|row| row.bytes).sum::<usize>(), bytes.len(), "{name}");
    assert_eq!(report.views.len(), VIEWS.len());
    let bodies: Vec<usize> = module
        .functions
        .iter()
        .skip(module.imported_functions as usize)
        .map(|function| function.body.len())
        .filter(|&len| len > 0)
        .collect();
    assert_eq!(bodies, body_sizes(bytes), "{name}");
    let snapshot = Snapshot::of(&Analysis::of(&module, Names::of(&module)));
    assert_eq!(snapshot.items.iter().map(|item| item.bytes).sum::<u64>(), bytes.len() as u64, "{name}");
    assert_eq!(Diff::of(&snapshot, &snapshot).changes, Vec::<Change>::new(), "{name}");
}

/// The lengths of all function bodies, computed only from the lengths in the file.
fn body_sizes(bytes: &[u8]) -> Vec<usize> {
    let mut sizes = Vec::new();
    let mut at = 8;
    while at < bytes.len() {
        let id = bytes[at];
        at += 1;
        let len = number(bytes, &mut at);
        let end = at + len;
        if id == 10 {
            for _ in 0..number(bytes, &mut at) {
                let body = number(bytes, &mut at);
                sizes.push(body);
                at += body;
            }
        }
        at = end;
    }
    sizes
}

fn number(bytes: &[u8], at: &mut usize) -> usize {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = bytes[*at];
        *at += 1;
        value |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return value;
        }
    }
}

fn modules_in(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}; `make guests` builds the guests", folder.display()));
    let mut modules: Vec<(String, Vec<u8>)> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect();
    modules.sort();
    modules
}

#[test]
fn the_projects_own_modules_add_up() {
    let modules = modules_in("../target/guests");
    assert!(!modules.is_empty(), "`make guests` builds the guests");
    modules.iter().for_each(|(name, bytes)| check(name, bytes));
}

#[test]
fn modules_that_others_published_add_up() {
    let modules = modules_in("tests/modules");
    assert!(modules.len() >= 20, "{} modules; tests/modules/README.md names more", modules.len());
    modules.iter().for_each(|(name, bytes)| check(name, bytes));
}

/// Pseudorandom bytes, the same in each run.
struct Xorshift(u64);

impl Xorshift {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| (self.next() >> 24) as u8).collect()
    }
}

/// A module with every feature of wasm-smith: GC, exceptions, threads, 64-bit memories and more.
fn generated(random: &mut Xorshift) -> Vec<u8> {
    let bytes = random.bytes(2048);
    let config = wasm_smith::Config {
        max_data_segments: 20,
        gc_enabled: true,
        exceptions_enabled: true,
        threads_enabled: true,
        memory64_enabled: true,
        tail_call_enabled: true,
        extended_const_enabled: true,
        custom_page_sizes_enabled: true,
        wide_arithmetic_enabled: true,
        export_everything: random.next().is_multiple_of(2),
        ..wasm_smith::Config::default()
    };
    let mut input = arbitrary::Unstructured::new(&bytes);
    wasm_smith::Module::new(config, &mut input).expect("enough bytes").to_bytes()
}

#[test]
fn generated_modules_add_up() {
    let mut random = Xorshift(0x9e37_79b9_7f4a_7c15);
    for number in 0..300 {
        check(&format!("generated {number}"), &generated(&mut random));
    }
}

/// 100,000 damaged modules give a report that adds up or an error, never a panic.
#[test]
fn no_damage_panics() {
    let mut random = Xorshift(0x2545_f491_4f6c_dd1d);
    let mut modules: Vec<Vec<u8>> = (0..20).map(|_| generated(&mut random)).collect();
    modules.retain(|module| module.len() < 4096);
    modules.extend(
        modules_in("tests/modules").into_iter().map(|(_, bytes)| bytes).filter(|bytes| bytes.len() < 2048),
    );
    let mut explained = 0;
    for number in 0..100_000_usize {
        let mut damaged = modules[number % modules.len()].clone();
        for _ in 0..1 + random.next() % 3 {
            let at = random.next() as usize % damaged.len();
            match random.next() % 4 {
                0 => damaged[at] = random.next() as u8,
                1 => damaged[at] ^= 1 << (random.next() % 8),
                2 => damaged.truncate(at.max(1)),
                _ => drop(damaged.splice(at..at, random.bytes(1))),
            }
        }
        let Ok(module) = Module::parse(&damaged) else { continue };
        explained += 1;
        // Views take the most time.
        if explained % 16 == 0 {
            Report::of_module(Path::new("damaged"), &module, Names::of(&module), &VIEWS).unwrap();
            Why::of(&Analysis::of(&module, Names::of(&module)), "0");
        }
    }
    assert!(explained > 10_000, "{explained} were still modules");
}

#[test]
fn what_is_not_valid_is_explained_and_said_to_be_so() {
    // An invalid index, a type mismatch, an unknown instruction.
    for body in [&b"\0\x10\x63\x0b"[..], b"\0\x41\0\x0b", b"\0\xff\x0b"] {
        let mut bytes = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a".to_vec();
        bytes.extend([body.len() as u8 + 2, 1, body.len() as u8]);
        bytes.extend(body);
        let module = Module::parse(&bytes).unwrap();
        let report = Report::of_module(Path::new("x"), &module, Names::of(&module), &VIEWS).unwrap();
        assert!(report.invalid.is_some_and(|reason| reason.starts_with("at byte ")), "{body:?}");
    }
}

/// Inputs that a fuzzer does not find by chance: names and sections specific to this program.
#[test]
fn modules_against_this_program_add_up() {
    let twice = r#"(module (@custom "wagather.manifest" "gatherer 1 a 1\n") (@custom "other" "x")
        (@custom "wagather.manifest" "get /version\n") (func (export "gather")))"#;
    check("two manifests", &wat::parse_str(twice).unwrap());
    let name = ["byn$mgfn-shared$", "<", "[", "<a as ", "<&mut [", "a<"].map(|part| part.repeat(1 << 14));
    let functions: Vec<String> = name.iter().map(|name| format!("(func $\"{name}\")")).collect();
    check("names of brackets", &wat::parse_str(format!("(module {})", functions.concat())).unwrap());
    // Each function calls the next one: a call graph and a dominator tree as deep as the module is long.
    let calls: String = (1..20_000).map(|next| format!("(func (call {next}))")).collect();
    check(
        "a chain",
        &wat::parse_str(format!("(module {calls} (func) (export \"gather\" (func 0)))")).unwrap(),
    );
    // A piece of data that looks like a thousand panic locations with one very long path, and hundreds of tables.
    let path = "a".repeat(1 << 16);
    let location = "\\00\\00\\01\\00\\00\\00\\01\\00\\01\\00\\00\\00\\01\\00\\00\\00".repeat(1 << 10);
    let elements = "(elem (i32.const 0))".repeat(1 << 10);
    let panics = format!(
        "(module (memory 4) (table (export \"t\") 1 funcref) {elements} (data (i32.const 65536) \"{path}\")
            (data (i32.const 1024) \"{location}\") (func (export \"gather\") (drop (i32.const 1024))))"
    );
    check("panics", &wat::parse_str(panics).unwrap());
}
