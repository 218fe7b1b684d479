//! The purpose of functions, by the rules in `kinds.txt`.

use super::symbol;

/// Lines `kind<TAB>pattern`, and comments.
const RULES: &str = include_str!("kinds.txt");

/// The kind of a function that no rule matches.
pub const OWN_CODE: &str = "its own code";

/// The kind of a function without a name.
pub const UNNAMED: &str = "functions without a name";

/// The parsed rules.
#[derive(Debug)]
pub struct Kinds(Vec<(&'static str, Vec<&'static str>)>);

impl Kinds {
    /// Parses the rules.
    pub fn new() -> Kinds {
        let rules = RULES.lines().filter_map(|line| line.split_once('\t'));
        Kinds(rules.map(|(kind, pattern)| (kind, pattern.split('*').collect())).collect())
    }

    /// The kind of a function with this name.
    pub fn of(&self, name: &str) -> &'static str {
        let name = symbol::generic(name);
        self.0.iter().find(|(_, pattern)| fits(pattern, &name)).map_or(OWN_CODE, |&(kind, _)| kind)
    }
}

impl Default for Kinds {
    fn default() -> Kinds {
        Kinds::new()
    }
}

/// Whether a text matches a pattern, in which a star matches any text.
pub fn matches(pattern: &str, text: &str) -> bool {
    fits(&pattern.split('*').collect::<Vec<_>>(), text)
}

/// The same, for a pattern that is split at its stars.
pub(super) fn fits(pattern: &[&str], text: &str) -> bool {
    let [first, between @ .., last] = pattern else { return pattern.first() == Some(&text) };
    let Some(mut rest) = text.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else {
        return false;
    };
    // The first occurrence is sufficient, because a star matches any text.
    between.iter().all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_rule_or_a_comment() {
        for line in RULES.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let cells: Vec<&str> = line.split('\t').collect();
            assert!(cells.len() == 2 && cells.iter().all(|cell| !cell.trim().is_empty()), "{line:?}");
        }
    }

    #[test]
    fn no_rule_is_hidden_by_one_before_it() {
        let mut seen: Vec<(&str, &str)> = Vec::new();
        for (kind, pattern) in RULES.lines().filter_map(|line| line.split_once('\t')) {
            let text = pattern.replace('*', "x");
            let hidden = seen.iter().find(|(_, earlier)| matches(earlier, &text));
            assert_eq!(hidden, None, "{kind}: {pattern} never decides");
            seen.push((kind, pattern));
        }
    }

    #[test]
    fn functions_are_of_the_kind_that_people_expect() {
        let kinds = Kinds::new();
        for (name, expected) in [
            ("core::fmt::write", "panic and formatting machinery"),
            ("<a::Error as core::fmt::Display>::fmt", "panic and formatting machinery"),
            ("core::panicking::panic_fmt", "panic and formatting machinery"),
            ("core::fmt::num::imp::<impl core::fmt::Display for u32>::fmt", "panic and formatting machinery"),
            ("<dlmalloc::dlmalloc::Dlmalloc<A>>::malloc", "allocator"),
            ("alloc::raw_vec::finish_grow", "allocator"),
            ("memcpy", "memory intrinsics"),
            ("compiler_builtins::mem::memmove", "memory intrinsics"),
            ("compiler_builtins::int::mul::__multi3", "arithmetic that the instruction set lacks"),
            ("miniserde::json::de::from_str", "JSON"),
            ("encoding_json.Marshal", "JSON"),
            ("core::ptr::drop_in_place::<a::B>", "dropping values"),
            ("core::slice::sort::stable::driftsort_main::<u8>", "sorting"),
            ("runtime.mallocgc", "allocator"),
            ("runtime.schedule", "language runtime"),
            ("<wagather::arena::raw::Room>::reserve", "collections"),
            ("<wagather::typed::Map<&str>>::get", "collections"),
            ("wagather::quantity::parse", "numbers as text"),
            ("<wagather::rest::api::Query>::put", "host bindings"),
            ("wagather::typed::items::next_room", "host bindings"),
            ("pods::gather", OWN_CODE),
            ("main.main", OWN_CODE),
        ] {
            assert_eq!(kinds.of(name), expected, "{name}");
        }
    }

    #[test]
    fn stars_stand_for_any_text() {
        for (pattern, text, expected) in [
            ("a*", "a", true),
            ("a*a", "a", false),
            ("*b*", "abc", true),
            ("a*b*c", "a-b-b-c", true),
            ("a", "ab", false),
            ("a", "a", true),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
