//! Makes gatherers from other modules: the module's own code is unchanged, and an added `gather` executes it step by
//! step and reports the results.
//!
//! A result leaves the guest as the argument of `rest_close`, the only import that takes a word and does not access
//! memory. That import becomes function 0, so every function's index changes; instructions, constants and names are
//! copied byte by byte. The imports of the suite's `spectest` become definitions in the module.

use std::sync::LazyLock;
use wagather_abi::{EXPORT_GATHER, EXPORT_MEMORY, IMPORT_MODULE};
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, Elements, Encode, EntityType, ExportKind,
    ExportSection, FunctionSection, GlobalSection, GlobalType, Ieee32, Ieee64, ImportSection, MemorySection,
    MemoryType, Module, RefType, StartSection, TableSection, TableType, TypeSection, ValType,
};
use wasmparser::{
    CompositeInnerType, DataKind, ElementItems, ElementKind, ExternalKind, Operator, Parser, Payload, TypeRef,
};

/// A value, as bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) ty: ValType,
    pub(crate) bits: u64,
}

/// Something that `gather` does.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Calls a function, by its number in the original.
    Call(u32, Vec<Value>),
    /// Reads a global.
    Get(u32),
    /// Sets a global.
    Set(u32, Value),
    /// Sums up the memory, and says how large it is.
    Memory,
}

/// What a step reports in place of a result that it does not have.
pub(crate) const DONE: u32 = 0x600d;

#[derive(Clone, Debug)]
struct FuncType {
    params: Vec<ValType>,
    results: Vec<ValType>,
}

/// A function of the original.
struct Function {
    ty: u32,
    body: Body,
}

enum Body {
    /// Imported from [`IMPORT_MODULE`], under this name.
    Import(String),
    /// Imported from `spectest`: does nothing.
    Nothing,
    /// Locals and instructions, and what to change in them.
    Code(Vec<u8>, Vec<Edit>),
}

/// A change of one instruction, which lies there.
struct Edit {
    start: usize,
    end: usize,
    what: What,
}

enum What {
    /// It calls the function of this number.
    Call(u32),
    /// It may bring a signalling NaN of 32 bits into being.
    Nan,
    /// It is the end of a function with such a result, and is not reached.
    End(ValType),
    /// It is never reached.
    Unreached,
    /// The same, and it calls the function of this number.
    UnreachedCall(u32),
}

struct Global {
    ty: GlobalType,
    value: Value,
}

/// A module that can be made a gatherer.
pub(crate) struct Original {
    types: Vec<FuncType>,
    functions: Vec<Function>,
    table: Option<TableType>,
    memory: Option<MemoryType>,
    globals: Vec<Global>,
    exports: Vec<(String, ExternalKind, u32)>,
    start: Option<u32>,
    elements: Vec<(u32, Vec<u32>)>,
    data: Vec<(u32, Vec<u8>)>,
    tames: bool,
}

/// Why a module cannot be made a gatherer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It imports what neither a gatherer nor `spectest` has.
    Imports(String),
    /// It needs what came after WebAssembly 1.0, or is no module.
    NotVersion1(String),
}

fn other(error: impl std::fmt::Display) -> Unfit {
    Unfit::NotVersion1(error.to_string())
}

impl Original {
    /// Reads a module.
    pub(crate) fn read(bytes: &[u8]) -> Result<Original, Unfit> {
        let mut original = Original {
            types: Vec::new(),
            functions: Vec::new(),
            table: None,
            memory: None,
            globals: Vec::new(),
            exports: Vec::new(),
            start: None,
            elements: Vec::new(),
            data: Vec::new(),
            tames: false,
        };
        let mut bodies = 0;
        for payload in Parser::new(0).parse_all(bytes) {
            original.payload(bytes, payload.map_err(other)?, &mut bodies)?;
        }
        Ok(original)
    }

