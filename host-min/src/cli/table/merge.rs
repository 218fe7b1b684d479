//! The options of `host-min merge`.

use super::{Flag, flag, path};

pub(super) const MERGE: &[Flag] = &[
    Flag {
        short: Some('o'),
        help: "Archive to write: a folder, a file that ends in .tar.gz or .tgz, or - for a .tar.gz on stdout",
        ..path("output", "DIR|FILE.tar.gz|-")
    },
    Flag { help: "Replace an archive of the same name", ..flag("overwrite") },
    Flag {
        help: "Also merge if shards are missing or incomplete; the report says so, and the exit code is 8",
        ..flag("allow-incomplete")
    },
];

pub(super) const EXAMPLES: &str = "\
Examples:
  host-min merge archives/wagather-*.tar.gz --output all.tar.gz
      merges the archives of an Indexed Job

Files that differ between shards are joined if they are JSON arrays or .jsonl files whose elements name their
namespaces. Others are kept for each shard, below shards/INDEX.";
