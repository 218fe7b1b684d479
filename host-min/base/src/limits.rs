//! The host's limits in one place: the unit in the name, the reason in the comment.
//!
//! Limits that the guest must know are in [`wagather_abi::limits`]. Those with a `DEFAULT_` can be changed
//! for a run; the others hold for every run.

use std::time::Duration;

/// A module's file. Two orders of magnitude above a large gatherer; a ConfigMap holds 1 MiB.
pub const MAX_MODULE_BYTES: u64 = 16 << 20;

/// A module up to this size is validated completely before it runs. Of a larger one, a function is validated at its first call, if the engine
/// compiles it then. Validating this much takes a millisecond.
pub const MAX_VALIDATED_BYTES: usize = 64 << 10;

/// A grant file: a thousand rules are about 100 KB.
pub const MAX_GRANT_BYTES: u64 = 1 << 20;

/// A kubeconfig: one of a thousand clusters with their certificates is about 5 MB.
pub const MAX_KUBECONFIG_BYTES: u64 = 16 << 20;

/// A file with a token, a key or certificates: the authorities that a system trusts are about 250 KB.
pub const MAX_CREDENTIAL_BYTES: u64 = 4 << 20;

/// A minisign signature's file: four lines, of which two are comments of up to 8 KiB.
pub const MAX_SIGNATURE_BYTES: u64 = 32 << 10;

/// Gatherers in one run: each is a process from the start of the run.
pub const MAX_GATHERERS: usize = 64;

/// Time for one gatherer, from its start to its return.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(120);

/// Time for one HTTP request, from its sending to the end of its answer; an API server gives up after 60 s itself.
pub const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Time for a connection, from the look-up of the name to the end of the TLS handshake. A lost SYN is sent again after 1, 3
/// and 7 s.
pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Time from a request to the first byte of its answer. An API server may queue a request for a quarter of its own 60 s before it
/// begins (priority and fairness); as much again is for the reading of a page from etcd.
pub const DEFAULT_FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(30);

/// Time without a byte in the middle of an answer. An API server that has begun has all that it will send; a lost packet is
/// sent again after 0.2, 0.6, 1.4, 3, 6.2 and 12.6 s.
pub const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(15);

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

/// Items of a list that the first HTTP request asks for, when nothing is known of their size; what `kubectl` and client-go use.
pub const PAGE_ITEMS: u32 = 500;

/// What a later page should weigh: large enough that the server's work for a page is not most of it, and small enough that the next one is
/// made while this one is read. Measured in `docs/paging.md`.
pub const TARGET_PAGE_BYTES: u64 = 4 << 20;

/// The least that a later page asks for: items as large as etcd keeps them are few megabytes more than the target.
pub const MIN_PAGE_ITEMS: u32 = 10;

/// The most that a later page asks for, however small the items are: the server holds a page's objects while it makes it.
pub const MAX_PAGE_ITEMS: u32 = 5_000;

/// How many items a list must have shown before the next page's size is taken from theirs.
pub const PAGE_SAMPLE_ITEMS: u64 = 32;

/// The most that `--chunk-size` may be; a page of more is a list without pages.
pub const MAX_CHUNK_ITEMS: u32 = 100_000;

/// One item of a list or one object, projected. etcd keeps none above 1.5 MiB as stored; JSON with its
/// escapes is larger.
pub const MAX_ITEM_BYTES: usize = 8 << 20;

/// What the broker holds of answers that the gatherers of a run have not taken yet: items that a guest asked the length of, objects that it
/// reads in pieces. Each gatherer that may run side by side has an equal part, so that none can take another's…
pub const MAX_HELD_BYTES: u64 = 128 << 20;

/// …but no less than this: one item of the largest size, and another one that is read.
pub const MIN_HELD_BYTES: u64 = 2 * MAX_ITEM_BYTES as u64;

/// Spools of one gatherer, or of one recording, that may be in memory at once; more of them are files from their first byte.
pub const MAX_SPOOLS_IN_MEMORY: usize = 16;

/// What a recording keeps of one body: as much as an entry of the archive may have.
pub const MAX_RECORDED_BODY_BYTES: u64 = MAX_ENTRY_BYTES;

/// What is sent to a guest before it asks for it, of all its lists together. Above some KiB it makes no difference to a list's time.
pub const MAX_AHEAD_BYTES: usize = 64 << 10;

/// The most that one answer brings of it, once a list has shown that its guest goes on…
pub const MAX_BATCH_BYTES: usize = 32 << 10;

/// …and the first one, so that a guest that looks at one item waits for few others.
pub const FIRST_BATCH_BYTES: usize = 4 << 10;

/// How deep an answer's JSON may nest; Kubernetes' own limit for what it stores is 10,000 tokens deep, but no
/// known type comes near a hundred.
pub const MAX_JSON_DEPTH: usize = 128;

/// How often [`MAX_JSON_DEPTH`] what is skipped may nest: 12,800 deep, above the 10,000 that Go's decoder reads.
pub const MAX_JSON_LAYERS: usize = 100;

