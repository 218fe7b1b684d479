//! Names of functions. A module that ships contains no names, so the build writes them to a file beside it: one line
//! per function, `index:name`, as `wasm-opt --symbolmap` does. If there is only an unstripped version of the module,
//! functions are matched by their bodies.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::ErrorKind,
    path::Path,
};

use super::{fingerprint, symbol};
use crate::{
    Error,
    module::{Exported, Module},
};

/// Sources of names besides the module itself.
#[derive(Debug, Default, Clone, Copy)]
pub struct Sources<'p> {
    /// A file with a line `index:name` for each function.
    pub symbols: Option<&'p Path>,
    /// The same module before it was stripped or optimized.
    pub unstripped: Option<&'p Path>,
}

/// Readable names of functions, by index.
#[derive(Debug, Default)]
pub struct Names {
    names: BTreeMap<u32, String>,
    guessed: BTreeSet<u32>,
}

impl Names {
    /// Finds the names for a module in `file`: the given symbols, else the module's own, else the file beside it; for
    /// functions that still have no name, those of the unstripped version, and then imports and exports.
    ///
    /// # Errors
    /// A given file cannot be read, or symbols do not belong to the module.
    pub fn find(module: &Module<'_>, file: &Path, sources: Sources<'_>) -> Result<Names, Error> {
        let mut names = Names::default();
        let beside = file.with_extension("symbols");
        if let Some(symbols) = sources.symbols {
            let text = fs::read_to_string(symbols).map_err(|source| Error::unreadable(symbols, source))?;
            names.names = parse(&text, module, symbols)?;
        } else if !module.name_section.is_empty() || !module.symbols.is_empty() {
            names.names = own(module);
        } else if sources.unstripped.is_none() {
            match fs::read_to_string(&beside) {
                Ok(text) => names.names = parse(&text, module, &beside)?,
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(source) => return Err(Error::unreadable(&beside, source)),
            }
        }
        if let Some(unstripped) = sources.unstripped {
            let bytes = fs::read(unstripped).map_err(|source| Error::unreadable(unstripped, source))?;
            let sibling = Module::parse(&bytes).map_err(|source| Error::malformed(unstripped, source))?;
            names.fill_from(module, &sibling, &own(&sibling));
        }
        names.fill_from_interface(module);
        Ok(names)
    }

    /// The names in the module itself.
    pub fn of(module: &Module<'_>) -> Names {
        let mut names = Names { names: own(module), guessed: BTreeSet::new() };
        names.fill_from_interface(module);
        names
    }

    fn fill_from(&mut self, module: &Module<'_>, sibling: &Module<'_>, theirs: &BTreeMap<u32, String>) {
        for (function, other, is_sure) in fingerprint::matches(module, sibling) {
            if let (false, Some(name)) = (self.names.contains_key(&function), theirs.get(&other)) {
                self.names.insert(function, name.clone());
                if !is_sure {
                    self.guessed.insert(function);
                }
            }
        }
    }

    fn fill_from_interface(&mut self, module: &Module<'_>) {
        for export in &module.exports {
            if let Exported::Function(index) = export.of {
                self.names.entry(index).or_insert_with(|| symbol::readable(export.name));
            }
        }
        for import in &module.imports {
            if let Some(index) = import.function {
                self.names.entry(index).or_insert_with(|| symbol::readable(import.name));
            }
        }
    }

    /// The name of a function, if it has one.
    pub fn get(&self, index: u32) -> Option<&str> {
        self.names.get(&index).map(String::as_str)
    }

    /// The label of a function: its name, or else its index. A name that was taken from a similar function ends in a
    /// question mark.
    pub fn label(&self, index: u32) -> String {
        match self.get(index) {
            Some(name) if self.guessed.contains(&index) => format!("{name}?"),
            Some(name) => name.to_owned(),
            None => format!("function {index}"),
        }
    }
}

