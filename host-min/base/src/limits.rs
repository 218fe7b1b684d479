//! The host's limits in one place: the unit in the name, the reason in the comment.
//!
//! Limits that the guest must know are in [`wagather_abi::limits`]. A limit whose name begins with `DEFAULT_` can be changed
//! for a run. The others hold for every run.

use std::time::Duration;

/// A module's file. A large gatherer has a hundredth of that; a ConfigMap holds 1 MiB.
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

/// Gatherers in one run. Each has a process from the start of the run.
pub const MAX_GATHERERS: usize = 64;

/// Time for one gatherer, from its start to its return.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(120);

/// Time for one HTTP request, from sending it to the end of its answer. An API server itself gives up after 60 s.
pub const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Time for a connection, from the look-up of the name to the end of the TLS handshake. The kernel sends a lost SYN again after 1, 3
/// and 7 s.
pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Time from a request to the first byte of its answer. An API server may queue a request for a quarter of its own 60 s before it
/// begins (priority and fairness). The same time again is for reading a page from etcd.
pub const DEFAULT_FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(30);

/// Time without a byte in the middle of an answer. An API server that has begun to answer has all of the answer. A lost packet is
/// sent again after 0.2, 0.6, 1.4, 3, 6.2 and 12.6 s.
pub const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// Linear memory of a guest.
pub const DEFAULT_MEMORY_BYTES: u64 = 64 << 20;

/// The least memory that a run may give a guest: one page of WebAssembly.
pub const MIN_MEMORY_BYTES: u64 = 64 << 10;

/// The most memory that a run may give a guest: what 32-bit addresses reach, less one page. So every size fits into an `i32` of
/// pages and a `u32` of bytes.
pub const MAX_MEMORY_BYTES: u64 = (4 << 30) - (64 << 10);

/// Elements of a guest's table: as many as the validator lets a segment fill. Compilers put each function into it whose address is
/// taken.
pub const MAX_TABLE_ELEMENTS: u64 = 10_000_000;

/// The interpreter's stack, on which a guest's calls nest. Deep recursion ends in a trap.
pub const INTERPRETER_STACK_BYTES: u32 = 256 << 10;

/// One frame of the channel: the largest `archive_write`, or a request with every text at its longest.
pub const MAX_FRAME_BYTES: usize = (1 << 20) + (64 << 10);

/// Items of a list that the first HTTP request asks for, when nothing is known of their size; what `kubectl` and client-go use.
pub const PAGE_ITEMS: u32 = 500;

/// What a later page should weigh. It is large enough that the fixed cost of a page does not dominate, and small enough that the server
/// makes the next page while this one is read. `docs/paging.md` has the measurements.
pub const TARGET_PAGE_BYTES: u64 = 4 << 20;

/// The fewest items that a later page asks for. With the largest items that etcd keeps, that is a few megabytes above the target.
pub const MIN_PAGE_ITEMS: u32 = 10;

/// The most items that a later page asks for, however small they are. The server holds a page's objects while it makes the page.
pub const MAX_PAGE_ITEMS: u32 = 5_000;

/// How many items of a list must have come before their size decides the size of the next page.
pub const PAGE_SAMPLE_ITEMS: u64 = 32;

/// The most that `--chunk-size` may be. A larger page is a list without pages.
pub const MAX_CHUNK_ITEMS: u32 = 100_000;

/// One item of a list or one object, projected. etcd keeps none above 1.5 MiB as stored; JSON with its
/// escapes is larger.
pub const MAX_ITEM_BYTES: usize = 8 << 20;

/// What the broker holds of answers that gatherers have not taken yet: items of which a guest asked the length, objects that it reads in
/// pieces. Gatherers that may run at the same time have equal parts, so that none can take another's…
pub const MAX_HELD_BYTES: u64 = 128 << 20;

/// …but each has at least this: one item of the largest size, and another one that is being read.
pub const MIN_HELD_BYTES: u64 = 2 * MAX_ITEM_BYTES as u64;

/// Spools of one gatherer, or of one recording, that may be in memory at once. Further ones are files from their first byte.
pub const MAX_SPOOLS_IN_MEMORY: usize = 16;

/// What a recording keeps of one body: as much as an entry of the archive may have.
pub const MAX_RECORDED_BODY_BYTES: u64 = MAX_ENTRY_BYTES;

/// Items that are sent to a guest before it asks for them, over all of its lists. More than a few KiB do not make a list faster.
pub const MAX_PREFETCH_BYTES: usize = 64 << 10;

/// The most of them that one answer brings, once the guest has shown that it goes on reading the list…
pub const MAX_BATCH_BYTES: usize = 32 << 10;

/// …and the most that the first answer brings, so that a guest that wants one item waits for few others.
pub const FIRST_BATCH_BYTES: usize = 4 << 10;

/// How deep an answer's JSON may nest; Kubernetes' own limit for what it stores is 10,000 tokens deep, but no
/// known type comes near a hundred.
pub const MAX_JSON_DEPTH: usize = 128;

/// How much deeper than [`MAX_JSON_DEPTH`] skipped JSON may nest: this many times. That is 12,800, above the 10,000 of Go's decoder.
pub const MAX_JSON_LAYERS: usize = 100;

/// The longest item that is skipped because it is above [`MAX_ITEM_BYTES`], or odd in another way. A longer one ends the list.
pub const MAX_ODD_ITEM_BYTES: u64 = 64 << 20;