/// An item of a list that is above [`MAX_ITEM_BYTES`], or odd in another way, is skipped up to this; what is longer has no end.
pub const MAX_ODD_ITEM_BYTES: u64 = 64 << 20;

/// A key of an object that is looked at; longer keys cannot be named by a mask and are skipped or copied.
pub const MAX_KEY_BYTES: usize = 1024;

/// An error's body that is read for the report: a `Status` object of Kubernetes is a few hundred bytes.
pub const MAX_ERROR_BODY_BYTES: usize = 16 << 10;

/// Requests and entries that a guest may hold open at once.
pub const MAX_HANDLES: usize = 64;

/// Requests that a guest may start in a run.
pub const MAX_REQUESTS: u64 = 10_000;

/// Requests of a run that are on their way at once; the API server's fairness would queue more. Each gatherer that runs has its
/// share, one at least, so that none can take the others'.
pub const MAX_REQUESTS_IN_FLIGHT: usize = 16;

/// Requests of a run per second, once [`DEFAULT_BURST`] is used up; what kubectl has.
pub const DEFAULT_QPS: u32 = 50;

/// Requests of a run that may be sent at once before [`DEFAULT_QPS`] holds; what kubectl has.
pub const DEFAULT_BURST: u32 = 300;

/// The most that `--qps` and `--burst` may be: beyond, there is no limit to speak of.
pub const MAX_QPS: u32 = 1_000_000;

/// Gatherers that run side by side: more than a cluster's owner watches at once, and each has two requests on their way.
pub const DEFAULT_PARALLEL: usize = 8;

/// How often one request is sent at most, the first time included. With the waits between, that is some ten seconds on average and
/// 22 at most: a server that restarts, or one of several that goes away.
pub const MAX_TRIES: u32 = 9;

/// The same while the run has not had an answer yet that is to be believed: a wrong address is more likely than a server that
/// restarts at this moment, and whoever typed it waits.
pub const MAX_FIRST_TRIES: u32 = 3;

/// After which time a request is not sent again while there was no such answer yet: connections that time out take long enough.
pub const FIRST_CONTACT_TIME: Duration = Duration::from_secs(1);

/// How often an answer that breaks off is asked for at most without bringing a new item.
pub const MAX_BODY_TRIES: u32 = 5;

/// The wait before a request is sent again is a random part of this, which doubles with each try…
pub const BACKOFF_BASE: Duration = Duration::from_millis(100);

/// …up to this.
pub const MAX_BACKOFF: Duration = Duration::from_secs(10);

/// Requests that one gatherer may send again whatever it asked for; one and the same outage takes several of each that is on its way…
pub const RETRY_FLOOR: u64 = 40;

/// …and one more for so many that it sent: a server that fails all the time gets a fifth more of them, and not nine times as many.
pub const REQUESTS_PER_RETRY: u64 = 5;

/// How long a request may outlast its gatherer's deadline, so that whoever sends it can say what it waited for.
pub const LAST_WORD: Duration = Duration::from_millis(250);

/// Waits for the rate limit that are worth telling.
pub const TOLD_WAIT: Duration = Duration::from_secs(1);

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

/// What is missing of what one gatherer asked for, that is named in the report; what comes after is counted.
pub const MAX_REPORT_GAPS: usize = 100;

/// Of these as many are told on the terminal, too.
pub const TOLD_GAPS: u64 = 5;

/// Resources of one gatherer that have a line of their own in the report; a manifest rarely has ten.
pub const MAX_REPORT_RESOURCES: usize = 100;

/// Records of one gatherer's audit; calls on one handle share a record, so only a guest that does little else comes near.
/// What comes after is counted.
pub const MAX_AUDIT_RECORDS: u64 = 20_000;

/// What the process of one of several clusters may take beyond its gatherers' time, to read its configuration and to write its
/// archive: the largest of [`MAX_ARCHIVE_BYTES`] at 35 MB/s. Then it is ended.
pub const CLUSTER_GRACE: Duration = Duration::from_secs(30);

/// What the process of one of several clusters may take to keep what it has when a signal asks for the end: the two seconds that it
/// gives itself, and one more. Then it is ended.
pub const CLUSTER_STOP_GRACE: Duration = Duration::from_secs(3);

/// Clusters that are gathered from at once if nothing else is said: each has a process, and one for each gatherer.
pub const DEFAULT_PARALLEL_CLUSTERS: usize = 4;

/// The most of them.
pub const MAX_PARALLEL_CLUSTERS: usize = 64;

/// Parameters of a run, all together.
pub const MAX_PARAMS_BYTES: usize = 64 << 10;

/// Addresses and domains that one run has placeholders for: those of some hundred thousand pods.
pub const MAX_OBFUSCATED: usize = 1_000_000;

/// Bytes of their map; with more of either the run fails, as what comes then could not be told apart.
pub const MAX_OBFUSCATED_BYTES: usize = 128 << 20;
