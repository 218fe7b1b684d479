//! The limits that both ends know, with the unit in the name and the reason beside the number.

/// Names of objects, namespaces, groups and resources: what Kubernetes allows a DNS subdomain.
pub const MAX_NAME_BYTES: usize = 253;

/// Selectors, queries and raw paths: long enough for any that a person writes, short enough for a URL.
pub const MAX_SELECTOR_BYTES: usize = 4096;

/// A field mask, as text: a mask that names some hundred fields is about 2 KB.
pub const MAX_MASK_BYTES: usize = 16 * 1024;

/// How deep a field mask may nest: Kubernetes' own types need 12 or so; CRD schemas some more.
pub const MAX_MASK_DEPTH: usize = 32;

/// The manifest section: a gatherer that touches a hundred resources needs about 16 KB.
pub const MAX_MANIFEST_BYTES: usize = 64 * 1024;

/// Records in a manifest.
pub const MAX_MANIFEST_RECORDS: usize = 512;

/// A gatherer's name: a DNS label, as it becomes a folder of the archive and the name of a ServiceAccount.
pub const MAX_GATHERER_NAME_BYTES: usize = 63;

/// An entry's name: the path that a plain tar header can hold, less the gatherer's own folder.
pub const MAX_ENTRY_NAME_BYTES: usize = 180;

/// A field's path, as `rest_hides` takes it: longer than any of Kubernetes' own.
pub const MAX_FIELD_BYTES: usize = 1024;

/// One log line; what is longer is cut there and marked.
pub const MAX_LOG_LINE_BYTES: usize = 4096;

/// A parameter's name.
pub const MAX_PARAM_NAME_BYTES: usize = 256;

/// What one `archive_write` takes; a longer entry is written piece by piece.
pub const MAX_WRITE_BYTES: usize = 1 << 20;

/// A shape: that of a whole custom resource with its nested types is some hundred bytes.
pub const MAX_SHAPE_BYTES: usize = 16 * 1024;

/// How deep a shape may nest; as deep as a field mask.
pub const MAX_SHAPE_DEPTH: usize = 32;

/// One structure of a shape, or the distance of two elements of a list: one of a hundred lists and texts is a kilobyte.
pub const MAX_STRUCTURE_BYTES: usize = 64 * 1024;

/// What an item may become in the guest's memory, and what one `archive_write_as` may write: both are built before anything is copied.
pub const MAX_ARENA_BYTES: usize = 64 << 20;