/// The longest key that is compared with a mask. A mask cannot name a longer key, which is skipped or copied.
pub const MAX_KEY_BYTES: usize = 1024;

/// An error's body that is read for the report: a `Status` object of Kubernetes is a few hundred bytes.
pub const MAX_ERROR_BODY_BYTES: usize = 16 << 10;

/// Requests and entries that a guest may hold open at once.
pub const MAX_HANDLES: usize = 64;

/// Requests that a guest may start in a run.
pub const MAX_REQUESTS: u64 = 10_000;

/// Requests of a run in flight at once. The API server's fairness would queue more. Each running gatherer has an equal share, and at
/// least one, so that none can take the others'.
pub const MAX_REQUESTS_IN_FLIGHT: usize = 16;

/// Requests of a run per second, once [`DEFAULT_BURST`] is used up. The same as kubectl's.
pub const DEFAULT_QPS: u32 = 50;

/// Requests of a run that may be sent at once before [`DEFAULT_QPS`] holds. The same as kubectl's.
pub const DEFAULT_BURST: u32 = 300;

/// The most that `--qps` and `--burst` may be. Larger numbers would not limit anything.
pub const MAX_QPS: u32 = 1_000_000;

/// Gatherers that run at the same time. Each of them has two requests in flight.
pub const DEFAULT_PARALLEL: usize = 8;

/// How many times one request is sent at most, the first time included. With the waits between, that takes ten seconds on average and
/// 22 at most: enough for a server that restarts, or for one of several that goes away.
pub const MAX_TRIES: u32 = 9;

/// The same while the run has not had a credible answer yet. A wrong address is then more likely than a server that
/// restarts at this moment, and the person who typed it waits.
pub const MAX_FIRST_TRIES: u32 = 3;

/// While the run has not had such an answer, a request is not sent again after this time. Connections that time out take long enough.
pub const FIRST_CONTACT_TIME: Duration = Duration::from_secs(1);

/// How many times a list that breaks off is asked for at most without a new item.
pub const MAX_BODY_TRIES: u32 = 5;

/// The wait before a request is sent again is a random part of this, which doubles with each try…
pub const BACKOFF_BASE: Duration = Duration::from_millis(100);

/// …up to this.
pub const MAX_BACKOFF: Duration = Duration::from_secs(10);

/// Requests that one gatherer may send again in any case. One outage takes several tries of each request in flight…
pub const RETRY_FLOOR: u64 = 40;

/// …and one more for this many that it sent. So a server that always fails gets a fifth more requests, and not nine times as many.
pub const REQUESTS_PER_RETRY: u64 = 5;

/// How long a request may outlast its gatherer's deadline, so that the thread that sends it can report what it waited for.
pub const LAST_WORD: Duration = Duration::from_millis(250);

/// Waits for the rate limit that the report mentions.
pub const TOLD_WAIT: Duration = Duration::from_secs(1);

/// One entry of the archive that a guest writes, or one body that it pipes.
pub const MAX_ENTRY_BYTES: u64 = 64 << 20;

/// Bytes that one gatherer may put into the archive.
pub const MAX_ARCHIVE_BYTES: u64 = 1 << 30;

/// Entries of one gatherer in the archive.
pub const MAX_ENTRIES: u64 = 200_000;

/// Log lines of one gatherer. Further lines are counted and dropped.
pub const MAX_LOG_LINES: u64 = 1_000;

/// Warnings and errors of one gatherer in the report. Further ones are counted.
pub const MAX_REPORT_LINES: usize = 100;

/// Missing things that the report names for one gatherer. Further ones are counted.
pub const MAX_REPORT_GAPS: usize = 100;

/// How many of them are shown on the terminal, too.
pub const MAX_SHOWN_GAPS: u64 = 5;

/// Resources of one gatherer that have a line of their own in the report. A manifest rarely has ten, and a
/// cluster with many operators has 400.
pub const MAX_REPORT_RESOURCES: usize = 1_000;

/// Results of single namespaces, over all resources of one gatherer, that the report has.
pub const MAX_REPORT_NAMESPACES: usize = 2_000;

/// Records of one gatherer's audit. Calls on one handle share a record, so few guests come near. Further records are
/// counted.
pub const MAX_AUDIT_RECORDS: u64 = 20_000;

/// How much longer than its gatherers' time the process of one of several clusters may take to read its configuration and to write its
/// archive: the largest of [`MAX_ARCHIVE_BYTES`] at 35 MB/s. Then it is killed.
pub const CLUSTER_GRACE: Duration = Duration::from_secs(30);

/// How long the process of one of several clusters may take to save what it has when a signal asks for the end: the two seconds that it
/// gives itself, and one more. Then it is killed.
pub const CLUSTER_STOP_GRACE: Duration = Duration::from_secs(3);

/// Clusters that a run gathers from at the same time by default. Each has a process, and one for each gatherer.
pub const DEFAULT_PARALLEL_CLUSTERS: usize = 4;

/// The most of them.
pub const MAX_PARALLEL_CLUSTERS: usize = 64;

/// Parameters of a run, all together.
pub const MAX_PARAMS_BYTES: usize = 64 << 10;

/// Addresses and domains that one run has placeholders for: those of some hundred thousand pods.
pub const MAX_OBFUSCATED: usize = 1_000_000;

/// Bytes of their map. With more of either the run fails, because further addresses could not be told apart.
pub const MAX_OBFUSCATED_BYTES: usize = 128 << 20;
