//! The wasm3 declarations that the crate `wasm3` and the host use, in C syntax.
//!
//! They follow wasm3 0.4.7, which wasm3-sys 0.3.0 contains. [`check`](crate::check) lets the C compiler verify each
//! offset, size and signature, so a mistake here fails the build.

/// A structure and its fields, in order: `(C type, name, elements)`. 0 elements means that the field is not an array.
#[derive(Debug)]
pub(crate) struct Struct {
    pub(crate) name: &'static str,
    pub(crate) fields: &'static [(&'static str, &'static str, usize)],
}

/// From `wasm3.h`, `m3_core.h`, `m3_compile.h` and `m3_env.h`. Structures used only through pointers have no fields
/// here.
pub(crate) const STRUCTS: &[Struct] = &[
    Struct { name: "M3ImportInfo", fields: &[("cstr_t", "moduleUtf8", 0), ("cstr_t", "fieldUtf8", 0)] },
    Struct {
        name: "M3FuncType",
        fields: &[
            ("M3FuncType *", "next", 0),
            ("u32", "numArgs", 0),
            ("u8", "returnType", 0),
            ("u8", "argTypes", 3),
        ],
    },
    Struct {
        name: "M3Function",
        fields: &[
            ("IM3Module", "module", 0),
            ("M3ImportInfo", "import", 0),
            ("bytes_t", "wasm", 0),
            ("bytes_t", "wasmEnd", 0),
            ("cstr_t", "name", 0),
            ("IM3FuncType", "funcType", 0),
            ("pc_t", "compiled", 0),
            ("u16", "maxStackSlots", 0),
            ("u16", "numArgSlots", 0),
            ("u16", "numLocals", 0),
            ("u16", "numLocalBytes", 0),
            ("void *", "constants", 0),
            ("u16", "numConstantBytes", 0),
            ("bool", "ownsWasmCode", 0),
        ],
    },
    Struct { name: "M3MemoryInfo", fields: &[("u32", "initPages", 0), ("u32", "maxPages", 0)] },
    Struct {
        name: "M3Memory",
        fields: &[("M3MemoryHeader *", "mallocated", 0), ("u32", "numPages", 0), ("u32", "maxPages", 0)],
    },
    Struct {
        name: "M3MemoryHeader",
        fields: &[("IM3Runtime", "runtime", 0), ("void *", "maxStack", 0), ("size_t", "length", 0)],
    },
    Struct {
        name: "M3Module",
        fields: &[
            ("IM3Runtime", "runtime", 0),
            ("IM3Environment", "environment", 0),
            ("cstr_t", "name", 0),
            ("u32", "numFuncTypes", 0),
            ("IM3FuncType *", "funcTypes", 0),
            ("u32", "numImports", 0),
            ("IM3Function *", "imports", 0),
            ("u32", "numFunctions", 0),
            ("M3Function *", "functions", 0),
            ("i32", "startFunction", 0),
            ("u32", "numDataSegments", 0),
            ("void *", "dataSegments", 0),
            ("u32", "importedGlobals", 0),
            ("u32", "numGlobals", 0),
            ("void *", "globals", 0),
            ("u32", "numElementSegments", 0),
            ("bytes_t", "elementSection", 0),
            ("bytes_t", "elementSectionEnd", 0),
            ("IM3Function *", "table0", 0),
            ("u32", "table0Size", 0),
            ("M3MemoryInfo", "memoryInfo", 0),
            ("bool", "memoryImported", 0),
            ("bool", "hasWasmCodeCopy", 0),
            ("M3Module *", "next", 0),
        ],
    },
    Struct {
        name: "M3Environment",
        fields: &[("IM3FuncType", "funcTypes", 0), ("IM3CodePage", "pagesReleased", 0)],
    },
    Struct {
        name: "M3CompilationScope",
        fields: &[
            ("M3CompilationScope *", "outer", 0),
            ("pc_t", "pc", 0),
            ("void *", "patches", 0),
            ("i32", "depth", 0),
            ("i16", "initStackIndex", 0),
            ("u8", "type", 0),
            ("u16", "opcode", 0),
            ("bool", "isPolymorphic", 0),
        ],
    },
    Struct {
        name: "M3Compilation",
        fields: &[
            ("IM3Runtime", "runtime", 0),
            ("IM3Module", "module", 0),
            ("bytes_t", "wasm", 0),
            ("bytes_t", "wasmEnd", 0),
            ("M3CompilationScope", "block", 0),
            ("IM3Function", "function", 0),
            ("IM3CodePage", "page", 0),
            ("void *", "releasedPatches", 0),
            ("u32", "numEmits", 0),
            ("u32", "numOpcodes", 0),
            ("u16", "firstDynamicStackIndex", 0),
            ("u16", "stackIndex", 0),
            ("u16", "firstConstSlotIndex", 0),
            ("u16", "maxConstSlotIndex", 0),
            ("u16", "firstLocalSlotIndex", 0),
            ("u16", "firstDynamicSlotIndex", 0),
            ("m3slot_t", "constants", 120),
            ("u16", "wasmStack", 2000),
            ("u8", "typeStack", 2000),
            ("u8", "m3Slots", 4000),
            ("u16", "maxAllocatedSlotPlusOne", 0),
            ("u16", "regStackIndexPlusOne", 2),
            ("u16", "previousOpcode", 0),
        ],
    },
    Struct {
        name: "M3ErrorInfo",
        fields: &[
            ("M3Result", "result", 0),
            ("IM3Runtime", "runtime", 0),
            ("IM3Module", "module", 0),
            ("IM3Function", "function", 0),
            ("cstr_t", "file", 0),
            ("u32", "line", 0),
            ("cstr_t", "message", 0),
        ],
    },
    Struct {
        name: "M3Runtime",
        fields: &[
            ("M3Compilation", "compilation", 0),
            ("IM3Environment", "environment", 0),
            ("IM3CodePage", "pagesOpen", 0),
            ("IM3CodePage", "pagesFull", 0),
            ("u32", "numCodePages", 0),
            ("u32", "numActiveCodePages", 0),
            ("IM3Module", "modules", 0),
            ("void *", "stack", 0),
            ("u32", "stackSize", 0),
            ("u32", "numStackSlots", 0),
            ("u32", "argc", 0),
            ("void *", "argv", 0),
            ("M3Result", "runtimeError", 0),
            ("M3Memory", "memory", 0),
            ("u32", "memoryLimit", 0),
            ("M3ErrorInfo", "error", 0),
            ("char", "error_message", 256),
            ("i32", "exit_code", 0),
        ],
    },
];

