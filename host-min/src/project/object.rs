//! Projects one object, and notes on the way who it is.
//!
//! The identity (`apiVersion`, `kind`, name and namespace) is noted whether the mask keeps it or not: the
//! host needs it to name files. It is not added to what is kept.
//!
//! One thing is kept that the mask does not name: that an embedded object is a Secret, if its data are kept. Redaction
//! goes by it.

use super::mask::Node;
use super::scanner::{Scanner, Sink, Skip};
use super::{ProjectError, Result};
use crate::limits::{MAX_ITEM_BYTES, MAX_JSON_DEPTH};
use std::io::Read;

/// Who an object says that it is. What it does not say is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// `apiVersion`
    pub api_version: String,
    /// `kind`
    pub kind: String,
    /// `metadata.name`
    pub name: String,
    /// `metadata.namespace`
    pub namespace: String,
}

/// Reads an answer that is one object.
pub struct ObjectReader {
    scanner: Scanner,
}

impl ObjectReader {
    /// Reads from a body.
    pub fn new(body: Box<dyn Read + Send>) -> Self {
        ObjectReader { scanner: Scanner::new(body) }
    }

    /// Appends the projected object to `out`.
    pub fn read(&mut self, mask: &Node, out: &mut Vec<u8>) -> Result<Identity> {
        let identity = object(&mut self.scanner, mask, out)?;
        self.scanner.expect_end()?;
        Ok(identity)
    }

    /// Bytes of the body that were read.
    pub fn bytes_read(&self) -> u64 {
        self.scanner.at_byte()
    }
}

/// Where in an object the walk is; only these places have something to note.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Metadata,
    Elsewhere,
}

/// Appends the object that comes next, projected.
pub(super) fn object(scanner: &mut Scanner, mask: &Node, out: &mut Vec<u8>) -> Result<Identity> {
    if scanner.peek()? != b'{' {
        return scanner.malformed("expected an object");
    }
    let from = out.len();
    let mut identity = Identity::default();
    fields(scanner, mask, out, Place::Root, &mut identity, 0)?;
    match std::str::from_utf8(&out[from..]) {
        Ok(_) => Ok(identity),
        Err(_) => scanner.malformed("an object that is not UTF-8, which ends"),
    }
}

fn put(scanner: &Scanner, out: &mut Vec<u8>, bytes: &[u8]) -> Result<()> {
    out.put(bytes).map_err(|reason| scanner.too_large(reason))
}

/// Projects the value that comes next.
fn value(scanner: &mut Scanner, mask: &Node, out: &mut Vec<u8>, depth: usize) -> Result<()> {
    if depth >= MAX_JSON_DEPTH {
        return Err(scanner.too_large("nested deeper than the host's limit"));
    }
    match (mask, scanner.peek()?) {
        (Node::Keep, _) => scanner.value(out, depth),
        (Node::Drop, _) => scanner.value(&mut Skip, depth),
        (Node::Fields(_), b'{') => {
            fields(scanner, mask, out, Place::Elsewhere, &mut Identity::default(), depth)
        }
        (Node::Fields(_), b'[') => {
            scanner.take(b'[', "expected an array")?;
            put(scanner, out, b"[")?;
            let mut first = true;
            loop {
                let comma = !first;
                if !scanner.more(b']', &mut first)? {
                    return put(scanner, out, b"]");
                }
                if comma {
                    put(scanner, out, b",")?;
                }
                value(scanner, mask, out, depth + 1)?;
            }
        }
        // Fields of a scalar: there are none. The scalar itself was not asked for.
        (Node::Fields(_), _) => {
            scanner.value(&mut Skip, depth)?;
            put(scanner, out, b"null")
        }
    }
}