    fn payload(&mut self, bytes: &[u8], payload: Payload<'_>, bodies: &mut usize) -> Result<(), Unfit> {
        match payload {
            Payload::TypeSection(types) => {
                for group in types {
                    for subtype in group.map_err(other)?.into_types() {
                        let CompositeInnerType::Func(function) = subtype.composite_type.inner else {
                            return Err(other("a type that is no function"));
                        };
                        let convert = |types: &[wasmparser::ValType]| {
                            types.iter().map(|ty| val_type(*ty)).collect::<Result<Vec<_>, _>>()
                        };
                        let (params, results) = (convert(function.params())?, convert(function.results())?);
                        self.types.push(FuncType { params, results });
                    }
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import.map_err(other)?;
                    self.import(import.module, import.name, import.ty)?;
                }
            }
            Payload::FunctionSection(functions) => {
                *bodies = self.functions.len();
                for ty in functions {
                    self.functions.push(Function { ty: ty.map_err(other)?, body: Body::Nothing });
                }
            }
            Payload::TableSection(tables) => {
                for table in tables {
                    let ty = table.map_err(other)?.ty;
                    self.add_table(ty.initial, ty.maximum)?;
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    let memory = memory.map_err(other)?;
                    self.add_memory(memory.initial, memory.maximum)?;
                }
            }
            Payload::GlobalSection(globals) => {
                for global in globals {
                    let global = global.map_err(other)?;
                    let (ty, value) = (global_type(global.ty)?, self.constant(&global.init_expr)?);
                    self.globals.push(Global { ty, value });
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export.map_err(other)?;
                    self.exports.push((export.name.into(), export.kind, export.index));
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(func),
            Payload::ElementSection(segments) => {
                for segment in segments {
                    let segment = segment.map_err(other)?;
                    let (ElementKind::Active { offset_expr, .. }, ElementItems::Functions(items)) =
                        (segment.kind, segment.items)
                    else {
                        return Err(other("an element segment of another kind"));
                    };
                    let offset = self.constant(&offset_expr)?.bits as u32;
                    let items = items.into_iter().collect::<Result<_, _>>().map_err(other)?;
                    self.elements.push((offset, items));
                }
            }
            Payload::DataSection(segments) => {
                for segment in segments {
                    let segment = segment.map_err(other)?;
                    let DataKind::Active { offset_expr, .. } = segment.kind else {
                        return Err(other("a data segment of another kind"));
                    };
                    let offset = self.constant(&offset_expr)?.bits as u32;
                    self.data.push((offset, segment.data.to_vec()));
                }
            }
            Payload::CodeSectionEntry(body) => {
                let range = body.range();
                let start = range.start as usize;
                let (mut edits, mut reached) = (Vec::new(), Reached::default());
                let mut operators = body.get_operators_reader().map_err(other)?;
                while !operators.eof() {
                    let at = operators.original_position() as usize - start;
                    let operator = operators.read().map_err(other)?;
                    let is_end_unreached = reached.unreached.is_some() && operators.eof();
                    let is_reached = reached.next(&operator);
                    if is_end_unreached && let Some(ty) = self.result_of(*bodies) {
                        edits.push(Edit { start: at, end: at, what: What::End(ty) });
                    }
                    let what = match operator {
                        // A call has a number to change, reached or not.
                        Operator::Call { function_index } if !is_reached => {
                            What::UnreachedCall(function_index)
                        }
                        _ if !is_reached => What::Unreached,
                        Operator::Call { function_index } => What::Call(function_index),
                        Operator::F32Load { .. } | Operator::F32ReinterpretI32 => What::Nan,
                        Operator::F32Const { value } if is_nan(value.bits()) => What::Nan,
                        _ => continue,
                    };
                    let end = operators.original_position() as usize - start;
                    edits.push(Edit { start: at, end, what });
                }
                let code = bytes[start..range.end as usize].to_vec();
                let function = self.functions.get_mut(*bodies).ok_or_else(|| other("a body too many"))?;
                function.body = Body::Code(code, edits);
                *bodies += 1;
            }
            _ => {}
        }
        Ok(())
    }

    /// An import, defined as the suite's host defines it.
    fn import(&mut self, module: &str, name: &str, ty: TypeRef) -> Result<(), Unfit> {
        let unknown = || Unfit::Imports(format!("{module}.{name}"));
        match (module, ty) {
            (IMPORT_MODULE, TypeRef::Func(ty)) => {
                self.functions.push(Function { ty, body: Body::Import(name.into()) });
            }
            ("spectest", TypeRef::Func(ty)) => {
                let function = self.types.get(ty as usize).ok_or_else(unknown)?;
                let expected: &[ValType] = match name {
                    "print" => &[],
                    "print_i32" => &[ValType::I32],
                    "print_i64" => &[ValType::I64],
                    "print_f32" => &[ValType::F32],
                    "print_f64" => &[ValType::F64],
                    "print_i32_f32" => &[ValType::I32, ValType::F32],
                    "print_f64_f64" => &[ValType::F64, ValType::F64],
                    _ => return Err(unknown()),
                };
                if function.params != expected || !function.results.is_empty() {
                    return Err(unknown());
                }
                self.functions.push(Function { ty, body: Body::Nothing });
            }
            ("spectest", TypeRef::Global(ty)) => {
                let ty = global_type(ty)?;
                let bits = match (name, ty.val_type) {
                    ("global_i32", ValType::I32) | ("global_i64", ValType::I64) => 666,
                    ("global_f32", ValType::F32) => u64::from(666.6_f32.to_bits()),
                    ("global_f64", ValType::F64) => 666.6_f64.to_bits(),
                    _ => return Err(unknown()),
                };
                if ty.mutable {
                    return Err(unknown());
                }
                self.globals.push(Global { ty, value: Value { ty: ty.val_type, bits } });
            }
            ("spectest", TypeRef::Memory(ty))
                if name == "memory" && ty.initial <= 1 && ty.maximum.is_none_or(|most| most >= 2) =>
            {
                self.add_memory(1, Some(2))?;
            }
            ("spectest", TypeRef::Table(ty))
                if name == "table" && ty.initial <= 10 && ty.maximum.is_none_or(|most| most >= 20) =>
            {
                self.add_table(10, Some(20))?;
            }
            _ => return Err(unknown()),
        }
        Ok(())
    }

    fn add_memory(&mut self, minimum: u64, maximum: Option<u64>) -> Result<(), Unfit> {
        let memory = MemoryType { minimum, maximum, memory64: false, shared: false, page_size_log2: None };
        if self.memory.replace(memory).is_some() {
            return Err(other("two memories"));
        }
        Ok(())
    }

    fn add_table(&mut self, minimum: u64, maximum: Option<u64>) -> Result<(), Unfit> {
        let element_type = RefType::FUNCREF;
        let table = TableType { element_type, table64: false, minimum, maximum, shared: false };
        if self.table.replace(table).is_some() {
            return Err(other("two tables"));
        }
        Ok(())
    }

    /// What a constant expression amounts to; an imported global is a constant by now.
    fn constant(&self, expression: &wasmparser::ConstExpr<'_>) -> Result<Value, Unfit> {
        let mut operators = expression.get_operators_reader();
        let value = match operators.read().map_err(other)? {
            Operator::I32Const { value } => {
                Value { ty: ValType::I32, bits: u64::from(value.cast_unsigned()) }
            }
            Operator::I64Const { value } => Value { ty: ValType::I64, bits: value.cast_unsigned() },
            Operator::F32Const { value } => Value { ty: ValType::F32, bits: u64::from(value.bits()) },
            Operator::F64Const { value } => Value { ty: ValType::F64, bits: value.bits() },
            Operator::GlobalGet { global_index } => {
                let global = self.globals.get(global_index as usize);
                global.ok_or_else(|| other("a global that is not there"))?.value
            }
            operator => return Err(other(format_args!("{operator:?} in a constant"))),
        };
        match operators.read().map_err(other)? {
            Operator::End => Ok(value),
            operator => Err(other(format_args!("{operator:?} in a constant"))),
        }
    }

    /// Leaves out what an engine is known to do wrong: makes every signalling NaN of 32 bits a quiet one where it comes into
    /// being, takes out the instructions that are never reached, ends functions with a value all the same, and starts with a page of memory.
    pub(crate) fn tamed(mut self) -> Original {
        if let Some(memory) = &mut self.memory {
            memory.minimum = memory.minimum.max(1);
            memory.maximum = memory.maximum.map(|most| most.max(1));
        }
        for global in &mut self.globals {
            if global.value.ty == ValType::F32 && is_nan(global.value.bits as u32) {
                global.value.bits |= 1 << 22;
            }
        }
        self.tames = true;
        self
    }

    /// The function or the global of that name.
    pub(crate) fn export(&self, name: &str) -> Option<(ExternalKind, u32)> {
        self.exports.iter().find(|export| export.0 == name).map(|&(_, kind, index)| (kind, index))
    }

    /// The functions with a body, and the types of their parameters.
    pub(crate) fn defined(&self) -> impl Iterator<Item = (u32, &[ValType])> {
        let functions = self.functions.iter().enumerate();
        functions.filter(|(_, function)| matches!(function.body, Body::Code(..))).filter_map(
            |(index, function)| Some((index as u32, &*self.types.get(function.ty as usize)?.params)),
        )
    }

    /// The types of the globals.
    pub(crate) fn globals(&self) -> impl ExactSizeIterator<Item = ValType> {
        self.globals.iter().map(|global| global.ty.val_type)
    }

    /// The type of what a step reports, if it reports a value.
    pub(crate) fn result(&self, step: &Step) -> Option<ValType> {
        match step {
            Step::Call(function, _) => self.result_of(*function as usize),
            Step::Get(global) => self.globals.get(*global as usize).map(|global| global.ty.val_type),
            Step::Set(..) => None,
            Step::Memory => Some(ValType::I64),
        }
    }

    fn result_of(&self, function: usize) -> Option<ValType> {
        let function = self.functions.get(function)?;
        self.types.get(function.ty as usize)?.results.first().copied()
    }

    /// A gatherer that takes these steps, and reports those that are marked so.
    pub(crate) fn gatherer(&self, steps: &[(Step, bool)]) -> Vec<u8> {
        let numbers = self.numbers();
        let mut out = Module::new();

        let mut types = TypeSection::new();
        for ty in &self.types {
            types.ty().function(ty.params.iter().copied(), ty.results.iter().copied());
        }
        let (report_type, step_type, gather_type) = (types.len(), types.len() + 1, types.len() + 2);
        types.ty().function([ValType::I32], [ValType::I32]);
        types.ty().function([], []);
        types.ty().function([], [ValType::I32]);
        out.section(&types);

        let mut imports = ImportSection::new();
        imports.import(IMPORT_MODULE, "rest_close", EntityType::Function(report_type));
        for function in &self.functions {
            if let Body::Import(name) = &function.body {
                imports.import(IMPORT_MODULE, name, EntityType::Function(function.ty));
            }
        }
        out.section(&imports);

        let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
        for function in &self.functions {
            match &function.body {
                Body::Import(_) => continue,
                Body::Nothing => code.raw(&[0, 0x0b]),
                Body::Code(bytes, edits) => code.raw(&self.edited(bytes, edits, &numbers)),
            };
            functions.function(function.ty);
        }
        let first_step = imports.len() + functions.len();
        for (step, reports) in steps {
            functions.function(step_type);
            code.raw(&self.step(step, *reports, &numbers));
        }
        let gather = imports.len() + functions.len();
        functions.function(gather_type);
        let mut body = vec![0];
        for step in first_step..gather {
            body.push(0x10);
            leb128(&mut body, u64::from(step));
        }
        body.extend([0x41, 0, 0x0b]);
        code.raw(&body);
        out.section(&functions);

        if let Some(table) = self.table {
            out.section(TableSection::new().table(table));
        }
        let memory = self.memory.unwrap_or(MemoryType {
            minimum: 1,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        out.section(MemorySection::new().memory(memory));
        let mut globals = GlobalSection::new();
        for global in &self.globals {
            globals.global(global.ty, &const_expr(global.value));
        }
        out.section(&globals);
        out.section(&self.exports(&numbers, gather));
        if let Some(function) = self.start {
            let number = numbers.get(function as usize).copied();
            out.section(&StartSection { function_index: number.unwrap_or(u32::MAX) });
        }
        let mut elements = ElementSection::new();
        for (offset, items) in &self.elements {
            let items: Vec<u32> =
                items.iter().map(|item| numbers.get(*item as usize).copied().unwrap_or(u32::MAX)).collect();
            elements.active(
                None,
                &ConstExpr::i32_const(offset.cast_signed()),
                Elements::Functions(items.into()),
            );
        }
        out.section(&elements);
        out.section(&code);
        let mut data = DataSection::new();
        for (offset, bytes) in &self.data {
            data.active(0, &ConstExpr::i32_const(offset.cast_signed()), bytes.iter().copied());
        }
        out.section(&data);
        out.finish()
    }

    /// The new number of each function: `rest_close` is 0, and imports come before the others.
    fn numbers(&self) -> Vec<u32> {
        let is_import = |function: &Function| matches!(function.body, Body::Import(_));
        let mut next_import = 1;
        let mut next = 1 + self.functions.iter().filter(|function| is_import(function)).count() as u32;
        let number = |function| {
            let counter = if is_import(function) { &mut next_import } else { &mut next };
            *counter += 1;
            *counter - 1
        };
        self.functions.iter().map(number).collect()
    }

    /// A body in which calls have the new numbers.
    fn edited(&self, bytes: &[u8], edits: &[Edit], numbers: &[u32]) -> Vec<u8> {
        // f32.const 1; f32.mul: every value stays as it is, but a NaN becomes a quiet one.
        const QUIET: [u8; 6] = [0x43, 0, 0, 0x80, 0x3f, 0x94];
        let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
        for edit in edits {
            out.extend_from_slice(&bytes[at..edit.start]);
            match edit.what {
                What::Unreached | What::UnreachedCall(_) if self.tames => {}
                What::Unreached => out.extend_from_slice(&bytes[edit.start..edit.end]),
                What::Call(function) | What::UnreachedCall(function) => {
                    out.push(0x10);
                    leb128(&mut out, u64::from(numbers.get(function as usize).copied().unwrap_or(u32::MAX)));
                }
                What::End(ty) if self.tames => constant(&mut out, Value { ty, bits: 0 }),
                What::End(_) => {}
                What::Nan => {
                    out.extend_from_slice(&bytes[edit.start..edit.end]);
                    if self.tames {
                        out.extend(QUIET);
                    }
                }
            }
            at = edit.end;
        }
        out.extend_from_slice(&bytes[at..]);
        out
    }

    /// Its own exports, but for those that the contract names.
    fn exports(&self, numbers: &[u32], gather: u32) -> ExportSection {
        let mut exports = ExportSection::new();
        for (name, kind, index) in &self.exports {
            if [EXPORT_GATHER, EXPORT_MEMORY].contains(&&**name) {
                continue;
            }
            match kind {
                ExternalKind::Func => {
                    let number = numbers.get(*index as usize).copied();
                    exports.export(name, ExportKind::Func, number.unwrap_or(u32::MAX))
                }
                ExternalKind::Table => exports.export(name, ExportKind::Table, *index),
                ExternalKind::Memory => exports.export(name, ExportKind::Memory, *index),
                _ => exports.export(name, ExportKind::Global, *index),
            };
        }
        exports.export(EXPORT_GATHER, ExportKind::Func, gather);
        exports.export(EXPORT_MEMORY, ExportKind::Memory, 0);
        exports
    }

    /// The body of a step: one `i64` as a local, and the instructions.
    fn step(&self, step: &Step, reports: bool, numbers: &[u32]) -> Vec<u8> {
        let mut body = vec![1, 1, 0x7e];
        match step {
            Step::Call(function, args) => {
                for arg in args {
                    constant(&mut body, *arg);
                }
                body.push(0x10);
                leb128(&mut body, u64::from(numbers[*function as usize]));
            }
            Step::Get(global) => {
                body.push(0x23);
                leb128(&mut body, u64::from(*global));
            }
            Step::Set(global, value) => {
                constant(&mut body, *value);
                body.push(0x24);
                leb128(&mut body, u64::from(*global));
            }
            Step::Memory => body = SUM_OF_MEMORY.clone(),
        }
        const REPORT_AND_DROP: [u8; 3] = [0x10, 0, 0x1a];
        match self.result(step) {
            Some(_) if !reports => body.push(0x1a),
            Some(ValType::I32 | ValType::F32) => {
                if self.result(step) == Some(ValType::F32) {
                    body.push(0xbc);
                }
                body.extend(REPORT_AND_DROP);
            }
            Some(ty) => {
                if ty == ValType::F64 {
                    body.push(0xbd);
                }
                // local.set 0; the low word; the high word
                body.extend([0x21, 0, 0x20, 0, 0xa7]);
                body.extend(REPORT_AND_DROP);
                body.extend([0x20, 0, 0x42, 32, 0x88, 0xa7]);
                body.extend(REPORT_AND_DROP);
            }
            None if reports => {
                constant(&mut body, Value { ty: ValType::I32, bits: u64::from(DONE) });
                body.extend(REPORT_AND_DROP);
            }
            None => {}
        }
        body.push(0x0b);
        body
    }
}

/// Locals and instructions that leave the sum of the memory's words on the stack, each turned by its place, and its size.
static SUM_OF_MEMORY: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let text = "(module (memory 1) (func (result i64) (local $sum i64) (local $at i32)
        (block $end (loop $next
            (br_if $end (i32.ge_u (local.get $at) (i32.shl (memory.size) (i32.const 16))))
            (local.set $sum (i64.add (i64.rotl (local.get $sum) (i64.const 5)) (i64.load (local.get $at))))
            (local.set $at (i32.add (local.get $at) (i32.const 8)))
            (br $next)))
        (i64.add (i64.extend_i32_u (memory.size)) (i64.mul (local.get $sum) (i64.const 31)))))";
    let module = tests::guest::from_wat(text);
    let original = Original::read(&module).unwrap_or_else(|error| panic!("our own module: {error:?}"));
    match original.functions.into_iter().next().map(|function| function.body) {
        Some(Body::Code(mut bytes, _)) => {
            // Without its end, since a report follows.
            bytes.pop();
            bytes
        }
        _ => unreachable!("our own module has one function"),
    }
});

