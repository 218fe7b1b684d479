//! Decodes symbols: the readable name, the crate and modules, and the generic function that it instantiates.
//!
//! It understands the symbols of Rust (v0 and legacy), C++, Go, TinyGo and AssemblyScript. A linker may have
//! demangled names already; they give the same result. Names without a path (C, exports) have none here.

use std::collections::HashMap;

/// The name as in the source, without the compiler's hash.
pub fn readable(symbol: &str) -> String {
    const SHARED: &str = "byn$mgfn-shared$";
    let symbol = unescaped(symbol);
    let of = symbol.trim_start_matches(SHARED);
    let is_shared = of.len() < symbol.len();
    let name = demangled(of.to_owned());
    if is_shared { format!("{name} (shared by wasm-opt)") } else { name }
}

fn demangled(symbol: String) -> String {
    if let Ok(demangled) = rustc_demangle::try_demangle(&symbol) {
        return format!("{demangled:#}");
    }
    if symbol.starts_with("_Z") || symbol.starts_with("__Z") {
        let demangled =
            cpp_demangle::Symbol::new(symbol.as_bytes()).ok().and_then(|name| name.demangle().ok());
        return demangled.unwrap_or(symbol);
    }
    // Demangling linkers leave Rust's legacy hash.
    match symbol.rsplit_once("::h") {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            name.to_owned()
        }
        _ => symbol,
    }
}

/// Undoes `wasm-opt --symbolmap`'s escapes: a backslash and two hexadecimal digits.
fn unescaped(symbol: &str) -> String {
    if !symbol.contains('\\') {
        return symbol.to_owned();
    }
    let bytes = symbol.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = symbol.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match digits {
            Some(byte) if bytes[at] == b'\\' => {
                plain.push(byte);
                at += 3;
            }
            _ => {
                plain.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// The path of a readable name: the crate, package or namespace first, the item last. A name without a path is one
/// segment.
pub fn path(name: &str) -> Vec<&str> {
    let path = parts(name);
    // A name of only separators leaves nothing.
    if path.is_empty() { vec![name] } else { path }
}

fn parts(name: &str) -> Vec<&str> {
    if let Some(path) = name.strip_prefix('<') {
        return qualified(path);
    }
    if name.contains("::") {
        return segments(name);
    }
    if name.starts_with("~lib/") || (name.contains('/') && !name.contains('.')) {
        return name.split('/').filter(|part| !part.is_empty()).collect();
    }
    match package_end(name) {
        Some(end) => vec![name[..end].trim_start_matches("(*").trim_start_matches('('), &name[end + 1..]],
        None => vec![name],
    }
}

/// `A as B>::rest` or `A>::rest`: the path of the type `A`, or of the trait if `A` is a type of the language.
fn qualified(text: &str) -> Vec<&str> {
    let end = closing(text).unwrap_or(text.len());
    let (inside, rest) = (&text[..end], text.get(end + 1..).unwrap_or_default());
    let (of_type, of_trait) = match split_at_top(inside, " as ") {
        Some((of_type, of_trait)) => (of_type, Some(of_trait)),
        None => (inside, None),
    };
    let own = segments(bare(of_type));
    let mut path = match of_trait {
        Some(of_trait) if own.len() < 2 => segments(bare(of_trait)),
        // A method of a built-in type, such as a slice.
        None if own.len() < 2 => vec!["core", own.first().copied().unwrap_or("unit")],
        _ => own,
    };
    path.extend(segments(rest.trim_start_matches("::")));
    path
}

/// A type without references to it: the path of `&mut [a::B]` is `a::B`.
fn bare(mut of_type: &str) -> &str {
    loop {
        let shorter = ["&", "mut ", "*const ", "*mut ", "[", "(", "dyn ", "impl ", "<"]
            .iter()
            .find_map(|prefix| of_type.strip_prefix(prefix));
        match shorter {
            Some(shorter) => of_type = shorter,
            None => break,
        }
    }
    let end = of_type.find([' ', ',', ';', ']', ')', '>']).unwrap_or(of_type.len());
    let generic = of_type.find('<').unwrap_or(of_type.len());
    &of_type[..end.min(generic)]
}

/// The parts between `::`, without generic arguments.
fn segments(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut depth = 0_u32;
    let (mut start, mut before) = (0, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'<' | b'(' | b'[' | b'{' => depth += 1,
            b'>' if before != b'-' => depth = depth.saturating_sub(1),
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b':' if depth == 0 && before == b':' && at > start => {
                found.push(&text[start..at - 1]);
                start = at + 1;
            }
            _ => {}
        }
        before = byte;
    }
    found.push(&text[start.min(text.len())..]);
    found.retain(|part| !part.is_empty() && (!part.starts_with('<') || part.starts_with("<impl ")));
    found.iter_mut().for_each(|part| {
        if !part.starts_with('<') && !part.starts_with('{') {
            *part = part.split(['<', '(']).next().filter(|name| !name.is_empty()).unwrap_or(part);
        }
    });
    found
}

/// The position of the `>` that closes a bracket before the text.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut before) = (0_u32, 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'<' => depth += 1,
            b'>' if before != b'-' => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return Some(at),
            },
            _ => {}
        }
        before = byte;
    }
    None
}

