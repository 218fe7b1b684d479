//! The contract for other languages: the SDKs for C and C++, Zig, AssemblyScript and Go, `contract.json`, and the
//! tables of contract.md. All are generated from the import table and the definitions beside it; `BLESS=1` rewrites
//! them.

mod assemblyscript;
mod c;
mod go;
mod page;
mod zig;

use std::mem::offset_of;
use tests::workspace;
use wagather_abi::place::Wanted;
use wagather_abi::{ImportRow, LogLevel, Request, ResultType, Verb, limits};

const CONTRACT: &str = "guest-sdk/abi/contract.md";

/// The fields of the request that are texts, and where they lie.
const TEXTS: [(&str, usize); 10] = [
    ("version", offset_of!(Request<u32>, version)),
    ("resource", offset_of!(Request<u32>, resource)),
    ("group", offset_of!(Request<u32>, group)),
    ("namespace", offset_of!(Request<u32>, namespace)),
    ("name", offset_of!(Request<u32>, name)),
    ("subresource", offset_of!(Request<u32>, subresource)),
    ("labels", offset_of!(Request<u32>, labels)),
    ("fields", offset_of!(Request<u32>, fields)),
    ("mask", offset_of!(Request<u32>, mask)),
    ("query", offset_of!(Request<u32>, query)),
];

const VERBS: [(&str, u8); 4] =
    [("GET", Verb::GET.0), ("LIST", Verb::LIST.0), ("RAW", Verb::RAW.0), ("DISCOVER", Verb::DISCOVER.0)];

const LEVELS: [(&str, i32); 4] = [
    ("DEBUG", LogLevel::DEBUG.0),
    ("INFO", LogLevel::INFO.0),
    ("WARN", LogLevel::WARN.0),
    ("ERROR", LogLevel::ERROR.0),
];

const WANTED: [(&str, u32); 13] = [
    ("UNSAID", Wanted::UNSAID.0),
    ("STRING", Wanted::STRING.0),
    ("BOOLEAN", Wanted::BOOLEAN.0),
    ("OBJECT", Wanted::OBJECT.0),
    ("ARRAY", Wanted::ARRAY.0),
    ("MAP", Wanted::MAP.0),
    ("OTHER", Wanted::OTHER.0),
    ("NUMBER", Wanted::NUMBER.0),
    ("INTEGER_OR_STRING", Wanted::INTEGER_OR_STRING.0),
    ("NUMBER_OR_STRING", Wanted::NUMBER_OR_STRING.0),
    ("LESS", Wanted::LESS.0),
    ("INTEGER", Wanted::INTEGER.0),
    ("SIGNED", Wanted::SIGNED),
];

macro_rules! limits {
    ($($name:ident),* $(,)?) => {
        const LIMITS: &[(&str, usize)] = &[$((stringify!($name), limits::$name)),*];
    };
}
limits! {
    MAX_NAME_BYTES, MAX_SELECTOR_BYTES, MAX_MASK_BYTES, MAX_MASK_DEPTH, MAX_SHAPE_BYTES, MAX_SHAPE_DEPTH,
    MAX_STRUCTURE_BYTES, MAX_ARENA_BYTES, MAX_MANIFEST_BYTES, MAX_MANIFEST_RECORDS, MAX_GATHERER_NAME_BYTES,
    MAX_ENTRY_NAME_BYTES, MAX_FIELD_BYTES, MAX_LOG_LINE_BYTES, MAX_PARAM_NAME_BYTES, MAX_WRITE_BYTES,
}

/// A documentation comment without the links that rustdoc makes.
fn plain(doc: &str) -> String {
    let mut out = String::new();
    let mut rest = doc.trim();
    while let Some((before, link)) = rest.split_once('[') {
        out += before;
        let (text, behind) = link.split_once(']').expect("a link that ends");
        out += text;
        rest = match behind.strip_prefix('(') {
            Some(target) => target.split_once(')').expect("a target that ends").1,
            None => behind,
        };
    }
    out + rest
}

fn wasm_type(result: ResultType) -> &'static str {
    match result {
        ResultType::I32 => "i32",
        ResultType::I64 => "i64",
    }
}

