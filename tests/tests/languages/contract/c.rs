//! `wagather.h`.

use super::{LEVELS, LIMITS, TEXTS, VERBS, WANTED, folded, plain};
use std::fmt::Write as _;
use std::mem::offset_of;
use wagather_abi::{
    ABI_VERSION, EXPORT_GATHER, IMPORT_MODULE, IMPORTS, Request, ResultType, STATUSES, manifest,
};

/// How deep structures of C may nest in a shape.
const LEVELS_OF_STRUCTURES: usize = 8;

/// The type of a parameter in C.
fn c_param(name: &str, ty: &str) -> String {
    match ty {
        "i32" => format!("int32_t {name}"),
        "u32" => format!("uint32_t {name}"),
        "RequestPtr" => format!("const wagather_request *{name}"),
        "BytesPtr" | "ShapePtr" | "TextPtr" => format!("const void *{name}"),
        "BufferPtr" => format!("void *{name}"),
        ty => panic!("this has to say what {ty} is in C"),
    }
}

/// A comment above a declaration.
fn comment(text: &str) -> String {
    format!("/*{} */\n", folded(text, 2, "").trim_end().strip_prefix("  ").unwrap_or_default())
}

pub(super) fn made() -> String {
    let mut out = format!(
        r#"/* The contract between gatherers and host-min, version {ABI_VERSION}, for C and C++: see docs/languages.md.
 *
 * The part above the mark is made by `BLESS=1 cargo test -p tests --test languages`, from guest-sdk/abi.
 *
 *   clang --target=wasm32 -Os -nostdlib -Wl,--no-entry -o guest.wasm guest.c
 */
#ifndef WAGATHER_H
#define WAGATHER_H

#include <stddef.h>
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
        out += &comment(&plain(row.doc));
        let params: Vec<String> = row.params.iter().map(|(name, ty)| c_param(name, ty)).collect();
        let params = if params.is_empty() { "void".to_owned() } else { params.join(", ") };
        let result = match row.result {
            ResultType::I32 => "int32_t",
            ResultType::I64 => "int64_t",
        };
        let _ = writeln!(out, "WAGATHER_IMPORT({0})\n{result} wagather_{0}({params});", row.name);
    }
    out += "\n/* A shape's initializer, in so many levels as structures may nest: a macro does not expand within itself. */\n";
    for level in 1..=LEVELS_OF_STRUCTURES {
        let next = level + 1;
        let _ = write!(
            out,
            "#define WAGATHER_INIT_{level}(T, KIND, ...) \\\n    \
             WAGATHER_CLASS_##KIND(WAGATHER_INIT_{level}_)(KIND, T, __VA_ARGS__)\n\
             #define WAGATHER_INIT_{level}_FLAT(KIND, ...) WAGATHER_FLAT_##KIND(__VA_ARGS__)\n\
             #define WAGATHER_INIT_{level}_NESTED(KIND, T, member, key, E) \\\n    \
             {{ WAGATHER_HEAD_##KIND(T, member, key, E), {{ E##_fields(WAGATHER_INIT_{next}, E) 0 }} }},\n"
        );
    }
    out + "\n"
}