fn constant(out: &mut Vec<u8>, value: Value) {
    const_expr(value).encode(out);
    // An expression brings its own end.
    out.pop();
}

fn const_expr(value: Value) -> ConstExpr {
    match value.ty {
        ValType::I32 => ConstExpr::i32_const(value.bits as i32),
        ValType::I64 => ConstExpr::i64_const(value.bits.cast_signed()),
        ValType::F32 => ConstExpr::f32_const(Ieee32::new(value.bits as u32)),
        _ => ConstExpr::f64_const(Ieee64::new(value.bits)),
    }
}

fn val_type(ty: wasmparser::ValType) -> Result<ValType, Unfit> {
    Ok(match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        ty => return Err(other(format_args!("the type {ty}"))),
    })
}

fn global_type(ty: wasmparser::GlobalType) -> Result<GlobalType, Unfit> {
    Ok(GlobalType { val_type: val_type(ty.content_type)?, mutable: ty.mutable, shared: ty.shared })
}

/// Follows a body, and says which instructions are reached.
#[derive(Default)]
struct Reached {
    /// Within an unreached rest of a block: how many blocks were opened there.
    unreached: Option<u32>,
}

impl Reached {
    fn next(&mut self, operator: &Operator<'_>) -> bool {
        let Some(opened) = self.unreached else {
            if let Operator::Br { .. } | Operator::BrTable { .. } | Operator::Return | Operator::Unreachable =
                operator
            {
                self.unreached = Some(0);
            }
            return true;
        };
        match (operator, opened) {
            (Operator::End | Operator::Else, 0) => {
                self.unreached = None;
                return true;
            }
            (Operator::End, _) => self.unreached = Some(opened - 1),
            (Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. }, _) => {
                self.unreached = Some(opened + 1);
            }
            _ => {}
        }
        false
    }
}

fn is_nan(bits: u32) -> bool {
    f32::from_bits(bits).is_nan()
}

fn leb128(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