/// `rest_next(handle, buffer, cap) -> i32`
fn signature(row: &ImportRow) -> String {
    let params: Vec<&str> = row.params.iter().map(|param| param.0).collect();
    format!("{}({}) -> {}", row.name, params.join(", "), wasm_type(row.result))
}

/// `restNext` of `rest_next`, `badPointer` of `BAD_POINTER`.
fn camel(name: &str) -> String {
    let words = name.split('_').enumerate();
    words.map(|(index, word)| if index == 0 { word.to_lowercase() } else { capital(word) }).collect()
}

/// `RestNext` of `rest_next`, `BadPointer` of `BAD_POINTER`.
fn pascal(name: &str) -> String {
    name.split('_').map(capital).collect()
}

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + &rest.to_lowercase()
}

/// A text in lines that each begin with `mark`, after this many blanks.
fn folded(text: &str, indent: usize, mark: &str) -> String {
    let begin = format!("{:indent$}{mark}", "");
    let mut out = begin.clone();
    let mut len = out.len();
    for word in text.split_whitespace() {
        if len + word.len() > 108 {
            out += &format!("\n{begin}");
            len = begin.len();
        }
        out += &format!(" {word}");
        len += 1 + word.len();
    }
    out + "\n"
}

/// The tables of contract.md, which lie behind this mark, to the end of the page.
const MARK: &str = "# Tables\n";

/// In a file that has a part by hand, that part lies behind the line with this.
const BY_HAND: &str = "By hand from here on.";

/// Compares a file with what it must be, or writes it.
fn hold(file: &str, made: &str) {
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(workspace::root().join(file), made).expect("a file that can be written");
    }
    let is = std::fs::read_to_string(workspace::root().join(file)).unwrap_or_default();
    assert!(is == made, "{file} is not what the contract is: BLESS=1 cargo test -p tests --test languages");
}

/// The same for the part of a file above the mark.
fn hold_above(file: &str, made: &str) {
    let is = std::fs::read_to_string(workspace::root().join(file)).unwrap_or_default();
    let line = is.lines().find(|line| line.contains(BY_HAND));
    let line = line.unwrap_or_else(|| panic!("{file} has no line with '{BY_HAND}'"));
    let (_, by_hand) = is.split_once(line).expect("a line that was found");
    hold(file, &format!("{made}{line}{by_hand}"));
}

#[test]
fn each_language_has_the_contract() {
    hold_above("guest-sdk/c/wagather.h", &c::made());
    hold_above("guest-sdk/zig/wagather.zig", &zig::made());
    hold_above("guest-sdk/assemblyscript/wagather.ts", &assemblyscript::made());
    hold("guest-sdk/go/contract.go", &go::made());
}

#[test]
fn the_json_is_the_contract() {
    hold("guest-sdk/contract.json", &page::json());
}

#[test]
fn the_pages_tables_are_the_contract() {
    let page = workspace::read(CONTRACT);
    let prose = page.split(MARK).next().unwrap_or_default();
    hold(CONTRACT, &format!("{}\n\n{}", prose.trim_end(), page::tables()));
}

#[test]
fn nothing_is_left_out() {
    // The request has no other fields, and there is no gap between them.
    for (index, (name, offset)) in TEXTS.iter().enumerate() {
        assert_eq!(*offset, 8 + 8 * index, "{name}");
    }
    assert_eq!(TEXTS.len() * 8 + 8, Request::<u32>::SIZE);
    let source = |file: &str| workspace::read(&format!("guest-sdk/abi/src/{file}.rs"));
    assert_eq!(source("limits").matches("pub const ").count(), LIMITS.len(), "a limit is left out");
    assert_eq!(source("place").matches(": Wanted = ").count() + 1, WANTED.len());
    assert_eq!(source("request").matches(": Verb = ").count(), VERBS.len());
    assert_eq!(source("request").matches(": LogLevel = ").count(), LEVELS.len());
}

#[test]
fn links_of_rustdoc_are_words() {
    assert_eq!(plain(" Says [what](crate::x) is `a` [here]."), "Says what is `a` here.");
}

#[test]
fn names_are_as_each_language_writes_them() {
    assert_eq!((camel("rest_next_as"), pascal("BAD_POINTER")), ("restNextAs".into(), "BadPointer".into()));
    assert_eq!(folded("a b", 4, "///"), "    /// a b\n");
}