fn fields(
    scanner: &mut Scanner,
    mask: &Node,
    out: &mut Vec<u8>,
    place: Place,
    identity: &mut Identity,
    depth: usize,
) -> Result<()> {
    scanner.take(b'{', "expected an object")?;
    put(scanner, out, b"{")?;
    let mut first = true;
    let mut any = false;
    while scanner.more(b'}', &mut first)? {
        let before = out.len();
        let key = scanner.key()?;
        let node = key.text.as_deref().map_or(&Node::Drop, |text| mask.get(text));
        if *node != Node::Drop {
            if any {
                out.push(b',');
            }
            out.extend_from_slice(key.raw);
            out.push(b':');
        }
        let slot = match (place, key.text.as_deref()) {
            (Place::Root, Some("apiVersion")) => Some(&mut identity.api_version),
            (Place::Root, Some("kind")) => Some(&mut identity.kind),
            (Place::Metadata, Some("name")) => Some(&mut identity.name),
            (Place::Metadata, Some("namespace")) => Some(&mut identity.namespace),
            _ => None,
        };
        let is_metadata = place == Place::Root && key.text.as_deref() == Some("metadata");
        let key_is_kind = key.text.as_deref() == Some("kind");
        if out.len() > MAX_ITEM_BYTES {
            return Err(scanner.too_large("an object above the host's limit for one object"));
        }
        match slot {
            Some(slot) if scanner.peek()? == b'"' => {
                let from = out.len();
                scanner.value(out, depth + 1)?;
                *slot = serde_json::from_slice(&out[from..]).unwrap_or_default();
                match node {
                    Node::Keep => {}
                    Node::Drop => out.truncate(before),
                    Node::Fields(_) => {
                        out.truncate(from);
                        put(scanner, out, b"null")?;
                    }
                }
            }
            None if is_witness(place, key_is_kind, node, mask) && scanner.peek()? == b'"' => {
                witness(scanner, node, out, before, any, depth)?;
            }
            Some(slot) => {
                slot.clear();
                value(scanner, node, out, depth + 1)?;
            }
            None if is_metadata && scanner.peek()? == b'{' => {
                fields(scanner, node, out, Place::Metadata, identity, depth + 1)?;
                if *node == Node::Drop {
                    out.truncate(before);
                }
            }
            None => value(scanner, node, out, depth + 1)?,
        }
        any |= out.len() > before;
    }
    put(scanner, out, b"}")
}

/// Whether a key tells that an embedded object is a Secret, though the mask does not keep it.
fn is_witness(place: Place, key_is_kind: bool, node: &Node, mask: &Node) -> bool {
    key_is_kind
        && place == Place::Elsewhere
        && *node != Node::Keep
        && (*mask.get("data") != Node::Drop || *mask.get("stringData") != Node::Drop)
}

/// Keeps a `kind` that is `Secret`; any other as the mask says.
fn witness(
    scanner: &mut Scanner,
    node: &Node,
    out: &mut Vec<u8>,
    before: usize,
    any: bool,
    depth: usize,
) -> Result<()> {
    let after_key = out.len();
    scanner.value(out, depth + 1)?;
    let is_secret = serde_json::from_slice::<String>(&out[after_key..]).is_ok_and(|kind| kind == "Secret");
    if is_secret {
        out.truncate(before);
        return put(scanner, out, if any { b",\"kind\":\"Secret\"" } else { b"\"kind\":\"Secret\"" });
    }
    // Fields of a scalar are null.
    out.truncate(after_key);
    if *node == Node::Drop { Ok(()) } else { put(scanner, out, b"null") }
}

