//! Paths in an archive: for any names, they stay within the archive and can be read back.
//!
//! Input: group, plural, namespace and name of an object, and the name of an entry, each ended by a line feed.
#![no_main]

use std::path::{Component, Path};
use wagather_abi::manifest::{is_name, is_object_name};
use wagather_archive::names::{is_entry_name, resource_path};
use wagather_fuzz::input::Input;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let texts: [&[u8]; 5] = std::array::from_fn(|_| input.until(b'\n'));
    let [Ok(group), Ok(plural), Ok(namespace), Ok(name), Ok(entry)] = texts.map(std::str::from_utf8) else {
        return;
    };
    if is_entry_name(entry) {
        stays_within(entry);
        assert!(
            entry.bytes().all(|byte| byte.is_ascii_graphic() && !b"%\\<>|?*\"".contains(&byte)),
            "{entry}"
        );
    }
    // The broker takes no others.
    let fits = (group.is_empty() || is_name(group))
        && is_name(plural)
        && (namespace.is_empty() || is_name(namespace))
        && is_object_name(name);
    if !fits {
        return;
    }
    let path = resource_path(group, plural, Some(namespace).filter(|text| !text.is_empty()), name);
    stays_within(&path);
    let group = if group.is_empty() { "core" } else { group };
    let folder = match namespace {
        "" => format!("cluster-scoped-resources/{group}/{plural}/"),
        namespace => format!("namespaces/{namespace}/{group}/{plural}/"),
    };
    let rest = path.strip_prefix(&folder).expect("the resource's folder");
    assert_eq!(decode(rest.strip_suffix(".json").expect("a file of JSON")), name);
});

fn stays_within(path: &str) {
    assert!(
        !path.is_empty() && !path.starts_with('/') && !path.contains("//") && !path.ends_with('/'),
        "{path}"
    );
    assert!(Path::new(path).components().all(|part| matches!(part, Component::Normal(_))), "{path}");
    for segment in path.split('/') {
        assert!(segment.len() <= 255 && !segment.bytes().all(|byte| byte == b'.'), "{path}");
        assert!(segment.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\'), "{path}");
    }
}

/// The name of an object from its path, as the module's documentation has it.
fn decode(encoded: &str) -> String {
    let joined = encoded.replace("%/", "");
    let mut parts = joined.split('%');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        name.push(char::from(u8::from_str_radix(&part[..2], 16).expect("two digits")));
        name += &part[2..];
    }
    name
}
