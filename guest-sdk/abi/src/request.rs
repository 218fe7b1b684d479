//! A guest's request: the only structure that crosses the boundary.
//!
//! It is generic over the pointer, so guest and host share one definition. In a guest, `P` is an address
//! (`*const u8`, 4 bytes in wasm32). In a host, it is an unchecked guest address (`u32`). The host never
//! casts memory; it decodes [`Request::SIZE`] bytes field by field, and accepts every bit pattern.

/// A range of the guest's memory: start and length. The pointer of an empty string may have any value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Text<P> {
    /// The address of the first byte.
    pub ptr: P,
    /// The length in bytes.
    pub len: u32,
}

impl Text<*const u8> {
    /// The empty string.
    pub const EMPTY: Self = Text::of("");

    /// A reference to a string, which must outlive the call that it is passed to.
    pub const fn of(text: &str) -> Self {
        Text { ptr: text.as_ptr(), len: text.len() as u32 }
    }
}

/// The operation. All of them are HTTP GETs; version 1 cannot change anything in a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Verb(pub u8);

impl Verb {
    /// Read one object, or a subresource of it, by name.
    pub const GET: Verb = Verb(1);
    /// Read all objects, in a namespace or in all.
    pub const LIST: Verb = Verb(2);
    /// Read a path that is not a resource, such as `/version`. [`Request::resource`] holds the path.
    pub const RAW: Verb = Verb(3);
    /// Read which resources there are, of those that may be read. [`Request::resource`] and, for all groups, [`Request::group`] are
    /// `*`.
    pub const DISCOVER: Verb = Verb(4);

    /// The word that Kubernetes' RBAC and the manifest use.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Verb::GET => Some("get"),
            Verb::LIST => Some("list"),
            Verb::RAW => Some("raw"),
            Verb::DISCOVER => Some("discover"),
            _ => None,
        }
    }
}

/// A request, with its layout in the guest's memory. All strings are UTF-8; an empty string means "not
/// given".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Request<P> {
    /// The operation.
    pub verb: Verb,
    /// Zero; reserved for later versions.
    pub reserved: [u8; 3],
    /// The maximum number of items over all pages; 0 means no limit.
    pub limit: u32,
    /// The API version, such as `v1`; empty for the version that the server prefers.
    pub version: Text<P>,
    /// The resource's plural name, such as `pods`; for [`Verb::RAW`] the path. In a list, `*` stands for every resource that
    /// may be listed.
    pub resource: Text<P>,
    /// The API group; empty for the core group. `*` for all groups, if the resource is `*`.
    pub group: Text<P>,
    /// The namespace; empty for cluster-scoped resources and for lists of all namespaces.
    pub namespace: Text<P>,
    /// The object's name; required for [`Verb::GET`].
    pub name: Text<P>,
    /// The subresource, such as `log`.
    pub subresource: Text<P>,
    /// A label selector, as `kubectl get -l` takes it.
    pub labels: Text<P>,
    /// A field selector, as `kubectl get --field-selector` takes it.
    pub fields: Text<P>,
    /// The field mask (see [`mask`](crate::mask)); empty for the manifest's mask.
    pub mask: Text<P>,
    /// Query parameters of a log (contract, "Logs") or a raw path: `name=value` pairs joined by `&`,
    /// percent-encoded.
    pub query: Text<P>,
}

impl Request<u32> {
    /// The size in a guest's memory.
    pub const SIZE: usize = 8 + 10 * 8;

    /// Decodes the structure from a guest's memory. It accepts any bytes; the host validates the values
    /// later.
    pub fn decode(bytes: &[u8; Self::SIZE]) -> Self {
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let text = |index: usize| Text { ptr: word(8 + index * 8), len: word(12 + index * 8) };
        Request {
            verb: Verb(bytes[0]),
            reserved: [bytes[1], bytes[2], bytes[3]],
            limit: word(4),
            version: text(0),
            resource: text(1),
            group: text(2),
            namespace: text(3),
            name: text(4),
            subresource: text(5),
            labels: text(6),
            fields: text(7),
            mask: text(8),
            query: text(9),
        }
    }
}

impl<P: Copy> Request<P> {
    /// The strings, in the order of the structure.
    pub const fn texts(&self) -> [Text<P>; 10] {
        [
            self.version,
            self.resource,
            self.group,
            self.namespace,
            self.name,
            self.subresource,
            self.labels,
            self.fields,
            self.mask,
            self.query,
        ]
    }
}

// In wasm32, the guest's structure must have the size that the host decodes.
#[cfg(target_arch = "wasm32")]
const _: () = assert!(size_of::<Request<*const u8>>() == Request::<u32>::SIZE);

/// A handle of something that the host holds: a request in flight, or an open entry.
///
/// It is 0 or above. The number contains a generation, so the host refuses a closed handle, and the handle
/// never refers to another object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Handle(pub i32);

/// The severity of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct LogLevel(pub i32);

impl LogLevel {
    /// For the gatherer's developer.
    pub const DEBUG: LogLevel = LogLevel(0);
    /// For the user who runs it.
    pub const INFO: LogLevel = LogLevel(1);
    /// Something is missing or unusual; also in the report.
    pub const WARN: LogLevel = LogLevel(2);
    /// Something failed; also in the report.
    pub const ERROR: LogLevel = LogLevel(3);

    /// The level's name, for any number.
    pub const fn name(self) -> &'static str {
        match self.0 {
            i32::MIN..=0 => "debug",
            1 => "info",
            2 => "warn",
            3.. => "error",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_decodes_from_literal_bytes() {
        let mut bytes = [0u8; Request::<u32>::SIZE];
        bytes[0] = 2;
        bytes[4] = 7;
        for index in 0..10u8 {
            bytes[8 + usize::from(index) * 8] = 0x10 + index;
            bytes[12 + usize::from(index) * 8] = 0x20 + index;
        }
        let request = Request::decode(&bytes);
        assert_eq!(request.verb, Verb::LIST);
        assert_eq!(request.limit, 7);
        assert_eq!(request.version, Text { ptr: 0x10, len: 0x20 });
        assert_eq!(request.resource, Text { ptr: 0x11, len: 0x21 });
        assert_eq!(request.group, Text { ptr: 0x12, len: 0x22 });
        assert_eq!(request.query, Text { ptr: 0x19, len: 0x29 });
        assert_eq!(Verb(9).name(), None);
    }
}
