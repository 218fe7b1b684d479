//! What other languages have of the contract: the header for C and C++, `contract.json`, and the tables of contract.md. All are made
//! here, from the one table of imports and the definitions beside it; `BLESS=1` writes them anew.

use serde_json::{Value, json};
use std::fmt::Write as _;
use std::mem::offset_of;
use tests::workspace;
use wagather_abi::place::Wanted;
use wagather_abi::{
    ABI_VERSION, EXPORT_GATHER, EXPORT_INITIALIZE, EXPORT_MEMORY, IMPORT_MODULE, IMPORTS, ImportRow,
    LogLevel, Request, ResultType, STATUSES, Verb, limits, manifest,
};

const HEADER: &str = "guest-sdk/c/wagather.h";
const JSON: &str = "guest-sdk/contract.json";
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

const VERBS: [(&str, u8); 3] = [("GET", Verb::GET.0), ("LIST", Verb::LIST.0), ("RAW", Verb::RAW.0)];

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

/// The type of a parameter in C.
fn c_param(name: &str, ty: &str) -> String {
    match ty {
        "i32" => format!("int32_t {name}"),
        "u32" => format!("uint32_t {name}"),
        "RequestPtr" => format!("const wagather_request *{name}"),
        "BytesPtr" | "ShapePtr" => format!("const void *{name}"),
        "BufferPtr" => format!("void *{name}"),
        ty => panic!("this has to say what {ty} is in C"),
    }
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

fn comment(out: &mut String, text: &str) {
    let mut line = String::from("/*");
    for word in text.split_whitespace() {
        if line.len() + word.len() > 108 {
            let _ = writeln!(out, "{line}");
            line = "  ".into();
        }
        let _ = write!(line, " {word}");
    }
    let _ = writeln!(out, "{line} */");
}

fn header() -> String {
    let mut out = format!(
        r#"/* The contract between gatherers and host-min, version {ABI_VERSION}, for C and C++: see docs/languages.md.
 *
 * Made by `BLESS=1 cargo test -p tests --test languages`, from guest-sdk/abi. Do not edit.
 *
 *   clang --target=wasm32 -Os -nostdlib -Wl,--no-entry -o guest.wasm guest.c
 */
#ifndef WAGATHER_H
#define WAGATHER_H

#include <stdint.h>

#ifdef __cplusplus
#define WAGATHER_C extern "C"
#define WAGATHER_ASSERT(what) static_assert(what, #what)
#else
#define WAGATHER_C
#define WAGATHER_ASSERT(what) _Static_assert(what, #what)
#endif

/* A record of the manifest, which has one for each line: WAGATHER_RECORD("path /version"); outside of functions. */
#define WAGATHER_RECORD(record) \
    __asm__(".section .custom_section.{section},\"\",@\n.ascii \"" record "\\n\"\n.text\n")

/* The function that the host calls: WAGATHER_GATHER {{ ...; return 0; }} */
#define WAGATHER_GATHER \
    WAGATHER_C __attribute__((export_name("{EXPORT_GATHER}"))) int32_t wagather_gather(void)

/* UTF-8, without a NUL at the end. One of length 0 may have any address. */
typedef struct {{
    const char *ptr;
    uint32_t len;
}} wagather_text;

/* The text of a literal. */
#define WAGATHER_TEXT(literal) {{ literal, sizeof(literal) - 1 }}

/* What to read; a text that is not given has the length 0. contract.md says what each is. */
typedef struct {{
    uint8_t verb;
    uint8_t reserved[3];
    uint32_t limit;
"#,
        section = manifest::SECTION,
    );
    // A keyword of C++.
    let field = |name: &str| if name == "namespace" { "namespace_".to_owned() } else { name.to_owned() };
    for (name, _) in TEXTS {
        let _ = writeln!(out, "    wagather_text {};", field(name));
    }
    out += "} wagather_request;\n\n#ifdef __wasm32__\n";
    let _ = writeln!(out, "WAGATHER_ASSERT(sizeof(wagather_request) == {});", Request::<u32>::SIZE);
    for (name, offset) in
        [("verb", offset_of!(Request<u32>, verb)), ("limit", offset_of!(Request<u32>, limit))]
            .into_iter()
            .chain(TEXTS)
    {
        let _ = writeln!(
            out,
            "WAGATHER_ASSERT(__builtin_offsetof(wagather_request, {}) == {offset});",
            field(name)
        );
    }
    out += "#endif\n\nenum {\n";
    for (name, code) in VERBS {
        let _ = writeln!(out, "    WAGATHER_{name} = {code},");
    }
    out += "};\n\n/* Levels of wagather_log. */\nenum {\n";
    for (name, level) in LEVELS {
        let _ = writeln!(out, "    WAGATHER_LOG_{name} = {level},");
    }
    out += "};\n\n/* What a result below 0 means; -100 to -599 are HTTP statuses of the API server, negated. */\nenum {\n";
    for (name, code, text) in STATUSES {
        let _ = writeln!(out, "    WAGATHER_{name} = {code}, /* {text} */");
    }
    out += "};\n\n/* What wagather_rest_reject says was wanted. */\nenum {\n";
    for (name, number) in WANTED {
        let _ = writeln!(out, "    WAGATHER_WANTED_{name} = {number},");
    }
    out += "};\n\n";
    for (name, limit) in LIMITS {
        let _ = writeln!(out, "#define WAGATHER_{name} {limit}");
    }
    out += "\n";
    let _ = writeln!(
        out,
        "#define WAGATHER_IMPORT(name) \\\n    WAGATHER_C __attribute__((import_module(\"{IMPORT_MODULE}\"), import_name(#name)))"
    );
    for row in IMPORTS {
        out += "\n";
        comment(&mut out, &plain(row.doc));
        let params: Vec<String> = row.params.iter().map(|(name, ty)| c_param(name, ty)).collect();
        let params = if params.is_empty() { "void".to_owned() } else { params.join(", ") };
        let result = match row.result {
            ResultType::I32 => "int32_t",
            ResultType::I64 => "int64_t",
        };
        let _ = writeln!(out, "WAGATHER_IMPORT({0})\n{result} wagather_{0}({params});", row.name);
    }
    out + "\n#endif\n"
}

fn contract_json() -> String {
    let imports: Vec<Value> = IMPORTS
        .iter()
        .map(|row| {
            let params: Vec<Value> =
                row.params.iter().map(|(name, ty)| json!({"name": name, "type": ty, "wasm": "i32"})).collect();
            json!({"name": row.name, "params": params, "result": wasm_type(row.result), "doc": plain(row.doc)})
        })
        .collect();
    let field = |name: &str, offset: usize, ty: &str| json!({"name": name, "offset": offset, "type": ty});
    let fixed = [
        field("verb", offset_of!(Request<u32>, verb), "u8"),
        field("reserved", offset_of!(Request<u32>, reserved), "u8[3]"),
        field("limit", offset_of!(Request<u32>, limit), "u32"),
    ];
    let fields: Vec<Value> =
        fixed.into_iter().chain(TEXTS.map(|(name, offset)| field(name, offset, "text"))).collect();
    fn numbers<T: Into<Value>>(all: impl IntoIterator<Item = (&'static str, T)>) -> Value {
        all.into_iter()
            .map(|(name, number)| (name.to_owned(), number.into()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
    let statuses: Vec<Value> =
        STATUSES.iter().map(|(name, code, text)| json!({"name": name, "code": code, "text": text})).collect();
    let contract = json!({
        "abi": ABI_VERSION,
        "importModule": IMPORT_MODULE,
        "exports": {
            EXPORT_GATHER: "() -> i32",
            EXPORT_INITIALIZE: "() -> (), optional",
            EXPORT_MEMORY: "memory",
        },
        "types": {
            "text": "u32 address, u32 length",
            "RequestPtr": "address of a request",
            "BytesPtr": "address of bytes that the host reads",
            "BufferPtr": "address of bytes that the host writes",
            "ShapePtr": "address of a shape",
        },
        "imports": imports,
        "request": {"size": Request::<u32>::SIZE, "fields": fields},
        "verbs": numbers(VERBS),
        "logLevels": numbers(LEVELS),
        "statuses": statuses,
        "wanted": numbers(WANTED),
        "limits": numbers(LIMITS.iter().copied()),
        "manifest": {
            "section": manifest::SECTION,
            "records": [
                "gatherer ABI NAME VERSION",
                "resource VERBS GROUP/VERSION/PLURAL[/SUBRESOURCE] NAMESPACE|* MASK|*",
                "path PATH",
                "wasi preview1",
                "param NAME SENTENCE",
                "default NAME VALUE",
            ],
        },
    });
    serde_json::to_string_pretty(&contract).expect("JSON") + "\n"
}

/// The tables of contract.md, which lie behind this mark, to the end of the page.
const MARK: &str = "# Tables\n";

fn tables() -> String {
    let mut out = format!(
        "{MARK}\nFor languages without the SDK; `guest-sdk/contract.json` and `guest-sdk/c/wagather.h` have the same. \
         All parameters are `i32`.\n\n| import | what it does |\n|---|---|\n"
    );
    for row in IMPORTS {
        let _ = writeln!(out, "| `{}` | {} |", signature(row), plain(row.doc));
    }
    out += "\n| byte | a request |\n|---|---|\n| 0 | `verb`, one byte: ";
    out += &VERBS.map(|(name, code)| format!("{code} for {}", name.to_lowercase())).join(", ");
    let _ = writeln!(out, "; three bytes of 0 |\n| {} | `limit`, or 0 |", offset_of!(Request<u32>, limit));
    for (name, offset) in TEXTS {
        let _ = writeln!(out, "| {offset} | `{name}`: address, length |");
    }
    out += "\n| status | code | meaning |\n|---|---|---|\n";
    for (name, code, text) in STATUSES {
        let _ = writeln!(out, "| `{name}` | {code} | {text} |");
    }
    out += "\n| limit | |\n|---|---|\n";
    for (name, limit) in LIMITS {
        let _ = writeln!(out, "| `{name}` | {limit} |");
    }
    out
}

/// Compares a file with what it must be, or writes it.
fn hold(file: &str, made: &str) {
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(workspace::root().join(file), made).expect("a file that can be written");
    }
    let is = std::fs::read_to_string(workspace::root().join(file)).unwrap_or_default();
    assert!(is == made, "{file} is not what the contract is: BLESS=1 cargo test -p tests --test languages");
}

#[test]
fn the_header_is_the_contract() {
    hold(HEADER, &header());
}

#[test]
fn the_json_is_the_contract() {
    hold(JSON, &contract_json());
}

#[test]
fn the_pages_tables_are_the_contract() {
    let page = workspace::read(CONTRACT);
    let prose = page.split(MARK).next().unwrap_or_default();
    hold(CONTRACT, &format!("{}\n\n{}", prose.trim_end(), tables()));
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
