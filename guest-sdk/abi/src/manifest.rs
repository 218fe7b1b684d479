//! The manifest: what a gatherer reads, in a form that tools can read before anything runs.
//!
//! It is the custom section [`SECTION`] of the module: lines of text, each ended by a line feed, in any
//! order, because a linker joins the records of several crates in any order. `strings gatherer.wasm` shows
//! it.
//!
//! ```text
//! gatherer 1 degraded-operators 0.1.0
//! resource get,list config.openshift.io/v1/clusteroperators * metadata(name),status(conditions)
//! resource list /v1/pods kube-system *
//! resource get /v1/pods/log * *
//! resource list */*/* shop-* *
//! path /version
//! param lines How many of the last lines of each log
//! default lines 20
//! ```
//!
//! - `gatherer`, exactly once: the ABI version, the gatherer's name (a DNS label) and its version.
//! - `resource`: verbs joined by commas; group (empty for the core group), version, plural name and an optional
//!   subresource, joined by slashes; a namespace or `*`; the field mask or `*` for whole objects. Group, version and plural
//!   may be `*`, for any; a namespace may have stars, each for any characters. A `*` for the plural stands for any resource
//!   that the server can list, and has no subresource. A record with a `*` for the group or the plural never covers Secrets, nor
//!   anything else that gives more rights to its reader.
//! - `path`: a raw path, as in RBAC's `nonResourceURLs`.
//! - `param`: a parameter that the user may set, and its description, up to the end of the line.
//! - `wasi preview1`: it imports functions of WASI, which give it no additional access.
//! - `default`: the default value of a parameter that has its own `param` record, up to the end of the line.

use crate::limits::{MAX_GATHERER_NAME_BYTES, MAX_MANIFEST_BYTES, MAX_MANIFEST_RECORDS, MAX_NAME_BYTES};
use crate::{Verb, mask};
use core::fmt;

/// The name of the custom section.
pub const SECTION: &str = "wagather.manifest";

/// Any group, version or plural.
pub const ANY: &str = "*";

/// The one version of WASI that a manifest can name.
const WASI_VERSION: &str = "preview1";

/// One record of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// The gatherer's identity.
    Gatherer {
        /// The version of the contract that it was built for.
        abi: u32,
        /// The gatherer's name, a DNS label.
        name: &'a str,
        /// The gatherer's own version.
        version: &'a str,
    },
    /// A resource that it reads.
    Resource(Resource<'a>),
    /// A raw path that it reads.
    Path(&'a str),
    /// A parameter that it takes.
    Param {
        /// Its name.
        name: &'a str,
        /// Its description.
        help: &'a str,
    },
    /// It imports functions of WASI preview 1.
    Wasi,
    /// The default value of a parameter.
    Default {
        /// The parameter's name.
        name: &'a str,
        /// Its value.
        value: &'a str,
    },
}

/// A resource that a gatherer declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource<'a> {
    /// `get`, `list` or both.
    pub verbs: Verbs,
    /// The API group; empty for the core group, [`ANY`] for any.
    pub group: &'a str,
    /// The API version, or [`ANY`].
    pub version: &'a str,
    /// The plural name, or [`ANY`].
    pub plural: &'a str,
    /// The subresource, or empty.
    pub subresource: &'a str,
    /// The namespace, if only one is declared, or a pattern; `None` for any namespace and for cluster-scoped resources.
    pub namespace: Option<&'a str>,
    /// The field mask; `None` for whole objects.
    pub mask: Option<&'a str>,
}

/// A set of verbs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verbs {
    /// Read single objects by name.
    pub get: bool,
    /// Read all objects.
    pub list: bool,
}

impl Verbs {
    /// Whether the verb is in the set.
    pub const fn contains(self, verb: Verb) -> bool {
        match verb {
            Verb::GET => self.get,
            Verb::LIST => self.list,
            _ => false,
        }
    }

    /// The verbs' names, in alphabetical order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        [(self.get, "get"), (self.list, "list")].into_iter().filter(|(has, _)| *has).map(|(_, name)| name)
    }
}

/// A mistake in a manifest, and its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ManifestError {
    /// The line, counted from 1; 0 for the manifest as a whole.
    pub line: usize,
    /// The reason.
    pub reason: &'static str,
    /// The byte in the field mask, if the mistake is there.
    pub mask_at_byte: Option<usize>,
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        f.write_str(self.reason)?;
        match self.mask_at_byte {
            Some(at_byte) => write!(f, " (byte {at_byte} of the field mask)"),
            None => Ok(()),
        }
    }
}

