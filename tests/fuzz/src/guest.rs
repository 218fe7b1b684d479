//! Makes guests from bytes: modules that meet the contract, with arbitrary behaviour.
//!
//! There are two kinds. For [`smith`], wasm-smith makes a module with any control flow and instructions, which calls
//! imports with arbitrary values. Such a guest never finds a valid request. So [`script`] makes a long `gather` with
//! calls whose arguments are valid, or almost valid.

use crate::input::Input;
use wagather_abi::manifest::SECTION;
use wagather_abi::{EXPORT_GATHER, EXPORT_MEMORY, IMPORT_MODULE, IMPORTS, Import, ResultType, Verb};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, CustomSection, DataSection, EntityType, ExportKind, ExportSection,
    Function, FunctionSection, ImportSection, InstructionSink, MemorySection, MemoryType, Module,
    TypeSection, ValType,
};

/// What every guest here declares.
pub const MANIFEST: &str = "gatherer 1 fuzz 0\n\
    resource get,list /v1/pods * metadata(name,namespace),spec,status(phase)\n\
    resource list /v1/secrets * *\n\
    resource get /v1/pods/log * *\n\
    resource get,list config.openshift.io/v1/clusteroperators * *\n\
    path /version\n\
    path /healthz\n";

/// The imports, all of them.
fn head() -> (TypeSection, ImportSection) {
    let (mut types, mut imports) = (TypeSection::new(), ImportSection::new());
    for (index, row) in IMPORTS.iter().enumerate() {
        types.ty().function(
            vec![ValType::I32; row.params.len()],
            [match row.result {
                ResultType::I32 => ValType::I32,
                ResultType::I64 => ValType::I64,
            }],
        );
        imports.import(IMPORT_MODULE, row.name, EntityType::Function(index as u32));
    }
    types.ty().function([], [ValType::I32]);
    (types, imports)
}

/// The type of `gather`, behind those of the imports.
const GATHER_TYPE: u32 = IMPORTS.len() as u32;

fn with_manifest(mut module: Vec<u8>) -> Vec<u8> {
    let section = CustomSection { name: SECTION.into(), data: MANIFEST.as_bytes().into() };
    let mut only = Module::new();
    only.section(&section);
    module.extend_from_slice(&only.finish()[8..]);
    module
}

/// A module of wasm-smith's; none if the bytes do not suffice for one. `fuel` bounds its loops and calls; without, it may
/// run for ever.
pub fn smith(bytes: &[u8], fuel: Option<u32>) -> Option<Vec<u8>> {
    let (types, imports) = head();
    let mut available = Module::new();
    available.section(&types).section(&imports);

    let mut config = wasm_smith::Config {
        available_imports: Some(available.finish()),
        exports: Some(contract()),
        max_memory32_bytes: 1 << 20,
        max_instructions: 400,
        ..wasm_smith::Config::default()
    };
    // The first version of WebAssembly and nothing more.
    for feature in [
        &mut config.bulk_memory_enabled,
        &mut config.reference_types_enabled,
        &mut config.simd_enabled,
        &mut config.relaxed_simd_enabled,
        &mut config.multi_value_enabled,
        &mut config.sign_extension_ops_enabled,
        &mut config.saturating_float_to_int_enabled,
        &mut config.tail_call_enabled,
        &mut config.threads_enabled,
        &mut config.exceptions_enabled,
        &mut config.gc_enabled,
        &mut config.memory64_enabled,
        &mut config.extended_const_enabled,
        &mut config.wide_arithmetic_enabled,
        &mut config.compact_imports_enabled,
    ] {
        *feature = false;
    }
    let mut bytes = libfuzzer_sys::arbitrary::Unstructured::new(bytes);
    let mut module = wasm_smith::Module::new(config, &mut bytes).ok()?;
    if let Some(fuel) = fuel {
        module.ensure_termination(fuel).ok()?;
    }
    Some(with_manifest(module.to_bytes()))
}

/// A module with the contract's exports, for wasm-smith to copy.
fn contract() -> Vec<u8> {
    let (mut types, mut functions, mut code) =
        (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    types.ty().function([], [ValType::I32]);
    functions.function(0);
    let mut body = Function::new([]);
    body.instructions().i32_const(0).end();
    code.function(&body);
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&memory(1)).section(&exports(0)).section(&code);
    module.finish()
}

