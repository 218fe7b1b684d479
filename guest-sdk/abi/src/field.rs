//! A field's path, as in a grant's `without` and in `rest_hides`: `spec.containers.env`,
//! `metadata.annotations["example.com/x"]`.
//!
//! Dots separate the keys. A key with special characters is in brackets and quotes. A path has no index,
//! because it reaches into arrays.

use crate::limits::MAX_FIELD_BYTES;

/// The keys of a path, outermost first. For an invalid path, the last item is an error message.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'a> {
    /// The rest of the path; `None` after the end.
    rest: Option<&'a str>,
    is_too_long: bool,
}

/// The keys of a path.
pub fn keys(path: &str) -> Keys<'_> {
    let is_too_long = path.len() > MAX_FIELD_BYTES;
    Keys { rest: Some(path.strip_prefix('.').unwrap_or(path)), is_too_long }
}

/// Whether a string is a valid path.
pub fn is_path(text: &str) -> bool {
    keys(text).all(|key| key.is_ok())
}

impl<'a> Iterator for Keys<'a> {
    type Item = Result<&'a str, &'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take()?;
        if self.is_too_long {
            return Some(Err("longer than any field's path"));
        }
        let (key, after) = match first(rest) {
            Ok(parts) => parts,
            Err(why) => return Some(Err(why)),
        };
        if key.is_empty() {
            return Some(Err("a field name is empty"));
        }
        self.rest = match after.strip_prefix('.') {
            Some(rest) if !rest.starts_with('[') => Some(rest),
            None if after.is_empty() => None,
            None if after.starts_with('[') => Some(after),
            _ => return Some(Err("a dot or the end must follow a field's name")),
        };
        Some(Ok(key))
    }
}

/// The first key, and the rest of the path.
fn first(text: &str) -> Result<(&str, &str), &'static str> {
    if let Some(bracketed) = text.strip_prefix('[') {
        return in_brackets(bracketed);
    }
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (key, after) = text.split_at(end);
    plain(key).map(|key| (key, after))
}

fn in_brackets(text: &str) -> Result<(&str, &str), &'static str> {
    if text.starts_with(['*', ']']) || text.starts_with(|c: char| c.is_ascii_digit()) {
        return Err("write the path without the brackets of an array; it applies to every element");
    }
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
    let quote = quote.ok_or(r#"a key in brackets must be quoted: ["example.com/x"]"#)?;
    let (key, after) = text[1..].split_once(quote).ok_or("a quote is not closed")?;
    let after = after.strip_prefix(']').ok_or("a bracket is not closed")?;
    Ok((key, after))
}

/// Checks that a key needs no brackets.
///
/// # Errors
///
/// The reason, as text.
pub fn plain(key: &str) -> Result<&str, &'static str> {
    if key == "*" {
        return Err("'*' is not a field; name each field, or the field around them");
    }
    let odd = |c: char| c.is_whitespace() || c.is_control() || "(){}*$,\"']/".contains(c);
    if key.contains(odd) {
        return Err(r#"write a key with such characters as ["example.com/x"]"#);
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::string::String;
    use std::vec::Vec;

    fn read(path: &str) -> Result<Vec<&str>, &'static str> {
        keys(path).collect()
    }

    #[test]
    fn keys_with_dots_and_brackets() {
        for (path, expected) in [
            ("spec", &["spec"][..]),
            (".spec.nodeName", &["spec", "nodeName"]),
            (r#"metadata.annotations["example.com/x"]"#, &["metadata", "annotations", "example.com/x"]),
            ("a['b.c'].d", &["a", "b.c", "d"]),
            ("a['b']['c']", &["a", "b", "c"]),
        ] {
            assert_eq!(read(path).as_deref(), Ok(expected), "{path}");
        }
    }

    #[test]
    fn what_is_no_path_ends_with_the_reason() {
        for bad in [
            "", ".", "a.", "a..b", "a[0]", "a[*].b", "a[]", "a[b]", "a['b", "a['b'", "a.*", "a b", "a/b",
            "a.['b']", "a['']",
        ] {
            assert!(!is_path(bad), "{bad}");
            let mut all = keys(bad);
            assert!(all.by_ref().any(|key| key.is_err()) && all.next().is_none(), "{bad}");
        }
        let longest: String = "a.".repeat(MAX_FIELD_BYTES / 2 - 1) + "ab";
        assert!(is_path(&longest) && !is_path(&(longest + "c")));
    }
}