/// Functions: result, name, parameters. The crate `wasm3` declares further ones itself.
pub(crate) const FUNCTIONS: &[(&str, &str, &[&str])] = &[
    ("IM3Environment", "m3_NewEnvironment", &[]),
    ("void", "m3_FreeEnvironment", &["IM3Environment"]),
    ("IM3Runtime", "m3_NewRuntime", &["IM3Environment", "u32", "void *"]),
    ("void", "m3_FreeRuntime", &["IM3Runtime"]),
    ("M3Result", "m3_ParseModule", &["IM3Environment", "IM3Module *", "bytes_t", "u32"]),
    ("void", "m3_FreeModule", &["IM3Module"]),
    ("M3Result", "m3_LoadModule", &["IM3Runtime", "IM3Module"]),
    ("M3Result", "m3_Yield", &[]),
    ("M3Result", "ResizeMemory", &["IM3Runtime", "u32"]),
];

/// The errors that the crate `wasm3` uses: variables of type `M3Result`.
pub(crate) const ERRORS: &[&str] = &[
    "none",
    "mallocFailed",
    "mallocFailedCodePage",
    "trapOutOfBoundsMemoryAccess",
    "trapDivisionByZero",
    "trapIntegerOverflow",
    "trapIntegerConversion",
    "trapIndirectCallTypeMismatch",
    "trapTableIndexOutOfRange",
    "trapExit",
    "trapAbort",
    "trapUnreachable",
    "trapStackOverflow",
];

/// The value types, from an unnamed enumeration.
pub(crate) const TYPES: &[(&str, u32)] = &[
    ("c_m3Type_none", 0),
    ("c_m3Type_i32", 1),
    ("c_m3Type_i64", 2),
    ("c_m3Type_f32", 3),
    ("c_m3Type_f64", 4),
];