fn split_at_top<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let (mut depth, mut counted) = (0_i64, 0);
    for (at, _) in text.match_indices(word) {
        // A word begins with neither, so this cuts no arrow in two.
        let more = &text[counted..at];
        let closed = more.matches('>').count() - more.matches("->").count();
        depth += more.matches('<').count() as i64 - closed as i64;
        counted = at;
        if depth == 0 {
            return Some((&text[..at], &text[at + word.len()..]));
        }
    }
    None
}

/// For each `<`, by its position, the position of its `>`.
fn closings(text: &str) -> HashMap<usize, usize> {
    let (mut open, mut closings, mut before) = (Vec::new(), HashMap::new(), 0);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'<' => open.push(at),
            b'>' if before != b'-' => closings.extend(open.pop().map(|from| (from, at))),
            _ => {}
        }
        before = byte;
    }
    closings
}

/// The end of a Go package's path: the first dot after its last slash. Go's linker writes `_` for a slash, so the
/// text after a dot tells whether the dot belongs to a domain.
fn package_end(name: &str) -> Option<usize> {
    let of_arguments = name.find('[').unwrap_or(name.len());
    let mut from = name[..of_arguments].rfind('/').map_or(0, |at| at + 1);
    loop {
        let at = from + name[from..of_arguments].find('.')?;
        let is_domain =
            ["com_", "org_", "io_", "in_", "net_", "dev_"].iter().any(|end| name[at + 1..].starts_with(end));
        if !is_domain {
            return (at > 0).then_some(at);
        }
        from = at + 1;
    }
}

