//! The declarations as Rust.

use crate::declarations::{ERRORS, FUNCTIONS, STRUCTS, TYPES};

/// wasm3's type aliases. `c_void` is here because the crate `wasm3` takes it from wasm3-sys.
const ALIASES: &str = "\
pub use cty::c_void;
pub type M3Result = *const cty::c_char;
pub type IM3Environment = *mut M3Environment;
pub type IM3Runtime = *mut M3Runtime;
pub type IM3Module = *mut M3Module;
pub type IM3Function = *mut M3Function;
pub type IM3FuncType = *mut M3FuncType;
pub type IM3CodePage = *mut M3CodePage;
pub type m3ret_t = *const cty::c_void;
pub type m3reg_t = i64;
pub type m3slot_t = u64;
pub type m3stack_t = *mut m3slot_t;
pub type code_t = *mut cty::c_void;
pub type pc_t = *const code_t;
pub type IM3Operation = Option<unsafe extern \"C\" fn(pc_t, m3stack_t, *mut M3MemoryHeader, m3reg_t, f64) -> m3ret_t>;
#[repr(C)]
pub struct M3CodePage([u8; 0]);
";

pub(crate) fn source() -> String {
    let mut text = ALIASES.to_owned();
    for declared in STRUCTS {
        text += &format!("#[repr(C)]\n#[derive(Clone, Copy)]\npub struct {} {{\n", declared.name);
        for &(of, name, elements) in declared.fields {
            let (name, of) = (if name == "type" { "type_" } else { name }, rust(of));
            match elements {
                0 => text += &format!("    pub {name}: {of},\n"),
                _ => text += &format!("    pub {name}: [{of}; {elements}],\n"),
            }
        }
        text += "}\n";
    }
    text += "unsafe extern \"C\" {\n";
    for (result, name, parameters) in FUNCTIONS {
        let parameters: Vec<String> = parameters.iter().map(|of| format!("_: {}", rust(of))).collect();
        let result = if *result == "void" { String::new() } else { format!(" -> {}", rust(result)) };
        text += &format!("    pub fn {name}({}){result};\n", parameters.join(", "));
    }
    for name in ERRORS {
        text += &format!("    pub static mut m3Err_{name}: M3Result;\n");
    }
    text += "}\npub mod _bindgen_ty_1 {\n    pub type Type = u32;\n";
    for (name, value) in TYPES {
        text += &format!("    pub const {name}: Type = {value};\n");
    }
    text + "}\n"
}

/// The Rust type of a C type.
fn rust(of: &str) -> String {
    match of {
        "void *" => "*mut cty::c_void".to_owned(),
        "cstr_t" => "*const cty::c_char".to_owned(),
        "char" => "cty::c_char".to_owned(),
        "bytes_t" => "*const u8".to_owned(),
        "size_t" => "usize".to_owned(),
        _ => match of.strip_suffix(" *") {
            Some(pointee) => format!("*mut {}", rust(pointee)),
            None => of.to_owned(),
        },
    }
}
