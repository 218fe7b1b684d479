//! The host's limits in one place: the unit in the name, the reason in the comment.
//!
//! Limits that the guest must know are in [`wagather_abi::limits`]. Those with a `DEFAULT_` can be changed
//! for a run; the others hold for every run.

use std::time::Duration;

/// A module's file. Two orders of magnitude above a large gatherer; a ConfigMap holds 1 MiB.
pub const MAX_MODULE_BYTES: u64 = 16 << 20;

/// A grant file: a thousand rules are about 100 KB.
pub const MAX_GRANT_BYTES: u64 = 1 << 20;

/// A minisign signature's file: four lines, of which two are comments of up to 8 KiB.
pub const MAX_SIGNATURE_BYTES: u64 = 32 << 10;

/// Gatherers in one run: each is a process from the start of the run.
pub const MAX_GATHERERS: usize = 64;

/// Time for one gatherer, from its start to its return.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(120);

/// Time for one HTTP request, from its sending to the end of its answer; an API server gives up after 60 s itself.
pub const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Linear memory of a guest.
pub const DEFAULT_MEMORY_BYTES: u64 = 64 << 20;

/// The least that a run may give a guest: one page of WebAssembly.
pub const MIN_MEMORY_BYTES: u64 = 64 << 10;

/// The most that a run may give a guest: what 32-bit addresses reach, less a page that keeps every
/// size within an `i32` of pages and a `u32` of bytes.
pub const MAX_MEMORY_BYTES: u64 = (4 << 30) - (64 << 10);

/// Elements of a guest's table: as many as the validator lets a segment fill. A compiler's table has one for each
/// function whose address is taken.
pub const MAX_TABLE_ELEMENTS: u64 = 10_000_000;

/// The stack of the interpreter, in which a guest's calls nest. Deep recursion ends in a trap.
pub const INTERPRETER_STACK_BYTES: u32 = 256 << 10;

/// One frame of the channel: the largest `archive_write`, or a request with every text at its longest.
pub const MAX_FRAME_BYTES: usize = (1 << 20) + (64 << 10);

/// Items of a list that one HTTP request asks for; what `kubectl` and client-go use.
pub const PAGE_ITEMS: u32 = 500;

/// One item of a list or one object, projected. etcd keeps none above 1.5 MiB as stored; JSON with its
/// escapes is larger.
pub const MAX_ITEM_BYTES: usize = 8 << 20;

/// How deep an answer's JSON may nest; Kubernetes' own limit for what it stores is 10,000 tokens deep, but no
/// known type comes near a hundred.
pub const MAX_JSON_DEPTH: usize = 128;

/// A key of an object that is looked at; longer keys cannot be named by a mask and are skipped or copied.
pub const MAX_KEY_BYTES: usize = 1024;

/// An error's body that is read for the report: a `Status` object of Kubernetes is a few hundred bytes.
pub const MAX_ERROR_BODY_BYTES: usize = 16 << 10;

/// Requests and entries that a guest may hold open at once.
pub const MAX_HANDLES: usize = 64;

/// Requests that a guest may start in a run.
pub const MAX_REQUESTS: u64 = 10_000;

/// Requests of a run that are on their way at once; the API server's fairness would queue more. Each gatherer has its share,
/// one at least, so that none can take the others'.
pub const MAX_REQUESTS_IN_FLIGHT: usize = 16;

/// One entry of the archive that a guest writes, or one body that it pipes.
pub const MAX_ENTRY_BYTES: u64 = 64 << 20;

/// All that one gatherer may put into the archive.
pub const MAX_ARCHIVE_BYTES: u64 = 1 << 30;

/// Entries of one gatherer in the archive.
pub const MAX_ENTRIES: u64 = 200_000;

/// Log lines of one gatherer; what comes after is counted and dropped.
pub const MAX_LOG_LINES: u64 = 1_000;

/// Warnings and errors of one gatherer that are kept in the report; what comes after is counted.
pub const MAX_REPORT_LINES: usize = 100;

/// Records of one gatherer's audit; calls on one handle share a record, so only a guest that does little else comes near.
/// What comes after is counted.
pub const MAX_AUDIT_RECORDS: u64 = 20_000;

/// What the process of one of several clusters may take beyond its gatherers' time, to read its configuration and to write its
/// archive: the largest of [`MAX_ARCHIVE_BYTES`] at 35 MB/s. Then it is ended.
pub const CLUSTER_GRACE: Duration = Duration::from_secs(30);

/// Clusters that are gathered from at once if nothing else is said: each has a process, and one for each gatherer.
pub const DEFAULT_PARALLEL_CLUSTERS: usize = 4;

/// The most of them.
pub const MAX_PARALLEL_CLUSTERS: usize = 64;

/// Parameters of a run, all together.
pub const MAX_PARAMS_BYTES: usize = 64 << 10;