/// The name of the generic function that a function instantiates: the readable name without its arguments. Exactly
/// the instantiations share it.
pub fn generic(name: &str) -> String {
    let mut kept = String::with_capacity(name.len());
    // One pass in advance, because a foreign name may consist of a million brackets.
    let (closings, last_bracket) = (closings(name), name.rfind(']'));
    let mut rest = name;
    while let Some(at) = rest.find(['<', '[']) {
        kept.push_str(&rest[..at]);
        let (open, inside) = (rest.as_bytes()[at], &rest[at + 1..]);
        let start = name.len() - inside.len();
        let after_word = kept.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '}'));
        let is_operator = kept.ends_with("operator") || kept.ends_with("operator<");
        let end = if open == b'<' { closings.get(&(start - 1)).copied() } else { last_bracket };
        match end.and_then(|end| end.checked_sub(start)) {
            Some(end) if after_word && !is_operator && !inside.starts_with("impl ") => {
                // Remove the colons of Rust's `::<u8>`; C++'s `f<int>` has none.
                if kept.ends_with("::") {
                    kept.truncate(kept.len() - 2);
                }
                rest = &inside[end + 1..];
            }
            _ => {
                kept.push(char::from(open));
                rest = inside;
            }
        }
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_read_as_written() {
        for (symbol, expected) in [
            ("_RNvNtCsbmI48KNu6w2_4mini5guest5param", "mini::guest::param"),
            ("_ZN4core3fmt5write17h0123456789abcdefE", "core::fmt::write"),
            ("core::fmt::write::h0123456789abcdef", "core::fmt::write"),
            ("core::fmt::write\\3a\\3ah0123456789abcdef", "core::fmt::write"),
            ("_ZN3foo3barEi", "foo::bar(int)"),
            ("_Zbroken", "_Zbroken"),
            ("byn$mgfn-shared$_ZN3foo3barEi", "foo::bar(int) (shared by wasm-opt)"),
            ("runtime.mallocgc", "runtime.mallocgc"),
            ("a\\zz", "a\\zz"),
        ] {
            assert_eq!(readable(symbol), expected);
        }
    }

    #[test]
    fn paths_begin_with_the_crate() {
        for (name, expected) in [
            ("core::fmt::write", &["core", "fmt", "write"][..]),
            ("<alloc::vec::Vec<u8> as core::clone::Clone>::clone", &["alloc", "vec", "Vec", "clone"]),
            ("<u32 as core::fmt::Display>::fmt", &["core", "fmt", "Display", "fmt"]),
            ("<&mut [a::b::C] as core::fmt::Debug>::fmt", &["a", "b", "C", "fmt"]),
            ("<a::B<fn() -> u8> as c::D>::e", &["a", "B", "e"]),
            ("core::ptr::drop_in_place::<a::b::C>", &["core", "ptr", "drop_in_place"]),
            ("<[u8]>::to_vec_in::<alloc::alloc::Global>", &["core", "u8", "to_vec_in"]),
            ("core::ptr::drop_in_place<a::b::C>", &["core", "ptr", "drop_in_place"]),
            ("a::b::{closure#0}", &["a", "b", "{closure#0}"]),
            ("std::map<int, a::b>::insert(int)", &["std", "map", "insert"]),
            ("encoding/json.(*Decoder).Decode", &["encoding/json", "(*Decoder).Decode"]),
            ("github.com_ana_thing.Run", &["github.com_ana_thing", "Run"]),
            ("(*runtime.mutex).Lock", &["runtime", "mutex).Lock"]),
            ("~lib/rt/itcms/__new", &["~lib", "rt", "itcms", "__new"]),
            ("memcpy", &["memcpy"]),
            ("", &[""]),
        ] {
            assert_eq!(path(name), expected, "{name}");
        }
    }

    #[test]
    fn instantiations_share_a_name() {
        for (name, expected) in [
            ("core::ptr::drop_in_place::<a::B<c::D>>", "core::ptr::drop_in_place"),
            ("<alloc::raw_vec::RawVec<u8>>::grow_one", "<alloc::raw_vec::RawVec>::grow_one"),
            ("<a::B<C> as d::E<F>>::g::<H>", "<a::B as d::E>::g"),
            (
                "core::fmt::num::imp::<impl core::fmt::Display for u32>::fmt",
                "core::fmt::num::imp::<impl core::fmt::Display for u32>::fmt",
            ),
            ("a::f<int>(b<c>)", "a::f(b)"),
            ("a::operator<(int)", "a::operator<(int)"),
            ("slices.SortFunc[go.shape.[]int,int]", "slices.SortFunc"),
            ("a::f::<fn(u8) -> u8>", "a::f"),
            ("broken<", "broken<"),
        ] {
            assert_eq!(generic(name), expected, "{name}");
        }
    }

    #[test]
    fn every_name_has_a_path() {
        for name in ["", "/", "~lib/", "::", "::::", "<", "<>", "< as >", "<a::<b>>::", ".", "<<x>::y>::z"] {
            assert!(!path(name).is_empty(), "{name:?}");
        }
        assert_eq!((path("/"), path("::")), (vec!["/"], vec!["::"]));
    }

    #[test]
    fn long_names_of_brackets_take_no_longer_than_others() {
        let share = "byn$mgfn-shared$";
        assert_eq!(readable(&(share.repeat(1 << 16) + "f")), "f (shared by wasm-opt)");
        for part in ["<", "[", "<a as ", "<&mut [", "a<", "a[", "->", share] {
            let name = part.repeat(1 << 16);
            assert!(!path(&readable(&name)).is_empty());
            assert!(!generic(&name).is_empty());
        }
    }
}