fn memory(pages: u64) -> MemorySection {
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: pages,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    memories
}

fn exports(gather: u32) -> ExportSection {
    let mut exports = ExportSection::new();
    exports.export(EXPORT_GATHER, ExportKind::Func, gather).export(EXPORT_MEMORY, ExportKind::Memory, 0);
    exports
}

/// Where things lie in the memory of a scripted guest.
const TEXTS_AT: u32 = 0x1000;
const NAMES_AT: u32 = 0x3000;
const BUFFER_AT: u32 = 0x8000;
const SHAPES_AT: u32 = 0x3800;

/// Shapes, one behind the other: of what a pod is called, and of a text alone.
const SHAPES: [&[u8]; 2] = [b"\x10((\0metadata\0t\0name\0t\x08namespace\0\0\0", b"\x08(t\0phase\0\0"];
const MEMORY_BYTES: u32 = 2 << 16;

/// The requests: verb, limit, and texts in the order of the structure.
const REQUESTS: &[(Verb, u32, [&str; 10])] = &[
    (Verb::LIST, 0, ["v1", "pods", "", "", "", "", "", "", "", ""]),
    (Verb::LIST, 1, ["v1", "pods", "", "shop", "", "", "app=web", "", "metadata(name)", ""]),
    (Verb::GET, 0, ["v1", "pods", "", "shop", "web-1", "", "", "", "", ""]),
    (Verb::GET, 0, ["v1", "pods", "", "shop", "web-1", "log", "", "", "", "tailLines=10"]),
    (Verb::RAW, 0, ["", "/version", "", "", "", "", "", "", "", ""]),
    (Verb::RAW, 0, ["", "/healthz", "", "", "", "", "", "", "", "verbose"]),
    (Verb::LIST, 0, ["v1", "clusteroperators", "config.openshift.io", "", "", "", "", "", "*", ""]),
    (Verb::LIST, 3, ["v1", "secrets", "", "", "", "", "", "", "", ""]),
    (Verb::LIST, 0, ["v1", "nodes", "", "", "", "", "", "", "", ""]),
    (Verb::GET, 0, ["v1", "pods", "", "shop", "broken", "", "", "", "", ""]),
];
const REQUEST_BYTES: u32 = wagather_abi::Request::<u32>::SIZE as u32;

/// Names of entries and of parameters.
const NAMES: &str = "a.json../../xcolorb/c.txt/absa\u{e9}";

/// A guest that makes the calls that the bytes name, one after the other.
pub fn script(input: &mut Input<'_>) -> Vec<u8> {
    let (types, imports) = head();
    let mut functions = FunctionSection::new();
    functions.function(GATHER_TYPE);
    let mut body = Function::new([(SLOTS + 2, ValType::I32)]);
    let mut sink = body.instructions();
    let mut calls = 0;
    while !input.is_empty() && calls < MAX_CALLS {
        step(input, &mut sink);
        calls += 1;
    }
    // What it ends with is the last result, or 0.
    match calls % 3 {
        0 => sink.i32_const(0),
        _ => sink.local_get(0),
    };
    sink.end();
    let mut code = CodeSection::new();
    code.function(&body);
    let mut module = Module::new();
    module
        .section(&types)
        .section(&imports)
        .section(&functions)
        .section(&memory(u64::from(MEMORY_BYTES >> 16)))
        .section(&exports(IMPORTS.len() as u32))
        .section(&code)
        .section(&data());
    with_manifest(module.finish())
}

/// Calls in one script; a loop repeats one of them.
const MAX_CALLS: usize = 200;
/// Locals that hold handles; behind them are the last result and a counter.
const SLOTS: u32 = 6;

fn data() -> DataSection {
    let (mut structures, mut texts) = (Vec::new(), String::new());
    for (verb, limit, fields) in REQUESTS {
        structures.extend_from_slice(&[verb.0, 0, 0, 0]);
        structures.extend_from_slice(&limit.to_le_bytes());
        for field in fields {
            structures.extend_from_slice(&(TEXTS_AT + texts.len() as u32).to_le_bytes());
            structures.extend_from_slice(&(field.len() as u32).to_le_bytes());
            texts.push_str(field);
        }
    }
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(0), structures);
    data.active(0, &ConstExpr::i32_const(TEXTS_AT.cast_signed()), texts.into_bytes());
    data.active(0, &ConstExpr::i32_const(NAMES_AT.cast_signed()), NAMES.bytes());
    data.active(0, &ConstExpr::i32_const(SHAPES_AT.cast_signed()), SHAPES.concat());
    data
}

