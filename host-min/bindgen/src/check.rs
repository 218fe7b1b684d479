//! Compares the declarations with wasm3's headers, with the C compiler that builds wasm3.
//!
//! Rust lays out `repr(C)` structures as C does. So a C structure with the declared fields represents the Rust one,
//! and the compiler compares it with wasm3's, field by field. The comparison runs nothing, so it works for every
//! target.

use crate::declarations::{ERRORS, FUNCTIONS, STRUCTS, TYPES};
use std::path::Path;

/// Compiles the comparison; `Err` has the compiler's message.
pub(crate) fn check(header: &Path, flags: &[String]) -> Result<(), String> {
    let file = header.with_file_name("declarations.c");
    let name = header.file_name().and_then(|name| name.to_str()).ok_or("the header's path has no name")?;
    std::fs::write(&file, source(name))
        .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    let mut compiler = cc::Build::new();
    // The flags of wasm3's build; warnings about them do not matter here.
    for flag in flags {
        compiler.flag(flag);
    }
    compiler.file(&file).warnings(false).cargo_metadata(false);
    compiler.try_compile("wasm3-declarations").map_err(|error| {
        format!(
            "the C compiler is missing, or it rejects the declarations of wasm3 in host-min/bindgen: {error}"
        )
    })
}

fn source(header: &str) -> String {
    let mut text = format!("#include <stddef.h>\n#include <stdbool.h>\n#include \"{header}\"\n");
    for declared in STRUCTS {
        text += &format!("struct declared_{0} {{\n", declared.name);
        for &(of, name, elements) in declared.fields {
            match elements {
                0 => text += &format!("    {of} {name};\n"),
                _ => text += &format!("    {of} {name}[{elements}];\n"),
            }
        }
        text += "};\n";
        text += &format!(
            "_Static_assert(sizeof(struct declared_{0}) == sizeof({0}), \"size of {0}\");\n\
             _Static_assert(_Alignof(struct declared_{0}) == _Alignof({0}), \"alignment of {0}\");\n",
            declared.name
        );
        for (of, name, elements) in declared.fields {
            text += &format!(
                "_Static_assert(offsetof(struct declared_{0}, {name}) == offsetof({0}, {name}), \"place of {0}.{name}\");\n\
                 _Static_assert(sizeof(((struct declared_{0} *)0)->{name}) == sizeof((({0} *)0)->{name}), \"size of {0}.{name}\");\n",
                declared.name
            );
            // A `void *` represents a pointer to an undeclared type.
            if *elements == 0 && *of != "void *" {
                text += &format!(
                    "_Static_assert(__builtin_types_compatible_p(__typeof__((({0} *)0)->{name}), {of}), \"type of {0}.{name}\");\n",
                    declared.name
                );
            }
        }
    }
    for (result, name, parameters) in FUNCTIONS {
        let parameters = if parameters.is_empty() { "void".to_owned() } else { parameters.join(", ") };
        text += &format!(
            "_Static_assert(__builtin_types_compatible_p(__typeof__({name}), {result}({parameters})), \"{name}\");\n"
        );
    }
    for name in ERRORS {
        text += &format!(
            "_Static_assert(__builtin_types_compatible_p(__typeof__(m3Err_{name}), M3Result), \"m3Err_{name}\");\n"
        );
    }
    for (name, value) in TYPES {
        text += &format!("_Static_assert({name} == {value}, \"{name}\");\n");
    }
    // Checks the Rust aliases, which occur in no structure.
    text += "_Static_assert(__builtin_types_compatible_p(m3slot_t, u64), \"m3slot_t\");\n\
             _Static_assert(__builtin_types_compatible_p(m3reg_t, i64), \"m3reg_t\");\n\
             _Static_assert(__builtin_types_compatible_p(m3ret_t, const void *), \"m3ret_t\");\n\
             _Static_assert(__builtin_types_compatible_p(m3stack_t, m3slot_t *), \"m3stack_t\");\n\
             _Static_assert(sizeof(pc_t) == sizeof(void *), \"pc_t\");\n\
             _Static_assert(__builtin_types_compatible_p(IM3Operation, \
             m3ret_t (*)(pc_t, m3stack_t, M3MemoryHeader *, m3reg_t, f64)), \"IM3Operation\");\n";
    text
}