/// The names in the module's name section, and for other functions, those in an object file's symbol table.
fn own(module: &Module<'_>) -> BTreeMap<u32, String> {
    let symbols = module.symbols.iter().chain(&module.name_section);
    symbols.map(|(&index, name)| (index, symbol::readable(name))).collect()
}

fn parse(text: &str, module: &Module<'_>, file: &Path) -> Result<BTreeMap<u32, String>, Error> {
    let wrong = |reason| Error::WrongSymbols { file: file.to_owned(), reason };
    let functions = module.functions.len();
    let mut names = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let (index, name) = line
            .split_once(':')
            .and_then(|(index, name)| Some((index.parse::<u32>().ok()?, name)))
            .ok_or_else(|| wrong(format!("line {number} is not `index:name`")))?;
        if index as usize >= functions {
            return Err(wrong(format!("line {number} names function {index}, the module has {functions}")));
        }
        names.insert(index, symbol::readable(name));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Function;

    fn module() -> Module<'static> {
        let function = Function { type_index: 0, range: 0..0, body: 0..0 };
        Module { imported_functions: 1, functions: vec![function; 2], ..Module::default() }
    }

    #[test]
    fn symbols_are_demangled() {
        let names =
            parse("0:log\n1:_RNvNtCsbmI48KNu6w2_4mini5guest5param\n", &module(), Path::new("x")).unwrap();
        assert_eq!(names[&0], "log");
        assert_eq!(names[&1], "mini::guest::param");
    }

    #[test]
    fn names_of_exports_and_imports_are_demangled() {
        let bytes = wat::parse_str(
            r#"(module (import "env" "_ZN3foo3logEi" (func (param i32)))
                (func (export "_ZN3foo3barEi") (export "bar") (param i32))
                (func (export "_ZN7mycrate6module4work17h0123456789abcdefE"))
                (func (export "_RNvC7mycrate3foo"))
                (func (export "gather")))"#,
        )
        .unwrap();
        let names = Names::of(&Module::parse(&bytes).unwrap());
        let found: Vec<_> = (0..5).map(|index| names.get(index).unwrap()).collect();
        assert_eq!(
            found,
            ["foo::log(int)", "foo::bar(int)", "mycrate::module::work", "mycrate::foo", "gather"]
        );
    }

    #[test]
    fn names_of_object_files_are_their_symbols() {
        // Version 2; a symbol table (8) with four entries: an unnamed import, a function, another name of it, a
        // function; information about one segment (5).
        let bytes = wat::parse_str(
            r#"(module (import "env" "log" (func)) (memory 1) (func) (func) (data (i32.const 0) "x")
                (@custom "linking" (after data)
                    "\02"
                    "\08\33\04"
                    "\00\10\00"
                    "\00\00\01\0d_ZN3foo3barEi"
                    "\00\00\01\05alias"
                    "\00\00\02\11_RNvC7mycrate3foo"
                    "\05\0c\01\08.rodata.\00\00"))"#,
        )
        .unwrap();
        let module = Module::parse(&bytes).unwrap();
        let names = Names::of(&module);
        let found: Vec<_> = (0..3).map(|index| names.get(index).unwrap()).collect();
        assert_eq!(found, ["log", "foo::bar(int)", "mycrate::foo"]);
        assert_eq!(module.segment_names[&0], ".rodata.");
        // A name section takes precedence for the functions that it names.
        let mut both = module;
        both.name_section.insert(1, "bar");
        let found = own(&both);
        assert_eq!((&*found[&1], &*found[&2]), ("bar", "mycrate::foo"));
    }

    #[test]
    fn symbols_of_another_module_are_refused() {
        for (text, expected) in [
            ("2:late", "line 1 names function 2, the module has 2"),
            ("0:ok\nnonsense", "line 2 is not `index:name`"),
            ("99999999999:far", "line 1 is not `index:name`"),
        ] {
            let error = parse(text, &module(), Path::new("x.symbols")).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("x.symbols"), "{error}");
        }
    }
}
