//! `contract.json`, and the tables of contract.md.

use super::{LEVELS, LIMITS, MARK, TEXTS, VERBS, WANTED, plain, signature, wasm_type};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::mem::offset_of;
use wagather_abi::{
    ABI_VERSION, EXPORT_GATHER, EXPORT_INITIALIZE, EXPORT_MEMORY, IMPORT_MODULE, IMPORTS, Request, STATUSES,
    manifest,
};

pub(super) fn json() -> String {
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
            "TextPtr": "address of a text",
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

pub(super) fn tables() -> String {
    let mut out = format!(
        "{MARK}\nThese tables are for languages without the SDK. `guest-sdk/contract.json` and the SDKs of other languages \
         have the same content. All parameters are `i32`.\n\n| import | what it does |\n|---|---|\n"
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
