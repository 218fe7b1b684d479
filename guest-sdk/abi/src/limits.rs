//! Limits that guest and host share. Each name ends in the unit, and each comment has the reason.

/// Names of objects, namespaces, groups and resources: the length that Kubernetes allows for a DNS
/// subdomain.
pub const MAX_NAME_BYTES: usize = 253;

/// Selectors, queries and raw paths: long enough for any that a person writes, and short enough for a URL.
pub const MAX_SELECTOR_BYTES: usize = 4096;

/// The text of a field mask: a mask of a hundred fields is about 2 KB.
pub const MAX_MASK_BYTES: usize = 16 * 1024;

/// Nesting of a field mask: Kubernetes' own types need about 12, CRD schemas a few more.
pub const MAX_MASK_DEPTH: usize = 32;

/// The manifest section: a gatherer that reads a hundred resources needs about 16 KB.
pub const MAX_MANIFEST_BYTES: usize = 64 * 1024;

/// Records in a manifest.
pub const MAX_MANIFEST_RECORDS: usize = 512;

/// A gatherer's name: a DNS label, because it is also a folder of the archive and the name of a
/// ServiceAccount.
pub const MAX_GATHERER_NAME_BYTES: usize = 63;

/// An entry's name: the path length of a plain tar header, minus the gatherer's own folder.
pub const MAX_ENTRY_NAME_BYTES: usize = 180;

/// A field's path in `rest_hides`: longer than any path of Kubernetes' own types.
pub const MAX_FIELD_BYTES: usize = 1024;

/// One log line. The host cuts a longer line here and marks it.
pub const MAX_LOG_LINE_BYTES: usize = 4096;

/// A parameter's name.
pub const MAX_PARAM_NAME_BYTES: usize = 256;

/// The bytes of one `archive_write`; a guest writes a longer entry in pieces.
pub const MAX_WRITE_BYTES: usize = 1 << 20;

/// A shape: the shape of a whole custom resource with its nested types is a few hundred bytes.
pub const MAX_SHAPE_BYTES: usize = 16 * 1024;

/// Nesting of a shape, the same as of a field mask.
pub const MAX_SHAPE_DEPTH: usize = 32;

/// One structure of a shape, or the stride of a list: a structure with a hundred lists and strings is a
/// kilobyte.
pub const MAX_STRUCTURE_BYTES: usize = 64 * 1024;

/// The memory of one decoded item, and the output of one `archive_write_as`: the host builds both
/// completely before it copies them.
pub const MAX_ARENA_BYTES: usize = 64 << 20;