impl core::error::Error for ManifestError {}

/// Reads a manifest record by record. It accepts any bytes, and continues after an error, so callers can
/// report all errors.
pub fn records(section: &[u8]) -> impl Iterator<Item = Result<Record<'_>, ManifestError>> {
    let whole = if section.len() > MAX_MANIFEST_BYTES {
        Some("longer than a manifest may be")
    } else if section.last().is_some_and(|&byte| byte != b'\n') {
        Some("the last line does not end with a line feed")
    } else {
        None
    };
    let text = if whole.is_some() { &[][..] } else { section };
    whole.map(|reason| Err(ManifestError { line: 0, reason, mask_at_byte: None })).into_iter().chain(
        text.split_inclusive(|&byte| byte == b'\n').enumerate().map(|(index, line)| {
            let error = |reason| ManifestError { line: index + 1, reason, mask_at_byte: None };
            if index >= MAX_MANIFEST_RECORDS {
                return Err(error("more records than a manifest may have"));
            }
            let line = core::str::from_utf8(&line[..line.len() - 1]).map_err(|_| error("not UTF-8 text"))?;
            record(line)
                .map_err(|fault| ManifestError { mask_at_byte: fault.mask_at_byte, ..error(fault.reason) })
        }),
    )
}

struct Fault {
    reason: &'static str,
    mask_at_byte: Option<usize>,
}

impl From<&'static str> for Fault {
    fn from(reason: &'static str) -> Self {
        Fault { reason, mask_at_byte: None }
    }
}

fn record(line: &str) -> Result<Record<'_>, Fault> {
    let mut words = line.split(' ');
    let mut next = |reason| words.next().filter(|word| !word.is_empty()).ok_or(Fault::from(reason));
    let record = match next("an empty line")? {
        "gatherer" => {
            let abi = next("the ABI version is missing")?;
            let name = next("the gatherer's name is missing")?;
            let version = next("the gatherer's version is missing")?;
            if !is_gatherer_name(name) {
                return Err(
                    "the gatherer's name is not a DNS label (a-z, 0-9 and -, 63 bytes at most)".into()
                );
            }
            if !is_version(version) {
                return Err("the gatherer's version may only have a-z, A-Z, 0-9, '.', '-' and '+'".into());
            }
            Record::Gatherer {
                abi: abi.parse().map_err(|_| "the ABI version is not a number")?,
                name,
                version,
            }
        }
        "resource" => {
            let verbs = parse_verbs(next("the verbs are missing")?)?;
            let identity = next("the resource is missing")?;
            let namespace = next("the namespace is missing ('*' for any)")?;
            let mask_text = next("the field mask is missing ('*' for whole objects)")?;
            if !is_namespace_pattern(namespace) {
                return Err("not the name of a namespace".into());
            }
            mask::check(mask_text)
                .map_err(|error| Fault { reason: error.reason, mask_at_byte: Some(error.at_byte) })?;
            let (group, version, plural, subresource) = parse_identity(identity)?;
            Record::Resource(Resource {
                verbs,
                group,
                version,
                plural,
                subresource,
                namespace: Some(namespace).filter(|&text| text != "*"),
                mask: Some(mask_text).filter(|&text| text != mask::EVERYTHING),
            })
        }
        "path" => {
            let path = next("the path is missing")?;
            if !is_raw_path(path) {
                return Err("not a plain absolute path".into());
            }
            Record::Path(path)
        }
        "wasi" => match next("the version of WASI is missing")? {
            WASI_VERSION => Record::Wasi,
            _ => return Err("another WASI than preview1".into()),
        },
        kind @ ("param" | "default") => {
            let name = next("the parameter's name is missing")?;
            if !is_param_name(name) {
                return Err(
                    "the parameter's name is not plain (letters, digits, '.', '-' and '_', 63 bytes at most)"
                        .into(),
                );
            }
            // The description is the rest of the line.
            let text = line[kind.len() + 1 + name.len()..].strip_prefix(' ').unwrap_or_default();
            if text.chars().any(char::is_control) {
                return Err("a parameter's text has control characters".into());
            }
            return match kind {
                "param" if text.trim().is_empty() => Err("the parameter's description is missing".into()),
                "param" => Ok(Record::Param { name, help: text }),
                _ => Ok(Record::Default { name, value: text }),
            };
        }
        _ => return Err("not 'gatherer', 'resource', 'path', 'wasi', 'param' or 'default'".into()),
    };
    match words.next() {
        None => Ok(record),
        Some(_) => Err("more words than the record has".into()),
    }
}

