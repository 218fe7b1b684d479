//! The host's own files in shards whose layout is another program's: when they were gathered, and how gatherers ended.

use super::report::add;
use serde_json::Value;
use std::collections::BTreeMap;
use wagather_archive::{GATHERS_PATH, TIMESTAMP_PATH};

/// The paths of these files.
pub(super) const PATHS: [&str; 2] = [TIMESTAMP_PATH, GATHERS_PATH];

/// The member with how each gatherer ended.
const REPORTS: &str = "status_reports";

/// The files of one shard by their paths.
pub(super) type Own = BTreeMap<String, Vec<u8>>;

/// The files of all shards together.
pub(super) fn join(shards: &[&Own]) -> Vec<(String, Vec<u8>)> {
    let texts = |path: &str| -> Vec<String> {
        let of = |own: &&Own| Some(String::from_utf8_lossy(own.get(path)?).into_owned());
        shards.iter().filter_map(of).collect()
    };
    let timestamp = timestamp(&texts(TIMESTAMP_PATH)).map(|text| (TIMESTAMP_PATH, text));
    let gathers = gathers(&texts(GATHERS_PATH)).map(|text| (GATHERS_PATH, text));
    timestamp.into_iter().chain(gathers).map(|(path, text)| (path.to_owned(), text.into_bytes())).collect()
}

/// From the first begin to the last end. All are times in UTC in one form, so their order is that of their texts.
fn timestamp(texts: &[String]) -> Option<String> {
    let begin = texts.iter().filter_map(|text| text.lines().next()).min()?;
    let end = texts.iter().filter_map(|text| text.lines().last()).max()?;
    Some(format!("{begin}\n{end}\n"))
}

/// The sums, by gatherer.
fn gathers(texts: &[String]) -> Option<String> {
    let mut all = texts.iter().filter_map(|text| serde_json::from_str::<Value>(text).ok());
    let mut whole = all.next()?;
    let reports = whole.get_mut(REPORTS)?.as_array_mut()?;
    for mut other in all {
        let Some(Value::Array(others)) = other.get_mut(REPORTS).map(Value::take) else { continue };
        for report in others {
            match reports.iter_mut().find(|known| known["name"] == report["name"]) {
                Some(known) => add(known, report, ""),
                None => reports.push(report),
            }
        }
    }
    Some(whole.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merged_archive_was_gathered_from_the_first_begin_to_the_last_end() {
        let own = |timestamp: &str, records: u32| -> Own {
            let gathers = format!(
                r#"{{"status_reports":[{{"name":"wagather/a","records_count":{records},"errors":["e{records}"],"panic":null}}]}}"#
            );
            let files = [(TIMESTAMP_PATH, timestamp.to_owned()), (GATHERS_PATH, gathers)];
            files.into_iter().map(|(path, text)| (path.to_owned(), text.into_bytes())).collect()
        };
        let joined = join(&[&own("2026-2\n2026-5\n", 2), &own("2026-1\n2026-4\n", 3)]);
        let texts: Vec<(&str, &str)> =
            joined.iter().map(|(path, text)| (&**path, std::str::from_utf8(text).expect("text"))).collect();
        assert_eq!(texts[0], (TIMESTAMP_PATH, "2026-1\n2026-5\n"));
        let gathers: Value = serde_json::from_str(texts[1].1).expect("JSON");
        let expected = serde_json::json!({"status_reports": [
            {"name": "wagather/a", "records_count": 5, "errors": ["e2", "e3"], "panic": null}
        ]});
        assert_eq!(gathers, expected);
        assert_eq!(join(&[&Own::new()]), []);
    }
}
