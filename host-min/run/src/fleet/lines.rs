//! Results as lines of JSON (NDJSON): one for each entry that a gatherer wrote, and one for each archive that says how its run ended.

use super::Status;
use super::sources::url_of;
use crate::report::Report;
use serde::Serialize;
use serde_json::value::RawValue;
use std::io::{self, Write};
use std::path::Path;
use wagather_archive::{Entry, names};
use wagather_base::error::Failure;
use wagather_kube::cluster::upload::Address;

/// The longest entry that is held in memory while it becomes a line. Longer ones are named, and left out.
const MAX_VALUE_BYTES: u64 = 4 << 20;

/// An entry.
#[derive(Serialize)]
struct Value<'a> {
    archive: &'a str,
    cluster: Option<&'a str>,
    time: &'a str,
    gatherer: Option<&'a str>,
    entry: &'a str,
    value: &'a RawValue,
}

/// How the run of an archive ended. The last line of the archive.
#[derive(Serialize)]
struct End<'a> {
    archive: &'a str,
    cluster: Option<&'a str>,
    time: Option<&'a str>,
    status: &'static str,
    entries: u64,
    gaps: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
}

/// Writes the lines of one archive.
pub(super) struct Writer<'a> {
    pub(super) archive: &'a str,
    pub(super) cluster: Option<String>,
    pub(super) time: Option<String>,
    to: &'a mut dyn Write,
    entries: u64,
    left_out: Vec<String>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(archive: &'a str, to: &'a mut dyn Write) -> Writer<'a> {
        Writer { archive, cluster: None, time: None, to, entries: 0, left_out: Vec::new() }
    }

    /// Writes an entry. Only the gatherers' are results; the host's own files become the last line.
    pub(super) fn entry(&mut self, gatherers: &[&str], entry: Entry<'_>) -> io::Result<()> {
        if [names::AUDIT_PATH, names::REPORT_PATH].contains(&entry.path) {
            return Ok(());
        }
        if entry.len > MAX_VALUE_BYTES {
            self.left_out.push(format!(
                "{} has {} bytes, and a line at most {MAX_VALUE_BYTES}",
                entry.path, entry.len
            ));
            return Ok(());
        }
        let mut content = Vec::with_capacity(entry.len as usize);
        entry.content.read_to_end(&mut content)?;
        let value = value_of(&content)?;
        // What a gatherer wrote is in its folder. What the host archived for it is elsewhere.
        let (first, rest) = entry.path.split_once('/').unwrap_or(("", entry.path));
        let (gatherer, name) = match gatherers {
            [only] if first != *only => (Some(*only), entry.path),
            _ if gatherers.contains(&first) => (Some(first), rest),
            _ => (None, entry.path),
        };
        self.entries += 1;
        let (cluster, time) = (self.cluster.as_deref(), self.time.as_deref().unwrap_or_default());
        let line = Value { archive: self.archive, cluster, time, gatherer, entry: name, value: &value };
        put(self.to, &line)
    }

    /// Writes the last line.
    pub(super) fn end(
        mut self,
        status: Status,
        report: Option<&Report>,
        failures: &[Failure],
    ) -> io::Result<Status> {
        let mut reasons: Vec<String> =
            failures.iter().map(|failure| format!("{}: {}", failure.attempt, failure.reason)).collect();
        let status =
            if self.left_out.is_empty() || status == Status::Failed { status } else { Status::Incomplete };
        let gaps = report.map_or(0, |report| report.gatherers.iter().map(|gathered| gathered.gaps).sum());
        for gap in report.iter().flat_map(|report| &report.gaps) {
            reasons.push(format!("{}: {}", gap.asked, gap.reason));
        }
        reasons.append(&mut self.left_out);
        let Writer { archive, cluster, time, to, entries, .. } = self;
        let (cluster, time) = (cluster.as_deref(), time.as_deref());
        put(to, &End { archive, cluster, time, status: status.name(), entries, gaps, reasons })?;
        Ok(status)
    }
}

fn put(to: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    let line = serde_json::to_string(value)?;
    // A tab is between tokens: within a text, it is escaped. The rest may reach a terminal.
    let line = line.replace('\t', " ");
    to.write_all(wagather_printable::json(&line).as_bytes())?;
    to.write_all(b"\n")
}

/// The JSON of an entry, on one line; of other text, a string.
fn value_of(content: &[u8]) -> io::Result<Box<RawValue>> {
    let whole = String::from_utf8_lossy(content);
    let text = whole.trim();
    // Half of a surrogate pair is valid JSON, and no reader takes it.
    let value = match memchr::memmem::find(text.as_bytes(), b"\\u").is_some() {
        true => serde_json::from_slice::<Box<RawValue>>(&wagather_json::yaml::as_yaml(text.as_bytes())),
        false => serde_json::from_str(text),
    };
    match value {
        Ok(value) if !value.get().contains(['\n', '\r']) => Ok(value),
        Ok(value) => {
            // Line breaks of JSON are between its tokens, never within a string.
            let line: String = value.get().split(['\n', '\r']).map(str::trim_start).collect();
            Ok(RawValue::from_string(line)?)
        }
        Err(_) => Ok(serde_json::value::to_raw_value(&whole)?),
    }
}

/// What an archive is called: its path as text, or its URL without login and query, which may be credentials.
pub(super) fn name_of(path: &Path) -> String {
    match url_of(path) {
        None => path.to_string_lossy().into_owned(),
        Some(url) => Address::parse(url).map_or_else(|_| "a URL".into(), |address| address.shown()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value as Json;

    /// jq and DuckDB would refuse the whole file.
    #[test]
    fn half_a_surrogate_pair_is_replaced() {
        let value = |content: &str| value_of(content.as_bytes()).expect("JSON").get().to_owned();
        assert_eq!(
            value(r#" ["\ud800", "\ud83e\udd80", "\u0041\n"] "#),
            "[\"\\ufffd\", \"🦀\", \"\\u0041\\n\"]"
        );
        assert_eq!(value("\"\\ud800"), r#""\"\\ud800""#, "text that is not JSON");
        let long = format!(r#"["\u0041{}",1,2]"#, "x".repeat(5_000));
        assert_eq!(value(&long), long);
    }

    /// A gatherer writes what was in an archive, and lines go to terminals.
    #[test]
    fn lines_do_nothing_to_a_terminal_and_mean_the_same() {
        let evil = "a\u{9b}31m\u{7f}\u{202e}b\u{2028}\tä\u{1f600}";
        let content = format!("{{\t\"x\":\r\n\t{}\t}}", serde_json::to_string(evil).expect("JSON"));
        let mut bytes = Vec::new();
        let mut writer = Writer::new(evil, &mut bytes);
        let mut read = content.as_bytes();
        let len = read.len() as u64;
        writer
            .entry(&["g"], Entry { path: "g/x.json", len, mtime_seconds: 0, content: &mut read })
            .expect("a line");
        let text = String::from_utf8(bytes).expect("UTF-8");
        let odd = |c: char| c != '\n' && !wagather_printable::is_printable(c);
        assert!(text.ends_with("}\n") && !text.contains(odd), "{text:?}");
        let line: Json = serde_json::from_str(&text).expect("JSON");
        assert_eq!((&line["archive"], &line["value"]["x"]), (&evil.into(), &evil.into()));
    }
}
