//! Gatherers of any size, made of compiled functions: `cluster-operators`, followed by functions of other gatherers.
//!
//! The added functions are never called, because a run does not call most functions of a large program. All functions
//! of a gatherer are added together and call each other, so an engine finds the same structure as in a program of
//! that size.

use crate::Result;
use std::collections::BTreeMap;
use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{
    CodeSection, ConstExpr, CustomSection, ElementSection, Elements, EntityType, FunctionSection,
    GlobalSection, ImportSection, Module, RefType, TableSection, TableType, TypeSection,
};
use wasmparser::{ElementItems, ElementKind, FunctionBody, Parser, Payload, TypeRef};

type Encoded<T> = std::result::Result<T, Error>;

/// What is used of a gatherer.
#[derive(Default)]
struct Parts<'a> {
    types: Vec<wasmparser::RecGroup>,
    /// Module, name and type.
    imports: Vec<(&'a str, &'a str, u32)>,
    functions: Vec<u32>,
    bodies: Vec<FunctionBody<'a>>,
    tables: Vec<wasmparser::Table<'a>>,
    elements: Vec<wasmparser::Element<'a>>,
    globals: Vec<wasmparser::Global<'a>>,
    memories: Vec<wasmparser::MemoryType>,
    exports: Vec<wasmparser::Export<'a>>,
    data: Vec<wasmparser::Data<'a>>,
    customs: Vec<(&'a str, &'a [u8])>,
}

impl<'a> Parts<'a> {
    fn of(module: &'a [u8]) -> Result<Parts<'a>> {
        let failed = |error: wasmparser::BinaryReaderError| format!("cannot take a gatherer apart: {error}");
        let mut parts = Parts::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload.map_err(failed)? {
                Payload::TypeSection(section) => parts.types = collected(section)?,
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import.map_err(failed)?;
                        let TypeRef::Func(kind) = import.ty else {
                            return Err(format!("a gatherer imports {}, which is no function", import.name));
                        };
                        parts.imports.push((import.module, import.name, kind));
                    }
                }
                Payload::FunctionSection(section) => parts.functions = collected(section)?,
                Payload::TableSection(section) => parts.tables = collected(section)?,
                Payload::MemorySection(section) => parts.memories = collected(section)?,
                Payload::GlobalSection(section) => parts.globals = collected(section)?,
                Payload::ExportSection(section) => parts.exports = collected(section)?,
                Payload::ElementSection(section) => parts.elements = collected(section)?,
                Payload::DataSection(section) => parts.data = collected(section)?,
                Payload::CodeSectionEntry(body) => parts.bodies.push(body),
                Payload::CustomSection(section) => parts.customs.push((section.name(), section.data())),
                _ => {}
            }
        }
        Ok(parts)
    }

    /// About how many bytes its functions take in a module.
    fn bytes(&self) -> usize {
        // Each body says its length, and a list of all functions its type.
        let of = |len: usize| len + 1 + if len < 128 { 1 } else { 2 };
        self.bodies.iter().map(|body| of(body.as_bytes().len())).sum()
    }
}

fn collected<'a, T: wasmparser::FromReader<'a>>(
    section: wasmparser::SectionLimited<'a, T>,
) -> Result<Vec<T>> {
    let items: std::result::Result<_, _> = section.into_iter().collect();
    items.map_err(|error| format!("cannot take a gatherer apart: {error}"))
}

/// Where the things of a gatherer are in the module that is made.
#[derive(Clone, Default)]
struct Places {
    first_type: u32,
    /// Of each import.
    imports: Vec<u32>,
    first_function: u32,
    first_global: u32,
}

impl Reencode for Places {
    type Error = std::convert::Infallible;

    fn type_index(&mut self, index: u32) -> Encoded<u32> {
        Ok(self.first_type + index)
    }

    fn function_index(&mut self, index: u32) -> Encoded<u32> {
        let imported = self.imports.get(index as usize).copied();
        Ok(imported.unwrap_or_else(|| self.first_function + index - self.imports.len() as u32))
    }

    /// All share one table: an engine of the first WebAssembly has no more.
    fn table_index(&mut self, _index: u32) -> Encoded<u32> {
        Ok(0)
    }

    fn global_index(&mut self, index: u32) -> Encoded<u32> {
        Ok(self.first_global + index)
    }
}

/// `base` with so many functions of the others that it has about so many bytes. It does what `base` does.
pub(super) fn grown(base: &[u8], others: &[Vec<u8>], bytes: usize) -> Result<Vec<u8>> {
    let mut parts = vec![Parts::of(base)?];
    for other in others {
        parts.push(Parts::of(other)?);
    }
    let sets = sets(&parts, base.len(), bytes);
    let encoded = encoded(&parts, &sets);
    encoded.map_err(|error| format!("cannot make a module of {bytes} bytes: {error}"))
}

