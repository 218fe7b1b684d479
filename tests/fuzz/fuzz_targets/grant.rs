//! Grant files, their patterns, and signature files of modules.
//!
//! Input: text. Text that begins with `untrusted comment:` is a signature file. Text that begins with `=` is a
//! pattern and a name, separated by a line feed. Other text is a grant.
#![no_main]

use host_min::Grant;
use wagather_policy::grant::{FieldPath, Glob, PathPattern, ResourcePattern, Signature, is_resource_path};
use wagather_policy::quantity;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if data.starts_with(b"untrusted comment:") {
        return signature(data);
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(word) = text.strip_prefix('=') {
        let (pattern, name) = word.split_once('\n').unwrap_or((word, ""));
        return patterns(pattern, name);
    }
    match Grant::parse(text) {
        Err(mistakes) => {
            assert!(!mistakes.is_empty(), "refused without a word");
            for mistake in mistakes {
                assert!(mistake.place.line >= 1 && mistake.place.column >= 1 && !mistake.message.is_empty());
            }
        }
        Ok(grant) => check(&grant, text),
    }
});

fn check(grant: &Grant, text: &str) {
    assert_eq!(Grant::parse(text).as_ref(), Ok(grant));
    for rule in &grant.rules {
        assert!(rule.verbs.get || rule.verbs.list, "a rule without a verb");
        assert!(!rule.api_groups.is_empty() && !rule.resources.is_empty());
        assert!(
            rule.resource_names.as_ref().is_none_or(|names| !names.is_empty()),
            "no name is not all names"
        );
        assert!(rule.namespaces.as_ref().is_none_or(|names| !names.is_empty()));
        // Secrets are granted by their name alone.
        let names_them = rule.resources.iter().any(|resource| resource.to_string() == "secrets");
        assert!(names_them || !rule.grants("", "secrets", ""), "Secrets by a star");
        for connection in ["attach", "exec", "portforward", "proxy"] {
            assert!(
                !rule
                    .resources
                    .iter()
                    .any(|resource| resource.to_string().ends_with(&format!("/{connection}")))
            );
        }
    }
    for path in &grant.non_resource_urls {
        for resource in ["/api/v1/secrets", "/apis/apps/v1/deployments", "/api/v1/namespaces/a/secrets/b"] {
            assert!(!path.matches(resource), "{path} gives {resource}");
        }
    }
}

fn patterns(pattern: &str, name: &str) {
    for glob in [Glob::of_namespaces(pattern), Glob::of_objects(pattern)].into_iter().flatten() {
        assert_eq!(glob.to_string(), pattern);
        assert_eq!(glob.matches(name), !name.is_empty() && matches(pattern, name), "{pattern} {name}");
        assert_eq!(glob.exact().is_some(), !pattern.contains('*'));
        assert!(glob.exact().is_none_or(|exact| glob.matches(exact)));
    }
    if let Ok(resource) = ResourcePattern::parse(pattern) {
        assert_eq!(resource.to_string(), pattern);
        assert_eq!(ResourcePattern::parse(&resource.to_string()), Ok(resource));
    }
    if let Ok(path) = PathPattern::parse(pattern) {
        assert!(!(path.matches(name) && is_resource_path(name)));
        assert_eq!(PathPattern::parse(&path.to_string()), Ok(path));
    }
    if let Ok(path) = FieldPath::parse(pattern) {
        assert!(!path.keys().is_empty() && path.keys().iter().all(|key| !key.is_empty()));
    }
    if let Ok(duration) = quantity::duration(pattern) {
        assert!(!duration.is_zero());
    }
    let _ = quantity::size(pattern);
}

/// Globs by their definition: the parts between the stars follow one another.
fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn signature(bytes: &[u8]) {
    if let Ok(signature) = Signature::parse(bytes) {
        assert!(!signature.trusted_comment().contains(|c: char| c.is_control()));
    }
}
