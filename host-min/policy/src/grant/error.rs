//! Why a text of a grant, or a signature, cannot be used.

use std::fmt;
use std::str::Utf8Error;
use wagather_abi::limits::MAX_MASK_DEPTH;

/// Why a text is not a pattern of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatternError {
    /// It matches no name of a namespace.
    Namespace,
    /// It matches no name of an object.
    Object,
    /// It is not a resource.
    Resource,
    /// It is this subresource, which opens a connection.
    Connection(String),
    /// It is all subresources of this resource.
    AnySubresource(String),
    /// It is a resource with its API group.
    ResourceWithGroup,
    /// It is a raw path with a `*` in another place than at its end.
    Star,
    /// It is not a raw path.
    Path,
    /// It is the path of a resource, not a raw path.
    ResourcePath,
    /// It is not the path of a field, for this reason.
    Field(&'static str),
    /// It is the path of a field with a key that is too long.
    FieldTooLong,
    /// It is the path of a field that is too deep.
    FieldTooDeep,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PatternError::Namespace => "not a namespace name (a-z, 0-9, '-' and '.') or a pattern with '*'",
            PatternError::Object => "not a valid object name or a pattern with '*'",
            PatternError::Resource => {
                "not a resource: expected a plural as in `kubectl api-resources`, PLURAL/SUBRESOURCE, or '*'"
            }
            PatternError::Connection(subresource) => {
                return write!(f, "'{subresource}' opens a connection, which gatherers never get");
            }
            PatternError::AnySubresource(plural) => {
                return write!(f, "name each subresource, such as {plural}/status");
            }
            PatternError::ResourceWithGroup => "write only the plural name; its group belongs in apiGroups",
            PatternError::Star => "'*' must be the last character and follow a slash",
            PatternError::Path => "not a plain absolute path, such as /version",
            PatternError::ResourcePath => "this is the path of a resource; grant it with a rule",
            PatternError::Field(reason) => reason,
            PatternError::FieldTooLong => "a field name is too long",
            PatternError::FieldTooDeep => return write!(f, "more than {MAX_MASK_DEPTH} fields deep"),
        })
    }
}

impl std::error::Error for PatternError {}

/// Why a digest, a public key or a signature cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SigningError {
    /// It is not a SHA-256 digest.
    Digest,
    /// It is not a public key.
    PublicKey,
    /// It is a signature that is not text.
    NotText(Utf8Error),
    /// It is a signature that has only this many lines.
    Truncated(usize),
    /// It is not a signature.
    Signature,
    /// It is a signature by another algorithm.
    Algorithm,
}

impl fmt::Display for SigningError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SigningError::Digest => {
                "expected 64 hexadecimal digits; `sha256sum GUEST.wasm` and `host-min inspect` print them"
            }
            SigningError::PublicKey => {
                "not a minisign public key, which is the second line of minisign.pub: 56 characters that begin with RW"
            }
            SigningError::NotText(_) => "it is not text",
            SigningError::Truncated(lines) => {
                return write!(f, "it is truncated: a signature has four lines, this has {lines}");
            }
            SigningError::Signature => "it is not a minisign signature",
            SigningError::Algorithm => "its algorithm is not supported",
        })
    }
}

impl std::error::Error for SigningError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SigningError::NotText(error) => Some(error),
            _ => None,
        }
    }
}