impl From<ProjectError> for std::io::Error {
    fn from(error: ProjectError) -> Self {
        match error {
            ProjectError::Read(error) => error,
            other => std::io::Error::new(std::io::ErrorKind::InvalidData, other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(mask: &str, text: &str) -> (String, Identity) {
        let mask = Node::parse(mask).expect("mask").without(&["metadata", "managedFields"]);
        let mut out = Vec::new();
        let mut reader = ObjectReader::new(Box::new(std::io::Cursor::new(text.as_bytes().to_vec())));
        let identity = reader.read(&mask, &mut out).expect("project");
        assert!(
            serde_json::from_slice::<serde_json::Value>(&out).is_ok(),
            "{}",
            String::from_utf8_lossy(&out)
        );
        (String::from_utf8(out).expect("UTF-8"), identity)
    }

    const POD: &str = r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","namespace":"b","managedFields":[{"x":1}],
        "labels":{"app":"c"}},"spec":{"containers":[{"name":"d","image":"e"},{"image":"f","name":"g"}]},"status":null}"#;

    #[test]
    fn only_what_the_mask_names_is_kept_and_the_identity_is_noted() {
        let (text, identity) = project("spec(containers(name)),status(phase)", POD);
        assert_eq!(text, r#"{"spec":{"containers":[{"name":"d"},{"name":"g"}]},"status":null}"#);
        assert_eq!(identity.name, "a");
        assert_eq!(identity.namespace, "b");
        assert_eq!(identity.kind, "Pod");
        assert_eq!(identity.api_version, "v1");
    }

    #[test]
    fn managed_fields_never_come_through() {
        let (text, _) = project("*", POD);
        assert!(!text.contains("managedFields"), "{text}");
        assert!(text.contains("labels") && text.contains("image"));
        let (text, _) = project("metadata(managedFields)", POD);
        assert_eq!(text, "{}");
        let (text, _) = project("metadata", r#"{"metadata":{"managed\u0046ields":[1],"a":1}}"#);
        assert_eq!(text, r#"{"metadata":{"a":1}}"#);
    }

    #[test]
    fn scalars_where_fields_are_due_are_not_given_away() {
        assert_eq!(project("a(b)", r#"{"a":"secret"}"#).0, r#"{"a":null}"#);
        assert_eq!(project("a(b)", r#"{"a":[["secret"],{"b":1}]}"#).0, r#"{"a":[[null],{"b":1}]}"#);
        let (text, identity) =
            project("kind(b),metadata(name(b))", r#"{"kind":"A","metadata":{"name":"c"}}"#);
        assert_eq!((&*text, &*identity.name), (r#"{"kind":null,"metadata":{"name":null}}"#, "c"));
        let (text, identity) = project("kind(b)", r#"{"kind":"A","kind":{"a":"secret","b":1}}"#);
        assert_eq!((&*text, &*identity.kind), (r#"{"kind":null,"kind":{"b":1}}"#, ""));
    }

    #[test]
    fn what_tells_of_a_secret_is_kept_with_its_data() {
        let text = r#"{"kind":"Template","objects":[{"kind":"Secret","data":{"a":"b"}},{"data":{"a":"b"},"k\u0069nd":"S\u0065cret","x":1},{"kind":"ConfigMap","data":{}}]}"#;
        for mask in ["objects(data)", "objects(data(a),kind(x))", "objects(*(a))"] {
            let (kept, _) = project(mask, text);
            assert_eq!(kept.matches(r#""kind":"Secret""#).count(), 2, "{mask}: {kept}");
            assert!(!kept.contains("ConfigMap") && !kept.contains("Template"), "{mask}: {kept}");
        }
        assert_eq!(project("objects(x)", text).0, r#"{"objects":[{},{"x":1},{}]}"#);
        assert_eq!(
            project("objects(kind(x))", text).0,
            r#"{"objects":[{"kind":null},{"k\u0069nd":null},{"kind":null}]}"#
        );
        assert_eq!(
            project("objects(stringData)", text).0,
            r#"{"objects":[{"kind":"Secret"},{"kind":"Secret"},{}]}"#
        );
    }

    #[test]
    fn arrays_within_arrays_are_bounded() {
        let text = format!("{{\"a\":{}", "[".repeat(100_000));
        let mut reader = ObjectReader::new(Box::new(std::io::Cursor::new(text.into_bytes())));
        let mask = Node::parse("a(b)").expect("mask");
        assert!(matches!(reader.read(&mask, &mut Vec::new()), Err(ProjectError::TooLarge { .. })));
    }

    #[test]
    fn what_is_not_utf8_is_refused() {
        let mut reader = ObjectReader::new(Box::new(std::io::Cursor::new(b"{\"a\":\"\xff\"}".to_vec())));
        assert!(matches!(reader.read(&Node::Keep, &mut Vec::new()), Err(ProjectError::Malformed { .. })));
    }
}