fn step(input: &mut Input<'_>, sink: &mut InstructionSink<'_>) {
    let operation = input.byte();
    match usize::from(operation & 0x1f) {
        number if number < IMPORTS.len() => {
            // The upper bits make a loop of it: until nothing more comes, or so many times.
            let times = [1, 1, 1, 1, 3, 20, 70, 300][usize::from(operation >> 5)];
            call(IMPORTS[number].import, times, input, sink);
        }
        12..=18 => {
            // Any byte of the requests and texts may be another.
            let (at, value) = (input.word() % BUFFER_AT, input.byte());
            sink.i32_const(at.cast_signed()).i32_const(value.into()).i32_store8(at_byte());
        }
        19 | 20 => {
            sink.i32_const(input.byte().into()).memory_grow(0).local_set(0);
        }
        21 => {
            // Returns from within if the last result was a failure.
            sink.local_get(0).i32_const(0).i32_lt_s().if_(BlockType::Empty).local_get(0).return_().end();
        }
        22 if input.byte() == 7 => {
            sink.unreachable();
        }
        23 if input.byte() == 7 => {
            sink.i32_const(i32::from(input.byte()) - 128).return_();
        }
        // An import is as good as any other call of the request that most of them need.
        _ => call(Import::rest_start, 1, input, sink),
    }
}

fn at_byte() -> wasm_encoder::MemArg {
    wasm_encoder::MemArg { offset: 0, align: 0, target: Default::default(), ordering: None }
}

fn call(import: Import, times: i32, input: &mut Input<'_>, sink: &mut InstructionSink<'_>) {
    let counter = SLOTS + 1;
    if times > 1 {
        sink.i32_const(times).local_set(counter).loop_(BlockType::Empty);
    }
    for (_, ty) in import.row().params {
        argument(ty, input, sink);
    }
    sink.call(import as u32);
    if import.row().result == ResultType::I64 {
        sink.i32_wrap_i64();
    }
    sink.local_set(0);
    if matches!(import, Import::rest_start | Import::archive_open) {
        sink.local_get(0).local_set(1 + u32::from(input.byte()) % SLOTS);
    }
    if times > 1 {
        sink.local_get(counter).i32_const(1).i32_sub().local_tee(counter).i32_eqz().i32_eqz();
        sink.local_get(0).i32_const(0).i32_gt_s().i32_and().br_if(0).end();
    }
}

/// An argument that means something, mostly; by the type that the table of imports gives it.
fn argument(ty: &str, input: &mut Input<'_>, sink: &mut InstructionSink<'_>) {
    let wild = [0, 1, 0xffff, MEMORY_BYTES - 1, MEMORY_BYTES, 1 << 31, u32::MAX];
    let chosen = input.byte();
    let value = match (ty, chosen) {
        (_, 0xf0..) => input.pick(&wild),
        ("RequestPtr", _) => u32::from(chosen) % REQUESTS.len() as u32 * REQUEST_BYTES,
        ("TextPtr", _) => 8 + u32::from(chosen) % REQUESTS.len() as u32 * REQUEST_BYTES,
        ("BytesPtr", _) => NAMES_AT + u32::from(chosen) % 32,
        ("ShapePtr", 0..0x80) => SHAPES_AT,
        ("ShapePtr", 0x80..0xc0) => SHAPES_AT + SHAPES[0].len() as u32,
        ("ShapePtr", _) => SHAPES_AT + u32::from(chosen) % 48,
        ("BufferPtr", _) => BUFFER_AT + u32::from(chosen) * 16,
        ("u32", 0..0x40) => u32::from(chosen),
        ("u32", _) => [64, 100, 1000, 4096, 5000, 16 << 10, 64 << 10, 70_000][usize::from(chosen) % 8],
        ("i32", 0xe0..) => u32::from(chosen & 7).wrapping_sub(2),
        ("i32", _) => {
            sink.local_get(1 + u32::from(chosen) % SLOTS);
            return;
        }
        (other, _) => unreachable!("the table of imports has the type {other}, which this does not know"),
    };
    sink.i32_const(value.cast_signed());
}