fn parse_verbs(text: &str) -> Result<Verbs, &'static str> {
    let mut verbs = Verbs::default();
    for verb in text.split(',') {
        let place = match verb {
            "get" => &mut verbs.get,
            "list" => &mut verbs.list,
            _ => return Err("a verb other than 'get' and 'list'"),
        };
        if core::mem::replace(place, true) {
            return Err("a verb is named twice");
        }
    }
    Ok(verbs)
}

fn parse_identity(text: &str) -> Result<(&str, &str, &str, &str), &'static str> {
    let mut parts = text.split('/');
    let group = parts.next().unwrap_or("");
    let (Some(version), Some(plural)) = (parts.next(), parts.next()) else {
        return Err("a resource is group/version/plural, with an empty group for the core group");
    };
    let subresource = parts.next();
    if parts.next().is_some() {
        return Err("a resource is group/version/plural or group/version/plural/subresource");
    }
    let is_named = |part: &str| part == ANY || is_name(part);
    let valid = (group.is_empty() || is_named(group))
        && is_named(version)
        && is_named(plural)
        && subresource.is_none_or(is_name);
    if plural == ANY && subresource.is_some() {
        return Err("a subresource of any resource: name the resource");
    }
    if valid {
        Ok((group, version, plural, subresource.unwrap_or("")))
    } else {
        Err("not the name of a resource")
    }
}

/// Whether a name is valid for a gatherer: a DNS label.
pub fn is_gatherer_name(name: &str) -> bool {
    name.len() <= MAX_GATHERER_NAME_BYTES && !name.contains('.') && is_name(name)
}

/// Whether a name is valid for a parameter: ASCII letters, digits, `.`, `-` and `_`, beginning with a
/// letter or digit.
pub const fn is_param_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    if bytes.is_empty() || bytes.len() > MAX_GATHERER_NAME_BYTES || !bytes[0].is_ascii_alphanumeric() {
        return false;
    }
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_alphanumeric() && !matches!(bytes[at], b'.' | b'-' | b'_') {
            return false;
        }
        at += 1;
    }
    true
}

/// Whether a name is valid for a group, version, resource, namespace or subresource: a DNS subdomain, as
/// Kubernetes defines it. Such a name contains no character with a meaning in URLs.
pub fn is_name(name: &str) -> bool {
    is_name_with(name, |_| false)
}

/// Whether a text is a pattern for names of namespaces: a name in which stars stand for any characters.
pub fn is_namespace_pattern(text: &str) -> bool {
    is_name_with(text, |byte| byte == b'*')
}

/// Whether it is a name, in which other bytes may occur wherever a letter may.
fn is_name_with(name: &str, is_other: fn(u8) -> bool) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || is_other(*byte);
    !name.is_empty()
        && name.len() <= MAX_NAME_BYTES
        && name.split('.').all(|label| {
            let edge = |byte: Option<&u8>| byte.is_some_and(is_letter);
            edge(label.as_bytes().first())
                && edge(label.as_bytes().last())
                && label.bytes().all(|byte| is_letter(&byte) || byte == b'-')
        })
}

/// Whether a name is valid for an object. Some resources (such as RBAC's) allow more than a DNS subdomain;
/// the rule for all resources is that the name can be one segment of a path.
pub fn is_object_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= MAX_NAME_BYTES
        && name != "."
        && name != ".."
        && name
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'%' | b'?' | b'#' | b'\\'))
}

/// Whether a string is a raw path that can be requested unchanged: absolute, with plain segments.
pub fn is_raw_path(path: &str) -> bool {
    path.len() <= MAX_NAME_BYTES
        && path.strip_prefix('/').is_some_and(|rest| {
            rest.split('/').all(|segment| {
                !segment.is_empty()
                    && !segment.bytes().all(|byte| byte == b'.')
                    && segment
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
            })
        })
}

