//! Logs of containers, as the API server gives parts of them.

use crate::part::{LogPart, Since, millis_of};
use crate::place::LogKey;
use crate::request::Log;
use crate::shelf::Shelf;
use crate::store::{Reader, Span};

impl Shelf {
    /// The part of a log that is asked for.
    pub(crate) fn log(&self, log: &Log) -> Result<Vec<u8>, String> {
        let LogKey { namespace, pod, container, previous } = &log.key;
        let which = if *previous { "previous log" } else { "log" };
        let mut same = self.logs.iter().filter(|(key, _)| {
            (&key.namespace, &key.pod, key.previous) == (namespace, pod, *previous)
                && (container.is_empty() || key.container == *container)
        });
        let Some((_, span)) = same.next() else {
            let container =
                if container.is_empty() { String::new() } else { format!(" of the container {container}") };
            return Err(format!("the {which}{container} of the pod {namespace}/{pod} was not gathered"));
        };
        if same.next().is_some() {
            return Err(format!("the pod {namespace}/{pod} has several containers: name one"));
        }
        self.log_part(*span, &log.part)
    }

    /// A part of the log that is here.
    pub(crate) fn log_part(&self, span: Span, wanted: &LogPart) -> Result<Vec<u8>, String> {
        let mut reader = Reader::new();
        let bytes = reader.read(&self.store, span).map_err(|error| error.to_string())?;
        part(bytes, wanted, self.gathered_millis())
    }
}

fn part(bytes: &[u8], log: &LogPart, gathered_millis: i64) -> Result<Vec<u8>, String> {
    // Never collected: an index of the lines takes far more memory than empty lines do.
    let lines_of = |bytes| <[u8]>::split_inclusive(bytes, |byte| *byte == b'\n');
    // Other programs gather logs with timestamps. A line without one means that these are the container's own.
    let has_stamps = (!log.timestamps || log.since.is_some())
        && !bytes.is_empty()
        && lines_of(bytes).all(|line| stamp_bytes(line) > 0);
    let mut bytes = match log.tail_lines {
        None => bytes,
        Some(most) => {
            let left_out = lines_of(bytes).count().saturating_sub(most);
            &bytes[lines_of(bytes).take(left_out).map(<[u8]>::len).sum()..]
        }
    };
    if let Some(since) = log.since {
        if !has_stamps {
            return Err(
                "the log was gathered without the times of its lines, so lines since a time are not known"
                    .into(),
            );
        }
        let since = match since {
            Since::Before(millis) => gathered_millis.saturating_sub(millis),
            Since::Time(millis) => millis,
        };
        let is_before = |line: &&[u8]| stamp_of(line).is_some_and(|millis| millis < since);
        bytes = &bytes[lines_of(bytes).take_while(is_before).map(<[u8]>::len).sum()..];
    }
    let mut out = Vec::new();
    if has_stamps && !log.timestamps {
        lines_of(bytes).for_each(|line| out.extend_from_slice(&line[stamp_bytes(line)..]));
    } else {
        out.extend_from_slice(bytes);
    }
    out.truncate(log.limit_bytes.unwrap_or(usize::MAX));
    Ok(out)
}

/// The time of a line.
fn stamp_of(line: &[u8]) -> Option<i64> {
    let stamp = line.get(..stamp_bytes(line).checked_sub(1)?)?;
    millis_of(std::str::from_utf8(stamp).ok()?)
}

/// How many bytes the timestamp of a line and its blank have: `2026-01-02T03:04:05.678901234Z `. 0 if it has none.
fn stamp_bytes(line: &[u8]) -> usize {
    let Some(blank) = line.iter().position(|byte| *byte == b' ') else { return 0 };
    // Such a timestamp has nanoseconds. Few programs write those themselves.
    let stamp = &line[..blank];
    let is_stamp = stamp.len() >= "2026-01-02T03:04:05.6Z".len()
        && stamp.get(10) == Some(&b'T')
        && std::str::from_utf8(stamp).is_ok_and(|stamp| humantime::parse_rfc3339(stamp).is_ok());
    if is_stamp { blank + 1 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GATHERED: i64 = 1_767_323_047_000;

    fn log(tail_lines: Option<usize>, limit_bytes: Option<usize>, timestamps: bool) -> LogPart {
        LogPart { tail_lines, limit_bytes, timestamps, since: None }
    }

    fn text(bytes: &[u8], wanted: &LogPart) -> Vec<u8> {
        part(bytes, wanted, GATHERED).expect("a log")
    }

    #[test]
    fn a_part_is_the_end_and_has_the_timestamps_that_were_asked_for() {
        let stamped = b"2026-01-02T03:04:05.678901234Z one\n2026-01-02T03:04:06.678901234Z two\n";
        assert_eq!(text(stamped, &log(None, None, false)), b"one\ntwo\n");
        assert_eq!(text(stamped, &log(None, None, true)), stamped);
        assert_eq!(text(stamped, &log(Some(1), None, false)), b"two\n");
        assert_eq!(text(b"one\ntwo", &log(Some(1), Some(2), false)), b"tw");
        let own = b"2026-01-02T03:04:05.678901234Z one\nline\n";
        assert_eq!(text(own, &log(None, None, false)), own);
        assert_eq!(text(b"", &log(Some(3), None, false)), b"");
    }

    #[test]
    fn a_part_begins_at_a_time_if_the_lines_have_theirs() {
        let stamped = b"2026-01-02T03:04:05.678901234Z one\n2026-01-02T03:04:06.678901234Z two\n";
        let since = |since, timestamps| LogPart { since: Some(since), timestamps, ..LogPart::default() };
        let time = Since::time("2026-01-02T03:04:06Z").expect("a time");
        assert_eq!(text(stamped, &since(time, false)), b"two\n");
        assert_eq!(text(stamped, &since(time, true)), &stamped[35..]);
        assert_eq!(text(stamped, &since(Since::seconds(1), false)), b"two\n");
        assert_eq!(text(stamped, &since(Since::seconds(60), false)), b"one\ntwo\n");
        let error = part(b"one\n", &since(time, false), GATHERED).expect_err("no times");
        assert!(error.contains("without the times"), "{error}");
    }
}
