//! The origin of functions: the runtime and the libraries of a compiler, or the program itself, by the rules in
//! `toolchains.txt`.

use super::{kinds::fits, symbol};

/// Lines `part<TAB>pattern`, comments, and `[LANGUAGE]` before lines for modules of that language only.
const RULES: &str = include_str!("toolchains.txt");

/// Functions that belong to no toolchain.
pub const PROGRAM: &str = "the program and its packages";

/// The rules for a module.
#[derive(Debug)]
pub struct Toolchains(Vec<(&'static str, Vec<&'static str>)>);

/// Whether a module is written in the language of some rules. Names without a path have a different meaning in each
/// language.
fn holds(language: &str, names: &[&str]) -> bool {
    let any = |is: fn(&str) -> bool| names.iter().any(|name| is(name));
    let is_go = any(|name| name.starts_with("runtime."));
    match language {
        "Go" => is_go,
        "Zig" => !is_go && any(|name| ["std.", "Io.", "mem.", "heap."].iter().any(|of| name.starts_with(of))),
        _ => !is_go && !any(|name| name.starts_with("~lib/")),
    }
}

impl Toolchains {
    /// The rules for a module whose functions have these names.
    pub fn of_module(names: &[&str]) -> Toolchains {
        let mut is_held = true;
        let mut rules = Vec::new();
        for line in RULES.lines() {
            if let Some(language) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                is_held = holds(language, names);
            } else if let (true, Some((part, pattern))) = (is_held, line.split_once('\t')) {
                rules.push((part, pattern.split('*').collect()));
            }
        }
        Toolchains(rules)
    }

    /// The origin of a function with this name.
    pub fn of(&self, name: &str) -> &'static str {
        let name = symbol::generic(name);
        self.0.iter().find(|(_, pattern)| fits(pattern, &name)).map_or(PROGRAM, |&(part, _)| part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The origins of functions with these names, in one module.
    fn parts(names: &[&str]) -> Vec<&'static str> {
        let toolchains = Toolchains::of_module(names);
        names.iter().map(|name| toolchains.of(name)).collect()
    }

    #[test]
    fn every_line_is_a_rule_a_language_or_a_comment() {
        for line in RULES.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '['])) {
            let cells: Vec<&str> = line.split('\t').collect();
            assert!(cells.len() == 2 && cells.iter().all(|cell| !cell.trim().is_empty()), "{line:?}");
            assert!(cells[0].contains(": "), "{line:?} does not say of which language it is");
        }
    }

    #[test]
    fn go() {
        let names =
            ["runtime.mallocgc", "internal_abi.TypeOf", "encoding_json.Marshal", "encoding/json.Marshal"];
        let expected = ["Go: runtime", "Go: runtime", "Go: standard library", "Go: standard library"];
        assert_eq!(parts(&names), expected);
        let names = [
            "runtime.alloc",
            "fmt.Println",
            "k8s_io_api_core_v1.__Pod_.Size",
            "main.main",
            "gather",
            "strlen",
        ];
        let expected = ["Go: runtime", "Go: standard library", PROGRAM, PROGRAM, PROGRAM, PROGRAM];
        assert_eq!(parts(&names), expected);
    }

    #[test]
    fn assemblyscript() {
        let names = [
            "~lib/rt/tlsf/allocateBlock",
            "~lib/map/Map<~lib/string/String,i32>#set",
            "phases/gather",
            "memcpy",
        ];
        let expected = ["AssemblyScript: runtime", "AssemblyScript: standard library", PROGRAM, PROGRAM];
        assert_eq!(parts(&names), expected);
    }

    #[test]
    fn c_and_c_plus_plus() {
        let names = ["gather", "dlmalloc", "printf_core", "__wasi_fd_write", "count", "__multi3"];
        let expected = [PROGRAM, "C: library", "C: library", "C: library", PROGRAM, "C: compiler's builtins"];
        assert_eq!(parts(&names), expected);
        let names = [
            "std::__2::to_string(int)",
            "char* std::__2::__itoa::append8_no_zeros<unsigned int>(char*, unsigned int)",
            "operator new(unsigned long)",
            "shop::count(int)",
            "memcpy",
        ];
        let expected = ["C++: library", "C++: library", "C++: library", PROGRAM, "C: library"];
        assert_eq!(parts(&names), expected);
    }

    #[test]
    fn zig() {
        let names =
            ["phases.gather", "Io.Writer.writeAll", "mem.eql__func_5", "compiler_rt.memcpy", "memset"];
        let expected = [PROGRAM, "Zig: std", "Zig: std", "Zig: compiler_rt", "C: library"];
        assert_eq!(parts(&names), expected);
    }

    #[test]
    fn rust() {
        let names = [
            "core::fmt::write",
            "<alloc::string::String as core::fmt::Write>::write_str",
            "<pods::Pod as core::fmt::Debug>::fmt",
            "std::io::stdio::_print",
            "__rust_alloc",
            "serde_json::de::from_str",
            "pods::gather",
            "memcpy",
        ];
        let rust = "Rust: core, alloc and std";
        assert_eq!(parts(&names), [rust, rust, rust, rust, rust, PROGRAM, PROGRAM, "C: library"]);
    }
}
