//! JSON pointers (RFC 6901): places in a document, and targets of references.

use serde_json::Value;
use std::borrow::Cow;
use std::ptr;
use wagather_base::percent::decode_strict;

/// The name of the definition that a reference points to, without the escapes of URLs (RFC 3986) and of pointers.
///
/// # Errors
///
/// It points out of the document, or to something other than a definition.
pub(crate) fn definition_of(reference: &str) -> Result<Cow<'_, str>, String> {
    let name = reference
        .strip_prefix("#/components/schemas/")
        .or_else(|| reference.strip_prefix("#/definitions/"))
        .filter(|name| !name.is_empty() && !name.contains('/'))
        .ok_or_else(|| {
            let wanted = "'#/components/schemas/NAME' or '#/definitions/NAME'";
            let shown = wagather_yaml::shown(reference);
            format!("'$ref' leads out of the document's schemas, to '{shown}'; expected {wanted}")
        })?;
    if !name.contains(['%', '~']) {
        return Ok(Cow::Borrowed(name));
    }
    let name = decode_strict(name).ok_or_else(|| {
        let shown = wagather_yaml::shown(reference);
        format!("'$ref' has an invalid escape: '{shown}'")
    })?;
    Ok(Cow::Owned(name.replace("~1", "/").replace("~0", "~")))
}

/// The pointer from one value to another within it. It searches by address, value by value, because it is only used
/// for messages.
pub(super) fn between(outer: &Value, inner: &Value) -> Option<String> {
    if ptr::eq(outer, inner) {
        return Some(String::new());
    }
    match outer {
        Value::Object(keys) => keys.iter().find_map(|(key, value)| {
            let rest = between(value, inner)?;
            Some(format!("/{}{rest}", escaped(key)))
        }),
        Value::Array(items) => items.iter().enumerate().find_map(|(index, value)| {
            let rest = between(value, inner)?;
            Some(format!("/{index}{rest}"))
        }),
        _ => None,
    }
}

/// A key with a pointer's escapes.
pub(super) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn references_are_unescaped_once() {
        for (reference, name) in [
            ("#/components/schemas/io.k8s.Pod", Ok("io.k8s.Pod")),
            ("#/definitions/a~1b~0c", Ok("a/b~c")),
            ("#/definitions/a%2Fb%7E1", Ok("a/b/")),
            ("#/definitions/a~01", Ok("a~1")),
            ("#/definitions/%c3%a4", Ok("ä")),
            ("#/definitions/%ff", Err("an invalid escape")),
            ("#/definitions/%2", Err("an invalid escape")),
            ("#/definitions/%zz", Err("an invalid escape")),
            ("#/definitions/", Err("out of the document's schemas")),
            ("#/definitions/a/b", Err("out of the document's schemas")),
            ("#", Err("out of the document's schemas")),
            ("", Err("out of the document's schemas")),
            ("other.json#/definitions/a", Err("to 'other.json#/definitions/a'")),
            ("https://example.com/a", Err("out of the document's schemas")),
        ] {
            match (definition_of(reference), name) {
                (Ok(found), Ok(name)) => assert_eq!(found, name),
                (Err(why), Err(part)) => assert!(why.contains(part), "{why}"),
                (found, _) => panic!("{reference}: {found:?}"),
            }
        }
    }

    #[test]
    fn a_value_is_found_by_its_address() {
        let value = json!({"a/b": [{"c~": null}, {"c~": null}]});
        let inner = &value["a/b"][1]["c~"];
        assert_eq!(between(&value, inner).as_deref(), Some("/a~1b/1/c~0"));
        assert_eq!(between(&value, &Value::Null), None);
    }
}