fn is_version(version: &str) -> bool {
    version.len() <= MAX_GATHERER_NAME_BYTES
        && version.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &[u8]) -> Result<Record<'_>, ManifestError> {
        let mut all = records(line);
        let first = all.next().expect("a record");
        assert_eq!(all.next(), None);
        first
    }

    #[test]
    fn records_read_as_written() {
        assert_eq!(
            one(b"gatherer 1 hello 0.1.0\n"),
            Ok(Record::Gatherer { abi: 1, name: "hello", version: "0.1.0" })
        );
        assert_eq!(one(b"path /version\n"), Ok(Record::Path("/version")));
        assert_eq!(one(b"wasi preview1\n"), Ok(Record::Wasi));
        assert_eq!(
            one(b"param lines How many of the last lines\n"),
            Ok(Record::Param { name: "lines", help: "How many of the last lines" })
        );
        for (line, value) in [
            ("default a 20\n", "20"),
            ("default a  x y \n", " x y "),
            ("default a \n", ""),
            ("default a\n", ""),
        ] {
            assert_eq!(one(line.as_bytes()), Ok(Record::Default { name: "a", value }), "{line}");
        }
        assert_eq!(
            one(b"resource get,list config.openshift.io/v1/clusteroperators * metadata(name)\n"),
            Ok(Record::Resource(Resource {
                verbs: Verbs { get: true, list: true },
                group: "config.openshift.io",
                version: "v1",
                plural: "clusteroperators",
                subresource: "",
                namespace: None,
                mask: Some("metadata(name)"),
            }))
        );
        assert_eq!(
            one(b"resource get /v1/pods/log kube-system *\n"),
            Ok(Record::Resource(Resource {
                verbs: Verbs { get: true, list: false },
                group: "",
                version: "v1",
                plural: "pods",
                subresource: "log",
                namespace: Some("kube-system"),
                mask: None,
            }))
        );
    }

    #[test]
    fn stars_stand_for_any() {
        let resource = |line: &'static str| match one(line.as_bytes()) {
            Ok(Record::Resource(Resource { group, version, plural, subresource, namespace, .. })) => {
                [group, version, plural, subresource, namespace.unwrap_or("any")]
            }
            other => panic!("{line}: {other:?}"),
        };
        assert_eq!(resource("resource list */*/* shop-* *\n"), ["*", "*", "*", "", "shop-*"]);
        assert_eq!(resource("resource get,list apps/*/* * *\n"), ["apps", "*", "*", "", "any"]);
        assert_eq!(resource("resource get /*/pods/log *-prod *\n"), ["", "*", "pods", "log", "*-prod"]);
        for line in [
            "resource get */*/*/log * *\n",
            "resource get */*/*/* * *\n",
            "resource get /v1/pods/* * *\n",
            "resource list a*/v1/pods * *\n",
            "resource list /v*/pods * *\n",
            "resource list /v1/po* * *\n",
            "resource list **/v1/pods * *\n",
            "resource * /v1/pods * *\n",
            "resource list /v1/pods shop-*/x *\n",
            "resource list /v1/pods -* *\n",
        ] {
            assert!(one(line.as_bytes()).is_err(), "{line}");
        }
    }

    #[test]
    fn bad_lines_are_errors() {
        for line in [
            &b"\n"[..],
            b"gatherer\n",
            b"gatherer one hello 0.1.0\n",
            b"gatherer 1 Hello 0.1.0\n",
            b"gatherer 1 a.b 0.1.0\n",
            b"gatherer 1 hello 0/1\n",
            b"gatherer 1 hello 0.1.0 more\n",
            b"gatherer 1 hello 0.1.0",
            b"resource delete /v1/pods * *\n",
            b"resource get,get /v1/pods * *\n",
            b"resource list pods * *\n",
            b"resource list /v1/pods/log/more * *\n",
            b"resource list /v1/po%2fds * *\n",
            b"resource list /v1/pods .. *\n",
            b"resource list /v1/pods * a(\n",
            b"resource list /v1/pods *\n",
            b"param\n",
            b"param lines\n",
            b"param lines \n",
            b"param a/b x\n",
            b"param .a x\n",
            b"param a x\x1b[2J\n",
            b"default\n",
            b"default a=b c\n",
            b"default a \x9b\n",
            b"path version\n",
            b"path /../secrets\n",
            b"path //version\n",
            b"path /version?x=1\n",
            b"\xff\n",
            b"other\n",
            b"wasi\n",
            b"wasi preview2\n",
            b"wasi preview1 more\n",
        ] {
            assert!(one(line).is_err(), "{}", line.escape_ascii());
        }
    }

    #[test]
    fn names_cannot_leave_their_segment() {
        for name in ["", ".", "..", "a/b", "a%2fb", "a?b", "a#b", "a b", "a\0", "a\r\n", "ä", "a\\b"] {
            assert!(!is_name(name), "{name}");
            assert!(!is_object_name(name), "{name}");
        }
        assert!(is_object_name("system:node"));
        assert!(!is_name("system:node"));
        assert!(!is_name("-a") && !is_name("a-") && !is_name("a..b"));
    }
}
