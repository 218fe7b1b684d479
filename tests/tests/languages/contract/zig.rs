//! `wagather.zig`.

use super::{LEVELS, LIMITS, TEXTS, VERBS, WANTED, folded, plain};
use std::fmt::Write as _;
use std::mem::offset_of;
use wagather_abi::{ABI_VERSION, IMPORT_MODULE, IMPORTS, Request, ResultType, STATUSES, manifest};

fn param(name: &str, ty: &str) -> String {
    let ty = match ty {
        "i32" | "u32" => ty,
        "RequestPtr" => "*const Request",
        "BytesPtr" | "ShapePtr" | "TextPtr" => "[*]const u8",
        "BufferPtr" => "[*]u8",
        ty => panic!("this has to say what {ty} is in Zig"),
    };
    format!("{name}: {ty}")
}

fn identifier(name: &str) -> String {
    let name = name.to_lowercase();
    if ["error", "unreachable"].contains(&&*name) { format!("@\"{name}\"") } else { name }
}

pub(super) fn made() -> String {
    let mut out = format!(
        "//! The contract between gatherers and host-min, version {ABI_VERSION}, for Zig: see docs/languages.md.\n//!\n\
         //! The part above the mark is made by `BLESS=1 cargo test -p tests --test languages`, from guest-sdk/abi.\n\n\
         /// What to read; a text that is not given is empty. contract.md says what each is.\n\
         pub const Request = extern struct {{\n    verb: Verb = .list,\n    reserved: [3]u8 = .{{ 0, 0, 0 }},\n    limit: u32 = 0,\n"
    );
    for (name, _) in TEXTS {
        let _ = writeln!(out, "    {name}: Text = .{{}},");
    }
    out += "\n    comptime {\n";
    let fixed = [("verb", offset_of!(Request<u32>, verb)), ("limit", offset_of!(Request<u32>, limit))];
    for (name, offset) in fixed.into_iter().chain(TEXTS) {
        let _ = writeln!(out, "        assert(@offsetOf(Request, \"{name}\") == {offset});");
    }
    let _ = writeln!(out, "        assert(@sizeOf(Request) == {});\n    }}\n}};\n", Request::<u32>::SIZE);
    out += "pub const Verb = enum(u8) {\n";
    for (name, code) in VERBS {
        let _ = writeln!(out, "    {} = {code},", name.to_lowercase());
    }
    out += "};\n\n/// Levels of the log.\npub const Level = enum(i32) {\n";
    for (name, level) in LEVELS {
        let _ = writeln!(out, "    {} = {level},", identifier(name));
    }
    out += "};\n\n/// What a result below 0 means; -100 to -599 are HTTP statuses of the API server, negated.\n\
            pub const status = struct {\n";
    for (name, code, text) in STATUSES {
        let _ = writeln!(out, "    /// {text}\n    pub const {}: i32 = {code};", identifier(name));
    }
    out += "};\n\n/// What `imports.rest_reject` says was wanted.\npub const wanted = struct {\n";
    for (name, number) in WANTED {
        let _ = writeln!(out, "    pub const {}: u32 = {number};", identifier(name));
    }
    out += "};\n\npub const limits = struct {\n";
    for (name, limit) in LIMITS {
        let _ = writeln!(out, "    pub const {} = {limit};", name.to_lowercase());
    }
    let _ = writeln!(
        out,
        "}};\n\n/// The custom section that has the manifest.\nconst manifest_section = \"{}\";\n\n\
         /// What the host can do, as it is imported.\npub const imports = struct {{",
        manifest::SECTION
    );
    for row in IMPORTS {
        out += &folded(&plain(row.doc), 4, "///");
        let params: Vec<String> = row.params.iter().map(|(name, ty)| param(name, ty)).collect();
        let result = match row.result {
            ResultType::I32 => "i32",
            ResultType::I64 => "i64",
        };
        let _ = writeln!(
            out,
            "    pub extern \"{IMPORT_MODULE}\" fn {}({}) {result};",
            row.name,
            params.join(", ")
        );
    }
    out + "};\n\n"
}
