//! Patterns for the names of functions that still match after a new version of the compiler or of a crate.

use std::collections::HashSet;

/// The longest pattern. What is behind that are mostly the types of a generic function.
const MAX_BYTES: usize = 120;

/// A pattern for a name. In a name of Rust's ("v0" mangling), what numbers a crate and what refers back to an earlier part by its
/// position become wildcards.
pub(super) fn of(name: &str) -> String {
    let Some(rest) = name.strip_prefix("_R") else { return name.to_owned() };
    let bytes = rest.as_bytes();
    let (mut pattern, mut at) = ("_R".to_owned(), 0);
    while at < bytes.len() {
        if pattern.len() > MAX_BYTES {
            pattern.push('*');
            break;
        }
        let end = rest[at..].find('_').map_or(bytes.len(), |len| at + len + 1);
        match bytes[at] {
            b'C' if bytes.get(at + 1) == Some(&b's') => {
                pattern.push_str("Cs*_");
                at = end;
            }
            b'B' => {
                pattern.push_str("B*_");
                at = end;
            }
            b'1'..=b'9' => {
                // A word, behind its length.
                let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                let len = rest[at..at + digits].parse().unwrap_or(0);
                let behind = at + digits + usize::from(bytes.get(at + digits) == Some(&b'_'));
                let end = (behind + len).min(bytes.len());
                pattern.push_str(&rest[at..end]);
                at = end;
            }
            b'.' => {
                pattern.push('*');
                break;
            }
            byte => {
                pattern.push(char::from(byte));
                at += 1;
            }
        }
    }
    pattern
}

/// The patterns of these names, each once.
pub(super) fn all(names: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    names.lines().map(of).filter(|pattern| seen.insert(pattern.clone())).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_become_patterns_that_come_once() {
        let names = "memset\n_RNvNtCs3SX0u6mjLcP_12wagather_run3run3run\nmemcpy\nmemset\n";
        assert_eq!(super::all(names), ["memset", "_RNvNtCs*_12wagather_run3run3run", "memcpy"]);
    }

    #[test]
    fn what_changes_with_versions_is_a_wildcard() {
        for (name, pattern) in [
            ("memcpy", "memcpy"),
            ("_RNvNtCs3SX0u6mjLcP_12wagather_run3run3run", "_RNvNtCs*_12wagather_run3run3run"),
            (
                "_RNvMNtCsevcjbp7Dm0z_15wagather_broker5callsNtNtB4_5serve6Broker7perform",
                "_RNvMNtCs*_15wagather_broker5callsNtNtB*_5serve6Broker7perform",
            ),
            ("_RNvC1a1b.llvm.123", "_RNvC1a1b*"),
        ] {
            assert_eq!(super::of(name), pattern);
        }
        let long = format!("_RNvC{}", "3abc".repeat(60));
        assert!(super::of(&long).len() < 130 && super::of(&long).ends_with("3abc*"));
    }
}