/// Which gatherers' functions follow on each other: the base's own, then others in turn as long as they fit, then smaller ones.
fn sets(parts: &[Parts<'_>], base: usize, bytes: usize) -> Vec<usize> {
    let mut sets = vec![0];
    let mut left = bytes.saturating_sub(base);
    let mut next = 0;
    loop {
        let fitting: Vec<usize> = (1..parts.len()).filter(|&index| parts[index].bytes() <= left).collect();
        let Some(&index) = fitting.get(next % fitting.len().max(1)) else { return sets };
        next += 1;
        left -= parts[index].bytes();
        sets.push(index);
    }
}

fn encoded(parts: &[Parts<'_>], sets: &[usize]) -> Encoded<Vec<u8>> {
    let mut types = TypeSection::new();
    let mut imports = ImportSection::new();
    let mut globals = GlobalSection::new();
    let mut imported = BTreeMap::new();
    let mut places = Vec::new();
    let (mut type_count, mut global_count) = (0, 0);
    for (index, parts) in parts.iter().enumerate() {
        let mut place = Places::default();
        if sets.contains(&index) {
            place.first_type = type_count;
            for group in &parts.types {
                type_count += group.types().len() as u32;
                place.parse_recursive_type_group(types.ty(), group.clone())?;
            }
            for &(module, name, kind) in &parts.imports {
                let next = imported.len() as u32;
                let number = *imported.entry((module, name)).or_insert_with(|| {
                    imports.import(module, name, EntityType::Function(place.first_type + kind));
                    next
                });
                place.imports.push(number);
            }
            place.first_global = global_count;
            for global in &parts.globals {
                global_count += 1;
                place.parse_global(&mut globals, global.clone())?;
            }
        }
        places.push(place);
    }
    let mut functions = FunctionSection::new();
    let mut code = CodeSection::new();
    let mut elements = ElementSection::new();
    let mut function_count = imported.len() as u32;
    // Index 0 is a null pointer to a function.
    let mut table_len = 1;
    for (position, &index) in sets.iter().enumerate() {
        let (parts, place) = (&parts[index], &mut places[index]);
        place.first_function = function_count;
        function_count += parts.functions.len() as u32;
        for &kind in &parts.functions {
            functions.function(place.first_type + kind);
        }
        for body in &parts.bodies {
            place.parse_function_body(&mut code, body.clone())?;
        }
        // A table is filled with the functions of the first copy.
        if !sets[..position].contains(&index) {
            for element in &parts.elements {
                let functions = listed(place, element)?;
                let offset = ConstExpr::i32_const(table_len as i32);
                table_len += functions.len() as u64;
                elements.active(None, &offset, Elements::Functions(functions.into()));
            }
        }
    }
    let (base, mut place) = (&parts[0], places[0].clone());
    place.first_function = imported.len() as u32;
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&functions);
    if parts.iter().any(|parts| !parts.tables.is_empty()) {
        let mut tables = TableSection::new();
        tables.table(TableType {
            element_type: RefType::FUNCREF,
            table64: false,
            minimum: table_len,
            maximum: Some(table_len),
            shared: false,
        });
        module.section(&tables);
    }
    let mut memories = wasm_encoder::MemorySection::new();
    for memory in &base.memories {
        memories.memory(place.memory_type(*memory)?);
    }
    let mut exports = wasm_encoder::ExportSection::new();
    for export in &base.exports {
        place.parse_export(&mut exports, *export)?;
    }
    let mut data = wasm_encoder::DataSection::new();
    for one in &base.data {
        place.parse_data(&mut data, one.clone())?;
    }
    module.section(&memories).section(&globals).section(&exports);
    if !elements.is_empty() {
        module.section(&elements);
    }
    module.section(&code).section(&data);
    for (name, data) in &base.customs {
        module.section(&CustomSection { name: (*name).into(), data: (*data).into() });
    }
    Ok(module.finish())
}

/// The functions that a gatherer puts into its table.
fn listed(place: &mut Places, element: &wasmparser::Element<'_>) -> Encoded<Vec<u32>> {
    match (&element.kind, &element.items) {
        (ElementKind::Active { .. }, ElementItems::Functions(items)) => {
            items.clone().into_iter().map(|function| place.function_index(function?)).collect()
        }
        _ => Ok(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::grown;
    use tests::guest::{self, Texts};

    /// With calls, an import of its own, a global and a table.
    const OTHER: &str = r#"(module
        (type $call (func (param i32) (result i32)))
        (import "wagather_v1" "rest_close" (func $close (type $call)))
        (memory (export "memory") 1)
        (table 1 funcref)
        (global $depth (mut i32) (i32.const 0))
        (elem (i32.const 0) $one)
        (func $one (type $call) (global.set $depth (local.get 0)) (call $two (local.get 0)))
        (func $two (type $call) (call_indirect (type $call) (call $close (local.get 0)) (i32.const 0))))"#;

    #[test]
    fn a_module_grows_and_stays_valid() {
        let texts = Texts { version: "v1", resource: "pods", ..Texts::default() };
        let base = guest::piping("base", &["resource list /v1/pods * *"], &texts);
        let others = [guest::from_wat(OTHER)];
        for bytes in [1_000, 20_000] {
            let module = grown(&base, &others, bytes).expect("a module");
            wasmparser::validate(&module).expect("a valid one");
            assert!(module.len().abs_diff(bytes) < bytes / 10, "{} bytes instead of {bytes}", module.len());
        }
        // Nothing fits: it is the base again, as another encoder writes it.
        let same = grown(&base, &others, 0).expect("a module");
        wasmparser::validate(&same).expect("a valid one");
        assert!(same.len().abs_diff(base.len()) < 32, "{} and {}", same.len(), base.len());
    }
}
