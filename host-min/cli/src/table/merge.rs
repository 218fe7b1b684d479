//! `host-min merge`: its options and examples.

use super::{Command, Flag, Operand, Value, flag, path};

/// `host-min merge`
pub const MERGE: Command = Command {
    name: "merge",
    about: "Merge the archives of all shards of a run into one",
    operands: &[Operand {
        name: "ARCHIVE",
        many: true,
        optional: false,
        help: "Archives of the shards: folders or .tar.gz files",
        kind: Value::Path,
    }],
    options: OPTIONS,
    epilogue: &[EXAMPLES],
    hidden: false,
};

const OPTIONS: &[Flag] = &[
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

const EXAMPLES: &str = "\
Examples:
  host-min merge archives/wagather-*.tar.gz --output all.tar.gz
      merges the archives of an Indexed Job

Files that differ between shards are joined if they are JSON arrays or .jsonl files whose elements name their
namespaces. Others are kept for each shard, below shards/INDEX.";
