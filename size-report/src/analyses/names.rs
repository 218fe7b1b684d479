//! What functions are called. A guest that ships carries no names, so the build writes them
//! to a file beside it: one line per function, `index:name`, as `wasm-opt --symbolmap` does.

use std::{collections::BTreeMap, fs, io::ErrorKind, path::Path};

use crate::{Error, module::Module};

/// Names of functions by index, readable ones.
#[derive(Debug, Default)]
pub struct Names(BTreeMap<u32, String>);

impl Names {
    /// Finds the names for a module in `file`: those given, else the module's own, else the
    /// file beside it. Imports and exports name what has no name by then.
    ///
    /// # Errors
    /// Symbols that were asked for cannot be read, or any symbols do not fit the module.
    pub fn find(module: &Module<'_>, file: &Path, symbols: Option<&Path>) -> Result<Names, Error> {
        let mut names: BTreeMap<u32, String> =
            module.interface.iter().map(|(&index, &name)| (index, name.to_owned())).collect();
        let beside = file.with_extension("symbols");
        if let Some(symbols) = symbols {
            let text = fs::read_to_string(symbols).map_err(|source| Error::unreadable(symbols, source))?;
            names.extend(parse(&text, module, symbols)?);
        } else if !module.name_section.is_empty() {
            names.extend(module.name_section.iter().map(|(&index, name)| (index, readable(name))));
        } else {
            match fs::read_to_string(&beside) {
                Ok(text) => names.extend(parse(&text, module, &beside)?),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(source) => return Err(Error::unreadable(&beside, source)),
            }
        }
        Ok(Names(names))
    }

    /// The name of a function, if it has one.
    pub fn get(&self, index: u32) -> Option<&str> {
        self.0.get(&index).map(String::as_str)
    }
}

fn parse(text: &str, module: &Module<'_>, file: &Path) -> Result<BTreeMap<u32, String>, Error> {
    let wrong = |reason| Error::WrongSymbols { file: file.to_owned(), reason };
    let functions = u64::from(module.imported_functions) + u64::from(module.defined_functions);
    let mut names = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let (index, name) = line
            .split_once(':')
            .and_then(|(index, name)| Some((index.parse::<u32>().ok()?, name)))
            .ok_or_else(|| wrong(format!("line {number} is not `index:name`")))?;
        if u64::from(index) >= functions {
            return Err(wrong(format!("line {number} names function {index}, the module has {functions}")));
        }
        names.insert(index, readable(name));
    }
    Ok(names)
}

/// As it was written in the source, without the compiler's hash.
fn readable(symbol: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(symbol))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module() -> Module<'static> {
        Module { imported_functions: 1, defined_functions: 1, ..Module::default() }
    }

    #[test]
    fn symbols_are_demangled() {
        let names =
            parse("0:log\n1:_RNvNtCsbmI48KNu6w2_4mini5guest5param\n", &module(), Path::new("x")).unwrap();
        assert_eq!(names[&0], "log");
        assert_eq!(names[&1], "mini::guest::param");
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
