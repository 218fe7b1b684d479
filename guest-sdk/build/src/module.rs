//! Checks a module's imports and exports (core specification, section 5.5), as every host will again.

use wagather_abi::{EXPORT_GATHER, HEAP_PREFIX, IMPORT_MODULE, Import};

/// The mistake in a module, with advice.
pub(crate) fn refused(module: &[u8]) -> Option<String> {
    let Some(names) = Names::read(module) else {
        return Some("the linker's output is not a valid module".to_owned());
    };
    if names.imports.iter().any(|(_, name)| name.starts_with(HEAP_PREFIX)) {
        return Some(
            "it allocates but has no heap: write 'wagather::heap!();' in src/lib.rs, or avoid code that needs 'alloc'".to_owned(),
        );
    }
    let is_known =
        |(module, name): &&(String, String)| module == IMPORT_MODULE && Import::by_name(name).is_some();
    if let Some((module, name)) = names.imports.iter().find(|import| !is_known(import)) {
        return Some(format!(
            "it imports '{}' from '{}', which hosts do not provide: a dependency does not support gatherers, such as a crate with C code",
            name.escape_debug(),
            module.escape_debug()
        ));
    }
    if !names.exports.iter().any(|name| name == EXPORT_GATHER) {
        return Some(
            "it exports no 'gather': write 'wagather::gatherer!(FUNCTION);' in src/lib.rs".to_owned(),
        );
    }
    None
}

#[derive(Default)]
struct Names {
    imports: Vec<(String, String)>,
    exports: Vec<String>,
}

impl Names {
    fn read(module: &[u8]) -> Option<Names> {
        let mut rest = Reader(module.strip_prefix(b"\0asm\x01\0\0\0")?);
        let mut names = Names::default();
        while !rest.0.is_empty() {
            let id = rest.byte()?;
            let mut section = Reader(rest.bytes()?);
            match id {
                2 => {
                    for _ in 0..section.number()? {
                        let import = (section.name()?, section.name()?);
                        match section.byte()? {
                            0 => drop(section.number()?),
                            1 => {
                                section.byte()?;
                                section.limits()?;
                            }
                            2 => section.limits()?,
                            3 => drop((section.byte()?, section.byte()?)),
                            _ => return None,
                        }
                        names.imports.push(import);
                    }
                }
                7 => {
                    for _ in 0..section.number()? {
                        names.exports.push(section.name()?);
                        section.byte()?;
                        section.number()?;
                    }
                }
                _ => {}
            }
        }
        Some(names)
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// An unsigned LEB128 number.
    fn number(&mut self) -> Option<u32> {
        let mut number = 0u64;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return u32::try_from(number).ok();
            }
        }
        None
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = self.number()? as usize;
        let (bytes, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(bytes)
    }

    fn name(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_owned()).ok()
    }

    fn limits(&mut self) -> Option<()> {
        let has_most = self.byte()? & 1 == 1;
        self.number()?;
        if has_most {
            self.number()?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module with these imported and exported functions.
    fn module(imports: &[(&str, &str)], exports: &[&str]) -> Vec<u8> {
        let name = |name: &str| [&[name.len() as u8], name.as_bytes()].concat();
        let section = |id: u8, entries: Vec<Vec<u8>>| {
            let content = [&[entries.len() as u8][..], &entries.concat()].concat();
            [&[id, content.len() as u8][..], &content].concat()
        };
        let imports =
            imports.iter().map(|(module, field)| [name(module), name(field), vec![0, 0]].concat()).collect();
        let exports = exports.iter().map(|field| [name(field), vec![0, 0]].concat()).collect();
        [b"\0asm\x01\0\0\0".to_vec(), section(2, imports), section(7, exports)].concat()
    }

    #[test]
    fn what_no_host_would_run_is_refused() {
        let log = (IMPORT_MODULE, "log");
        assert_eq!(refused(&module(&[log], &["memory", "gather"])), None);
        for (module, why) in [
            (
                module(&[log, ("env", "__wagather_heap_allocate")], &["gather"]),
                "has no heap: write 'wagather::heap!();'",
            ),
            (module(&[("env", "malloc")], &["gather"]), "it imports 'malloc' from 'env'"),
            (module(&[(IMPORT_MODULE, "sing")], &["gather"]), "it imports 'sing'"),
            (module(&[log], &["memory"]), "it exports no 'gather'"),
            (b"\0asm\x02\0\0\0".to_vec(), "not a valid module"),
            (module(&[log], &["gather"])[..12].to_vec(), "not a valid module"),
        ] {
            assert!(refused(&module).is_some_and(|told| told.contains(why)), "{why}");
        }
    }
}
