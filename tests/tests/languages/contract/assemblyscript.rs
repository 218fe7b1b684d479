//! `wagather.ts`.

use super::{LEVELS, LIMITS, TEXTS, VERBS, WANTED, folded, plain};
use std::fmt::Write as _;
use std::mem::offset_of;
use wagather_abi::{ABI_VERSION, IMPORT_MODULE, IMPORTS, Request, ResultType, STATUSES};

fn param(name: &str, ty: &str) -> String {
    let ty = match ty {
        "i32" | "u32" => ty,
        "RequestPtr" | "BytesPtr" | "ShapePtr" | "TextPtr" | "BufferPtr" => "usize",
        ty => panic!("this has to say what {ty} is in AssemblyScript"),
    };
    format!("{name}: {ty}")
}

fn numbers<T: std::fmt::Display>(
    out: &mut String,
    name: &str,
    all: impl IntoIterator<Item = (&'static str, T)>,
) {
    let _ = writeln!(out, "export enum {name} {{");
    for (name, number) in all {
        let _ = writeln!(out, "  {name} = {number},");
    }
    *out += "}\n\n";
}

pub(super) fn made() -> String {
    let mut out = format!(
        "// The contract between gatherers and host-min, version {ABI_VERSION}, for AssemblyScript: see docs/languages.md.\n//\n\
         // The part above the mark is made by `BLESS=1 cargo test -p tests --test languages`, from guest-sdk/abi.\n\n"
    );
    numbers(&mut out, "Verb", VERBS);
    out += "// Levels of the log.\n";
    numbers(&mut out, "Level", LEVELS);
    out += "// What a result below 0 means; -100 to -599 are HTTP statuses of the API server, negated.\n";
    out += "export enum Status {\n";
    for (name, code, text) in STATUSES {
        let _ = writeln!(out, "  // {text}\n  {name} = {code},");
    }
    out += "}\n\n// What rest_reject says was wanted.\n";
    numbers(&mut out, "Wanted", WANTED);
    for (name, limit) in LIMITS {
        let _ = writeln!(out, "export const {name}: u32 = {limit};");
    }
    let _ = writeln!(
        out,
        "\n// Where the parts of a request lie: the verb at 0, and an address and a length for each text.\n\
         const REQUEST_SIZE: u32 = {};\nconst AT_LIMIT: usize = {};",
        Request::<u32>::SIZE,
        offset_of!(Request<u32>, limit)
    );
    for (name, offset) in TEXTS {
        let _ = writeln!(out, "const AT_{}: usize = {offset};", name.to_uppercase());
    }
    out += "\n// What the host can do, as it is imported.\nexport namespace imports {\n";
    for row in IMPORTS {
        out += &folded(&plain(row.doc), 2, "//");
        let params: Vec<String> = row.params.iter().map(|(name, ty)| param(name, ty)).collect();
        let result = match row.result {
            ResultType::I32 => "i32",
            ResultType::I64 => "i64",
        };
        let _ = writeln!(
            out,
            "  // @ts-ignore: decorator\n  @external(\"{IMPORT_MODULE}\", \"{0}\")\n  export declare function {0}({1}): {result};",
            row.name,
            params.join(", ")
        );
    }
    out + "}\n\n"
}
