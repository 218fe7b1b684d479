//! Projects one object, and notes its identity.
//!
//! The identity (`apiVersion`, `kind`, name and namespace) is noted whether the mask keeps it or not, because the
//! host needs it to name files. It is not added to what is kept.
//!
//! One field is kept although the mask does not name it: the `kind` of an embedded Secret whose data are kept, or of an embedded list of
//! Secrets whose items are kept. Redaction needs it.

use super::mask::Node;
use super::odd::Odd;
use super::scanner::Scanner;
use super::{ProjectError, Result};
use crate::redact::is_secret_kind;
use std::io::Read;
use wagather_base::bytes::is_ascii;
use wagather_base::limits::MAX_JSON_DEPTH;

/// The identity of an object. A field that the object lacks is empty.
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

    /// The numbers of the fields that the mask [hides](Node::Hide) and the object has, without duplicates.
    pub fn hidden(&self) -> &[u16] {
        &self.scanner.hidden
    }

    /// Bytes of the body that were read.
    pub fn bytes_read(&self) -> u64 {
        self.scanner.at_byte()
    }

    /// The beginning of the body, if no more than that was read.
    pub fn beginning(&self) -> &[u8] {
        self.scanner.beginning()
    }
}

/// The place in an object. Only these places have something to note.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Metadata,
    Elsewhere,
}

/// The meaning of a key, besides what the mask says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    ApiVersion,
    Kind,
    Metadata,
    Name,
    Namespace,
    /// Its value may say that an embedded object is a Secret.
    Witness,
    Other,
}

impl Role {
    #[inline]
    fn of(place: Place, name: &[u8]) -> Role {
        match (place, name) {
            (Place::Root, b"apiVersion") => Role::ApiVersion,
            (Place::Root, b"kind") => Role::Kind,
            (Place::Root, b"metadata") => Role::Metadata,
            (Place::Metadata, b"name") => Role::Name,
            (Place::Metadata, b"namespace") => Role::Namespace,
            (Place::Metadata | Place::Elsewhere, b"kind") => Role::Witness,
            _ => Role::Other,
        }
    }
}

/// Appends the next object, projected.
pub(super) fn object(scanner: &mut Scanner, mask: &Node, out: &mut Vec<u8>) -> Result<Identity> {
    let from = out.len();
    let mut identity = Identity::default();
    scanner.hidden.clear();
    scanner.keep_in(out, |scanner| {
        if scanner.peek()? != b'{' {
            return scanner.malformed("expected an object");
        }
        fields(scanner, mask, Place::Root, &mut identity, 0)
    })?;
    match invalid_from(&out[from..]) {
        None => Ok(identity),
        Some(_) => scanner.malformed("an object that is not UTF-8 and ends"),
    }
}

/// The same for any object and an empty `out`. Reports what is odd about an object that cannot be used.
pub(super) fn any_object(
    scanner: &mut Scanner,
    mask: &Node,
    out: &mut Vec<u8>,
) -> Result<(Identity, Option<Odd>)> {
    let mut identity = Identity::default();
    scanner.hidden.clear();
    let read = scanner.keep_in(out, |scanner| {
        let first = scanner.peek()?;
        scanner.tolerate();
        match first {
            b'{' => fields(scanner, mask, Place::Root, &mut identity, 0),
            _ => scanner.odd_value("not an object"),
        }
    });
    let odd = scanner.tolerated();
    read?;
    let not_utf8 = || {
        let at = invalid_from(out)?;
        Some(Odd { reason: "text that is not UTF-8", at_byte: at as u64, kept_bytes: at })
    };
    Ok((identity, odd.or_else(not_utf8)))
}

/// Projects the next value.
fn value(scanner: &mut Scanner, mask: &Node, depth: usize) -> Result<()> {
    match mask {
        Node::Keep => return scanner.keep_value(depth),
        Node::Drop => return scanner.value(depth),
        Node::Hide(number) => {
            scanner.hide(*number);
            return scanner.value(depth);
        }
        Node::Fields(_) => {}
    }
    let first = scanner.peek()?;
    if depth >= MAX_JSON_DEPTH {
        scanner.deeper(true)?;
        return scanner.keep_text(b"null");
    }
    match first {
        b'{' => fields(scanner, mask, Place::Elsewhere, &mut Identity::default(), depth),
        b'[' => {
            scanner.take(b'[', "expected an array")?;
            scanner.keep_taken()?;
            let mut first = true;
            loop {
                let comma = !first;
                if !scanner.more(b']', &mut first)? {
                    return scanner.keep_taken();
                }
                if comma {
                    scanner.keep_taken()?;
                }
                value(scanner, mask, depth + 1)?;
            }
        }
        // A scalar has no fields, and the scalar itself was not asked for.
        _ => {
            scanner.value(depth)?;
            scanner.keep_text(b"null")
        }
    }
}

