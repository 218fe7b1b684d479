//! The layout of an archive: pure functions from Kubernetes names to paths.
//!
//! Admission checks which names a guest may use, and a section checks whether a path is taken.
//!
//! Some file systems refuse characters that Kubernetes allows in names, and most allow only 255 bytes
//! in a segment. So a path consists of letters, digits and `-_.@+=`. Any other byte of an object's name is
//! percent-encoded, and a name that is too long for one segment is split into folders. Both can be reversed, because names never
//! contain a `%`. Names that differ only in case can still collide on some file systems.

use wagather_abi::limits::MAX_ENTRY_NAME_BYTES;
use wagather_base::percent::percent_encode_byte;

/// The report's path.
pub const REPORT_PATH: &str = "wagather.json";

/// The audit's path.
pub const AUDIT_PATH: &str = "audit.jsonl";

pub use wagather_base::layout::RESOURCE_FOLDERS;

/// The name of the core group in a path.
pub(super) const CORE_GROUP: &str = "core";

/// The suffix of an object's file.
const SUFFIX: &str = ".json";

/// The longest segment of a path on common file systems.
pub(super) const MAX_SEGMENT_BYTES: usize = 255;

/// The path of an object: `cluster-scoped-resources/<group>/<plural>/<name>.json` or
/// `namespaces/<namespace>/<group>/<plural>/<name>.json`, as in `must-gather`.
///
/// A name of more than 250 bytes, once encoded, becomes folders that end in `%` and a file:
/// `<250 bytes>%/<rest>.json`.
pub fn resource_path(group: &str, plural: &str, namespace: Option<&str>, name: &str) -> String {
    let group = if group.is_empty() { CORE_GROUP } else { group };
    let mut path = match namespace {
        Some(namespace) => ["namespaces", namespace, group, plural, ""].join("/"),
        None => ["cluster-scoped-resources", group, plural, ""].join("/"),
    };
    push_name(&mut path, name, SUFFIX);
    path.push_str(SUFFIX);
    path
}

/// The path for a file whose path an earlier gatherer has: the same path below the gatherer's own folder.
///
/// No other gatherer has files there. A gatherer's name is one segment, it is unique in a run, and it is
/// not one of [`RESOURCE_FOLDERS`].
pub fn moved_path(gatherer: &str, path: &str) -> String {
    format!("{gatherer}/{path}")
}

/// The original path of a [moved one](moved_path).
pub(super) fn path_before_move(moved: &str) -> &str {
    moved.split_once('/').map_or(moved, |(_, path)| path)
}

/// Whether a guest may use a name for an entry: a relative path of plain segments, as the contract defines it.
pub fn is_entry_name(name: &str) -> bool {
    name.len() <= MAX_ENTRY_NAME_BYTES
        && name.split('/').all(|segment| is_segment(segment) && !segment.contains('%'))
}

/// Whether a text is a valid segment of a path in an archive, for a guest's entry or an encoded name.
pub(super) fn is_segment(segment: &str) -> bool {
    segment.len() <= MAX_SEGMENT_BYTES
        && !segment.bytes().all(|byte| byte == b'.')
        && segment.bytes().all(|byte| is_plain(byte) || matches!(byte, b':' | b'%'))
}

/// Whether all file systems allow a byte.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'@' | b'+' | b'=')
}

/// Appends a name as a folder.
pub(super) fn push_encoded(path: &mut String, name: &str) {
    let is_dots = name.bytes().all(|byte| byte == b'.');
    match name.strip_prefix('.').filter(|_| is_dots) {
        Some(rest) => {
            path.push_str(percent_encode_byte(b'.'));
            path.push_str(rest);
        }
        None => push_name(path, name, ""),
    }
}

/// Appends a name, and leaves room for the suffix of its file.
pub(super) fn push_name(path: &mut String, name: &str, suffix: &str) {
    // The sign of a name that goes on, or the suffix.
    let most = MAX_SEGMENT_BYTES - suffix.len().max(1);
    let mut room = most;
    for byte in name.bytes() {
        let plain = is_plain(byte);
        let len = if plain { 1 } else { 3 };
        if len > room {
            path.push_str("%/");
            room = most;
        }
        room -= len;
        if plain {
            path.push(char::from(byte));
        } else {
            path.push_str(percent_encode_byte(byte));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(path: &str) -> String {
        let encoded = path.strip_suffix(SUFFIX).expect("a suffix").replace("%/", "");
        let name = encoded.rsplit('/').next().expect("a segment");
        let mut parts = name.split('%');
        let mut decoded = parts.next().expect("a part").to_owned();
        for part in parts {
            decoded.push(char::from(u8::from_str_radix(&part[..2], 16).expect("two digits")));
            decoded.push_str(&part[2..]);
        }
        decoded
    }

    #[test]
    fn objects_lie_where_must_gather_has_them() {
        for (group, plural, namespace, name, path) in [
            ("", "nodes", None, "n1", "cluster-scoped-resources/core/nodes/n1.json"),
            ("", "pods", Some("kube-system"), "dns-0", "namespaces/kube-system/core/pods/dns-0.json"),
            ("apps", "deployments", Some("a"), "b.c", "namespaces/a/apps/deployments/b.c.json"),
            (
                "rbac.authorization.k8s.io",
                "clusterroles",
                None,
                "system:node",
                "cluster-scoped-resources/rbac.authorization.k8s.io/clusterroles/system%3Anode.json",
            ),
        ] {
            assert_eq!(resource_path(group, plural, namespace, name), path);
        }
    }

    #[test]
    fn every_name_can_be_read_back_and_is_a_path_of_segments() {
        let ascii: String =
            (b'!'..=b'~').map(char::from).filter(|c| !matches!(c, '/' | '%' | '?' | '#' | '\\')).collect();
        for name in [ascii, "a".repeat(253), ":".repeat(253), "...".into(), "a|b".repeat(80), "-rf".into()] {
            let path = resource_path("", "things", None, &name);
            assert_eq!(decode(&path), name);
            assert!(path.split('/').all(is_segment), "{path}");
        }
        assert!(!resource_path("", "things", None, &"a".repeat(250)).contains('%'));
    }

    #[test]
    fn a_moved_path_is_below_its_gatherers_folder_and_can_be_read_back() {
        for name in ["x".to_owned(), ":".repeat(253)] {
            let path = resource_path("", "things", Some("a"), &name);
            let moved = moved_path("a-gatherer", &path);
            assert_eq!(moved.split('/').next(), Some("a-gatherer"));
            assert!(moved.split('/').all(is_segment), "{moved}");
            assert_eq!(path_before_move(&moved), path);
        }
        // Nobody's entry is there unless it is the gatherer's own.
        for folder in RESOURCE_FOLDERS {
            assert!(is_entry_name(folder) && wagather_abi::manifest::is_gatherer_name(folder));
        }
        for own in [REPORT_PATH, AUDIT_PATH] {
            assert!(!wagather_abi::manifest::is_gatherer_name(own), "{own} would be a gatherer's folder");
        }
    }

    #[test]
    fn entry_names_stay_in_their_folder() {
        for name in ["a", "a/b.json", "A-1_2.c:d@e+f=g", ".hidden", "a/..b"] {
            assert!(is_entry_name(name), "{name}");
        }
        for name in
            ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "...", "a b", "a\\b", "ä", "a\0", "a%41"]
        {
            assert!(!is_entry_name(name), "{name}");
        }
        assert!(is_entry_name(&"a".repeat(MAX_ENTRY_NAME_BYTES)));
        assert!(!is_entry_name(&"a".repeat(MAX_ENTRY_NAME_BYTES + 1)));
    }
}
