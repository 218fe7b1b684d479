//! `contract.go`.

use super::{LEVELS, LIMITS, TEXTS, VERBS, WANTED, camel, folded, pascal, plain};
use std::fmt::Write as _;
use wagather_abi::{ABI_VERSION, IMPORT_MODULE, IMPORTS, ResultType, STATUSES};

fn param(name: &str, ty: &str) -> String {
    let ty = match ty {
        "i32" => "int32",
        "u32" => "uint32",
        "RequestPtr" | "BytesPtr" | "ShapePtr" | "TextPtr" | "BufferPtr" => "unsafe.Pointer",
        ty => panic!("this has to say what {ty} is in Go"),
    };
    // Predeclared identifiers of Go are other names.
    let name = match name {
        "cap" => "room".to_owned(),
        "len" => "length".to_owned(),
        name => camel(name),
    };
    format!("{name} {ty}")
}

/// Constants as gofmt aligns them: names, the first one's type, numbers.
fn constants(
    out: &mut String,
    prefix: &str,
    ty: &str,
    all: impl IntoIterator<Item = (&'static str, i64, &'static str)>,
) {
    let all: Vec<_> = all
        .into_iter()
        .map(|(name, number, text)| (format!("{prefix}{}", pascal(name)), number, text))
        .collect();
    let width = all.iter().map(|(name, ..)| name.len()).max().unwrap_or_default();
    let ty = if ty.is_empty() { String::new() } else { format!("{ty} ") };
    let digits = all.iter().map(|(_, number, _)| number.to_string().len()).max().unwrap_or_default();
    *out += "const (\n";
    for (name, number, text) in all {
        let _ = match text {
            "" => writeln!(out, "\t{name:width$} {ty}= {number}"),
            text => writeln!(out, "\t{name:width$} {ty}= {number:<digits$} // {text}"),
        };
    }
    *out += ")\n\n";
}

pub(super) fn made() -> String {
    let mut out = format!(
        "// Made by `BLESS=1 cargo test -p tests --test languages`, from guest-sdk/abi. DO NOT EDIT.\n\n\
         // The contract between gatherers and host-min, version {ABI_VERSION}.\n\n\
         package wagather\n\nimport \"unsafe\"\n\n\
         // Request says what to read; a text that is not given is empty. contract.md says what each is.\n\
         type Request struct {{\n\tVerb        Verb\n\t_           [3]uint8\n\tLimit       uint32\n"
    );
    for (name, _) in TEXTS {
        let _ = writeln!(out, "\t{:<11} Text", pascal(name));
    }
    out += "}\n\n// Verb says what a request does.\ntype Verb uint8\n\n";
    constants(&mut out, "", "Verb", VERBS.map(|(name, code)| (name, i64::from(code), "")));
    out += "// Level is a level of the log.\ntype Level int32\n\n";
    constants(&mut out, "Level", "Level", LEVELS.map(|(name, level)| (name, i64::from(level), "")));
    out += "// Status is what a result below 0 means; -100 to -599 are HTTP statuses of the API server, negated.\n\
            type Status int32\n\n";
    let statuses = STATUSES.iter().map(|(name, code, text)| (*name, i64::from(*code), *text));
    constants(&mut out, "Status", "Status", statuses);
    out += "// text says what a status is, or nothing if it has no name.\nfunc (status Status) text() string {\n\tswitch status {\n";
    for (name, _, text) in STATUSES {
        let _ = writeln!(out, "\tcase Status{}:\n\t\treturn \"{text}\"", pascal(name));
    }
    out += "\t}\n\treturn \"\"\n}\n\n// Wanted is what RestReject says was wanted.\ntype Wanted uint32\n\n";
    constants(&mut out, "Wanted", "Wanted", WANTED.map(|(name, number)| (name, i64::from(number), "")));
    out += "// Limits of the contract.\n";
    constants(&mut out, "", "", LIMITS.iter().map(|(name, limit)| (*name, *limit as i64, "")));
    out += "// What the host can do, as it is imported. It keeps no address after a call returns.\n";
    for row in IMPORTS {
        let doc = format!("Host{} is {}. {}", pascal(row.name), row.name, plain(row.doc));
        let params: Vec<String> = row.params.iter().map(|(name, ty)| param(name, ty)).collect();
        let result = match row.result {
            ResultType::I32 => "int32",
            ResultType::I64 => "int64",
        };
        let _ = write!(
            out,
            "\n{}//\n//go:wasmimport {IMPORT_MODULE} {}\n//go:noescape\nfunc Host{}({}) {result}\n",
            folded(&doc, 0, "//"),
            row.name,
            pascal(row.name),
            params.join(", ")
        );
    }
    out
}