fn fields(
    scanner: &mut Scanner,
    mask: &Node,
    place: Place,
    identity: &mut Identity,
    depth: usize,
) -> Result<()> {
    scanner.take(b'{', "expected an object")?;
    scanner.keep_taken()?;
    let mut first = true;
    let mut any = false;
    while scanner.more(b'}', &mut first)? {
        let before = scanner.kept_len();
        let key = scanner.key()?;
        let (node, role) = match scanner.name(key) {
            Some(name) => (mask.of(name), Role::of(place, name)),
            None => (&Node::Drop, Role::Other),
        };
        let keeps = node.keeps();
        if keeps {
            scanner.keep_key(key, any)?;
        }
        let slot = match role {
            Role::ApiVersion => Some(&mut identity.api_version),
            Role::Kind => Some(&mut identity.kind),
            Role::Name => Some(&mut identity.name),
            Role::Namespace => Some(&mut identity.namespace),
            _ => None,
        };
        match slot {
            Some(slot) if scanner.peek()? == b'"' => {
                let from = scanner.settled()?.len();
                scanner.keep_value(depth + 1)?;
                *slot = text(scanner.settled()?.get(from..).unwrap_or_default());
                if let Node::Hide(number) = node {
                    scanner.hide(*number);
                }
                match node {
                    Node::Keep => {}
                    _ if !keeps => scanner.keep_only(before),
                    _ => {
                        scanner.keep_only(from);
                        scanner.keep_text(b"null")?;
                    }
                }
            }
            Some(slot) => {
                slot.clear();
                value(scanner, node, depth + 1)?;
            }
            None if role == Role::Witness && is_witness(node, mask) && scanner.peek()? == b'"' => {
                witness(scanner, node, before, any, depth)?;
            }
            None if role == Role::Metadata && scanner.peek()? == b'{' => {
                if let Node::Hide(number) = node {
                    scanner.hide(*number);
                }
                fields(scanner, node, Place::Metadata, identity, depth + 1)?;
                if !keeps {
                    scanner.keep_only(before);
                }
            }
            None => {
                value(scanner, node, depth + 1)?;
                // It was only searched for hidden fields.
                if !keeps && matches!(node, Node::Fields(_)) {
                    scanner.keep_only(before);
                }
            }
        }
        any |= scanner.kept_len() > before;
    }
    scanner.keep_taken()
}

/// Whether a `kind` that the mask does not keep must be kept, because it says that an embedded object is a Secret or a list of them.
fn is_witness(node: &Node, mask: &Node) -> bool {
    *node != Node::Keep && ["data", "stringData", "items", "metadata"].iter().any(|key| mask.get(key).keeps())
}

/// Keeps a `kind` that tells it; any other as the mask says.
fn witness(scanner: &mut Scanner, node: &Node, before: usize, any: bool, depth: usize) -> Result<()> {
    let from = scanner.settled()?.len();
    scanner.keep_value(depth + 1)?;
    let kind = text(scanner.settled()?.get(from..).unwrap_or_default());
    if is_secret_kind(&kind) {
        scanner.keep_only(before);
        let comma = if any { "," } else { "" };
        return scanner.keep_text(format!("{comma}\"kind\":\"{kind}\"").as_bytes());
    }
    // Fields of a scalar are null.
    scanner.keep_only(from);
    if node.keeps() { scanner.keep_text(b"null") } else { Ok(()) }
}

/// The meaning of a string with its quotes. `None` if its escapes are invalid.
fn text(raw: &[u8]) -> String {
    if let [b'"', plain @ .., b'"'] = raw
        && !plain.contains(&b'\\')
    {
        return std::str::from_utf8(plain).unwrap_or_default().to_owned();
    }
    serde_json::from_slice(raw).unwrap_or_default()
}

/// The position where bytes are not UTF-8.
fn invalid_from(bytes: &[u8]) -> Option<usize> {
    if is_ascii(bytes) {
        return None;
    }
    std::str::from_utf8(bytes).err().map(|error| error.valid_up_to())
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
    fn what_is_hidden_is_noted_once_and_leaves_nothing_behind() {
        let read = |mask: Node| {
            let mut reader = ObjectReader::new(Box::new(std::io::Cursor::new(POD.as_bytes().to_vec())));
            let mut out = Vec::new();
            let identity = reader.read(&mask, &mut out).expect("project");
            assert_eq!((&*identity.name, &*identity.namespace), ("a", "b"));
            (String::from_utf8(out).expect("UTF-8"), reader.hidden().to_vec())
        };
        let mask = |text: &str| Node::parse(text).expect(text);
        let image = ["spec", "containers", "image"];
        for (mask, kept, noted) in [
            (
                mask("spec").hiding(&image, 7),
                r#"{"spec":{"containers":[{"name":"d"},{"name":"g"}]}}"#,
                &[7][..],
            ),
            // As if it had been dropped, how many containers there are included.
            (mask("spec(containers(image)),status").hiding(&image, 7), r#"{"status":null}"#, &[7]),
            (mask("spec(containers(image))").hiding(&image, 7), "{}", &[7]),
            (
                mask("spec(containers(name))").hiding(&image, 7).hiding(&["spec", "x"], 8),
                r#"{"spec":{"containers":[{"name":"d"},{"name":"g"}]}}"#,
                &[],
            ),
            (mask("metadata,status").hiding(&["metadata"], 1).hiding(&["status"], 2), "{}", &[1, 2]),
            (
                mask("metadata(name,labels)").hiding(&["metadata", "name"], 1),
                r#"{"metadata":{"labels":{"app":"c"}}}"#,
                &[1],
            ),
            (mask("metadata(name)").hiding(&["metadata", "name"], 1), "{}", &[1]),
        ] {
            assert_eq!(read(mask), (kept.to_owned(), noted.to_vec()));
        }
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
    fn what_tells_of_a_list_of_secrets_is_kept_with_its_items() {
        let list = r#"{"kind":"SecretList","items":[{"data":{"a":"b"}}]}"#;
        let text = format!(r#"{{"kind":"Bundle","metadata":{list},"parts":[{list}]}}"#);
        for (mask, told) in [("parts(items(data))", 1), ("metadata(items),parts(kind(x),items)", 2)] {
            let (kept, _) = project(mask, &text);
            assert_eq!(kept.matches(r#""kind":"SecretList""#).count(), told, "{mask}: {kept}");
        }
        assert_eq!(project("parts(x)", &text).0, r#"{"parts":[{}]}"#);
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
