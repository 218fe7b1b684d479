//! Guests that send a single request that no example sends, as WebAssembly text.

use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use tests::archive::Archive;
use tests::guest;
use wagather_abi::Verb;

/// A request, as the contract lays it out.
#[derive(Clone)]
pub(super) struct Ask {
    verb: Verb,
    limit: u32,
    texts: [String; 10],
    record: String,
}

/// Where the guest keeps things: the request at 0, then the entry's name and a line feed, then the texts.
const ENTRY_AT: usize = 96;
const LINE_FEED_AT: usize = 104;
const TEXTS_AT: usize = 112;
const BUFFER_AT: usize = 16 << 10;
const BUFFER_LEN: usize = 48 << 10;

impl Ask {
    /// All objects of a kind.
    pub(super) fn list(group: &str, version: &str, plural: &str) -> Ask {
        Ask::new(Verb::LIST, group, version, plural)
    }

    /// One object.
    pub(super) fn get(group: &str, version: &str, plural: &str, name: &str) -> Ask {
        let mut ask = Ask::new(Verb::GET, group, version, plural);
        ask.texts[4] = name.into();
        ask
    }

    /// A path.
    pub(super) fn raw(path: &str) -> Ask {
        Ask { record: format!("path {path}"), ..Ask::new(Verb::RAW, "", "", path) }
    }

    fn new(verb: Verb, group: &str, version: &str, plural: &str) -> Ask {
        let mut texts: [String; 10] = Default::default();
        (texts[0], texts[1], texts[2]) = (version.into(), plural.into(), group.into());
        let record = format!("resource get,list {group}/{version}/{plural} * *");
        Ask { verb, limit: 0, texts, record }
    }

    /// In one namespace.
    pub(super) fn namespace(mut self, namespace: &str) -> Ask {
        self.texts[3] = namespace.into();
        self
    }

    /// A subresource, which the manifest then declares.
    pub(super) fn subresource(mut self, subresource: &str, query: &str) -> Ask {
        (self.texts[5], self.texts[9]) = (subresource.into(), query.into());
        self.record =
            format!("resource get {}/{}/{}/{subresource} * *", self.texts[2], self.texts[0], self.texts[1]);
        self
    }

    /// A label selector.
    pub(super) fn labels(mut self, selector: &str) -> Ask {
        self.texts[6] = selector.into();
        self
    }

    /// A field selector.
    pub(super) fn fields(mut self, selector: &str) -> Ask {
        self.texts[7] = selector.into();
        self
    }

    /// The mask of the request.
    pub(super) fn mask(mut self, mask: &str) -> Ask {
        self.texts[8] = mask.into();
        self
    }

    /// The mask of the manifest.
    pub(super) fn declared_mask(mut self, mask: &str) -> Ask {
        self.record = format!("{} {mask}", self.record.rsplit_once(' ').expect("a record").0);
        self
    }

    /// So many items at most.
    pub(super) fn limit(mut self, limit: u32) -> Ask {
        self.limit = limit;
        self
    }

    /// A guest that copies each item into its entry `result`, a line each.
    pub(super) fn items(&self, folder: &Path) -> PathBuf {
        self.write(
            folder,
            &copy(
                "rest_next",
                "(drop (call $archive_write (local.get $entry) (i32.const {LF}) (i32.const 1)))",
            ),
        )
    }

    /// A guest that copies the body into its entry `result`.
    pub(super) fn bytes(&self, folder: &Path) -> PathBuf {
        self.write(folder, &copy("rest_read", ""))
    }

    /// A guest that has the host write the answer.
    pub(super) fn piped(&self, folder: &Path) -> PathBuf {
        self.write(
            folder,
            "(local.set $len (call $archive_pipe (local.get $handle) (i32.const {ENTRY}) (i32.const 6)))
             (if (i32.lt_s (local.get $len) (i32.const 0)) (then (return (local.get $len))))
             (i32.const 0)",
        )
    }

    fn write(&self, folder: &Path, body: &str) -> PathBuf {
        let import = |name: &str, params: usize| {
            let params = vec!["i32"; params].join(" ");
            format!("(import \"wagather_v1\" \"{name}\" (func ${name} (param {params}) (result i32)))")
        };
        let imports: String = [
            import("rest_start", 1),
            import("rest_next", 3),
            import("rest_read", 3),
            import("archive_pipe", 3),
            import("archive_open", 2),
            import("archive_write", 3),
            import("archive_close", 1),
        ]
        .concat();
        let body = body.replace("{ENTRY}", &ENTRY_AT.to_string()).replace("{LF}", &LINE_FEED_AT.to_string());
        let fields = format!(
            "{imports}
             (func (export \"gather\") (result i32) (local $handle i32) (local $entry i32) (local $len i32)
               (local.set $handle (call $rest_start (i32.const 0)))
               (if (i32.lt_s (local.get $handle) (i32.const 0)) (then (return (local.get $handle))))
               {body})
             (data (i32.const 0) \"{}\")",
            self.memory().iter().fold(String::new(), |mut text, byte| {
                let _ = write!(text, "\\{byte:02x}");
                text
            })
        );
        guest::write(folder, "ask", &guest::module("ask", &[&self.record], &fields))
    }

    fn memory(&self) -> Vec<u8> {
        let mut memory = vec![self.verb.0, 0, 0, 0];
        memory.extend(self.limit.to_le_bytes());
        let mut at = TEXTS_AT;
        for text in &self.texts {
            memory.extend((at as u32).to_le_bytes());
            memory.extend((text.len() as u32).to_le_bytes());
            at += text.len();
        }
        assert!(at <= BUFFER_AT, "the texts are too long for this guest");
        memory.resize(ENTRY_AT, 0);
        memory.extend(b"result");
        memory.resize(LINE_FEED_AT, 0);
        memory.push(b'\n');
        memory.resize(TEXTS_AT, 0);
        memory.extend(self.texts.concat().bytes());
        memory
    }
}

/// Reads with an import until its end, and writes each piece.
fn copy(import: &str, after_each: &str) -> String {
    format!(
        "(local.set $entry (call $archive_open (i32.const {{ENTRY}}) (i32.const 6)))
         (block $end
           (loop $more
             (local.set $len (call ${import} (local.get $handle) (i32.const {BUFFER_AT}) (i32.const {BUFFER_LEN})))
             (br_if $end (i32.eqz (local.get $len)))
             (if (i32.lt_s (local.get $len) (i32.const 0)) (then (return (local.get $len))))
             (if (i32.gt_s (local.get $len) (i32.const {BUFFER_LEN})) (then (return (i32.const 1))))
             (drop (call $archive_write (local.get $entry) (i32.const {BUFFER_AT}) (local.get $len)))
             {after_each}
             (br $more)))
         (call $archive_close (local.get $entry))"
    )
}

/// The items that a guest of [`Ask::items`] got.
pub(super) fn items_in(archive: &Archive) -> Vec<Value> {
    let items = serde_json::Deserializer::from_slice(archive.bytes("ask/result")).into_iter();
    items.collect::<Result<_, _>>().expect("items are JSON")
}
