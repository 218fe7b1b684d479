//! What a run says, as words for people or as a JSON object in a line for machines; docs/output.md is the contract of the latter.
//!
//! Pure: what happened goes in, a line comes out.

use super::fleet::Fleet;
use super::object::Object;
use super::who::Who;
use super::{format, summary};
use host_min::{Failure, Phase, Progress};
use std::path::Path;
use std::time::Duration;
use wagather_abi::LogLevel;
use wagather_json::obfuscate::Counts;
use wagather_printable::Line;
use wagather_run::clusters::Sums;

/// How it is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::cli) enum Format {
    #[default]
    Text,
    Json,
}

/// What is said.
pub(in crate::cli) enum Said<'a> {
    /// A gatherer's own line.
    Log(LogLevel, &'a str),
    /// The grant kept something from a gatherer.
    Grant(&'a str),
    /// Something is odd.
    Warning(&'a str),
    /// Something is missing.
    Error(&'a str),
    /// Something failed, and decides the exit code.
    Failure(&'a Failure),
    /// How far a gatherer is.
    Progress(Pace<'a>),
    /// What became of a gatherer.
    Summary(&'a Sums),
    /// Where the archive is, and how whole it is.
    Archive(&'a Path, Wholeness),
    /// Where the recording is.
    Recording(&'a Path),
    /// What was obfuscated, and where the map of it is.
    Obfuscated(&'a Path, Counts),
    /// Something of several clusters.
    Fleet(Fleet<'a>),
}

/// How whole an archive is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Wholeness {
    Complete,
    /// Something that was asked for could not be had.
    Gaps,
    /// A gatherer failed, or what it read broke off.
    Incomplete,
}

/// How far a gatherer is, and how fast it goes.
pub(in crate::cli) struct Pace<'a> {
    pub(in crate::cli) progress: &'a Progress,
    pub(in crate::cli) items_per_second: u64,
    pub(in crate::cli) bytes_per_second: u64,
    /// How long nothing changed, if that is long.
    pub(in crate::cli) stalled: Option<Duration>,
    /// What it is at, in words.
    pub(in crate::cli) now: String,
}

impl Said<'_> {
    /// For people: a line without its end, and of a failure those below it as well. Whatever was said by others is in one line.
    pub(super) fn text(&self, who: &Who) -> String {
        let (who, message) = (who.prefix(), self.message());
        let line = match self {
            Said::Log(level, _) => format!("{who}{}: {message}", level.name()),
            Said::Warning(_) => format!("{who}warning: {message}"),
            Said::Error(_) => format!("{who}error: {message}"),
            // It has lines of its own, each of which it escapes.
            Said::Failure(failure) => return format!("{}error: {failure}", Line(&who)),
            _ => who + &message,
        };
        Line(line).to_string()
    }

    fn message(&self) -> String {
        match self {
            Said::Log(_, text) | Said::Grant(text) | Said::Warning(text) | Said::Error(text) => {
                (*text).to_owned()
            }
            Said::Failure(failure) => format!("{}: {}", failure.attempt, failure.reason),
            Said::Progress(pace) => pace.message(),
            Said::Summary(sums) => summary::message(sums),
            Said::Archive(path, Wholeness::Complete) => format!("wrote {}", path.display()),
            Said::Archive(path, Wholeness::Gaps) => format!("wrote {}, with gaps", path.display()),
            Said::Archive(path, Wholeness::Incomplete) => format!("incomplete: {}", path.display()),
            Said::Recording(path) => format!("recorded to {}", path.display()),
            Said::Obfuscated(path, counts) => {
                format!(
                    "obfuscated {}; the map, which you must keep private: {}",
                    kinds(counts),
                    path.display()
                )
            }
            Said::Fleet(said) => said.message(),
        }
    }

    fn level(&self) -> &'static str {
        match self {
            Said::Log(level, _) => level.name(),
            Said::Warning(_) | Said::Archive(_, Wholeness::Gaps | Wholeness::Incomplete) => "warn",
            Said::Error(_) | Said::Failure(_) => "error",
            Said::Summary(sums) if summary::status(sums) == "gaps" => "warn",
            Said::Summary(sums) if !sums.complete => "error",
            Said::Fleet(said) => said.level(),
            _ => "info",
        }
    }

    const fn event(&self) -> &'static str {
        match self {
            Said::Log(..) => "log",
            Said::Grant(_) => "grant",
            Said::Warning(_) => "warning",
            Said::Error(_) => "error",
            Said::Failure(_) => "failure",
            Said::Progress(_) => "progress",
            Said::Summary(_) => "summary",
            Said::Archive(..) => "archive",
            Said::Recording(_) => "recording",
            Said::Obfuscated(..) => "obfuscation",
            Said::Fleet(said) => said.event(),
        }
    }

    /// For machines: an object in a line, without its end. The time is RFC 3339.
    pub(super) fn json(&self, who: &Who, time: &str) -> String {
        let mut object = Object::new();
        object.text("time", time);
        object.text("level", self.level());
        object.text("event", self.event());
        object.text_if_any("context", who.context.as_deref().unwrap_or_default());
        object.text_if_any("gatherer", &who.gatherer);
        object.text("message", &self.message());
        match self {
            Said::Log(..) | Said::Grant(_) | Said::Warning(_) | Said::Error(_) => {}
            Said::Failure(failure) => {
                object.text("class", failure.class.name());
                object.text("attempt", &failure.attempt);
                object.text("reason", &failure.reason);
                object.texts_if_any("more", &failure.more);
                object.text_if_any("advice", &failure.advice);
                object.number("exitCode", failure.class.exit_code().into());
            }
            Said::Progress(pace) => pace.put(&mut object),
            Said::Summary(sums) => summary::put(sums, &mut object),
            Said::Archive(path, wholeness) => {
                object.text("path", &path.to_string_lossy());
                let is_complete = *wholeness == Wholeness::Complete;
                object.value("complete", if is_complete { "true" } else { "false" });
            }
            Said::Recording(path) => object.text("path", &path.to_string_lossy()),
            Said::Obfuscated(path, counts) => {
                object.text("path", &path.to_string_lossy());
                for (kind, count) in counts.named() {
                    object.value(kind, &count.to_string());
                }
            }
            Said::Fleet(said) => said.put(&mut object),
        }
        object.end()
    }
}

/// `12 ipv4, 0 ipv6`, of the kinds that were looked for.
fn kinds(counts: &Counts) -> String {
    let counts: Vec<String> = counts.named().map(|(kind, count)| format!("{count} {kind}")).collect();
    counts.join(", ")
}

impl Pace<'_> {
    fn message(&self) -> String {
        let progress = self.progress;
        let mut parts = vec![
            phase(progress.phase).to_owned(),
            format::counted(progress.items, "item"),
            format::counted(progress.requests, "request"),
            format!("{} received", format::bytes(progress.bytes_received)),
        ];
        if self.items_per_second > 0 {
            parts.push(format!("{} items/s", format::count(self.items_per_second)));
        }
        if self.bytes_per_second > 0 {
            parts.push(format!("{}/s", format::bytes(self.bytes_per_second)));
        }
        parts.push(format::duration(progress.elapsed));
        let colon = if self.now.is_empty() { "" } else { ": " };
        format!("{}{colon}{}", parts.join(", "), self.now)
    }

    fn put(&self, object: &mut Object) {
        let progress = self.progress;
        object.text("phase", phase(progress.phase));
        object.number("items", progress.items);
        object.number("itemsPerSecond", self.items_per_second);
        object.number("requests", progress.requests);
        object.number("bytesReceived", progress.bytes_received);
        object.number("bytesPerSecond", self.bytes_per_second);
        object.number("elapsedMs", millis(progress.elapsed));
        object.text_if_any("doing", &progress.doing);
        object.value("awaitsServer", if progress.awaits_server { "true" } else { "false" });
        if let Some(stalled) = self.stalled {
            object.number("stalledMs", millis(stalled));
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Waiting => "waiting",
        Phase::Running => "running",
        Phase::Complete => "complete",
        Phase::Failed => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use host_min::Class;

    const TIME: &str = "2024-05-02T11:00:00.000Z";

    fn pods() -> Who {
        Who { context: None, gatherer: "pods".into() }
    }

    fn in_prod() -> Who {
        Who { context: Some("prod".into()), ..pods() }
    }

    fn sums() -> Sums {
        Sums {
            complete: false,
            items: 5000,
            requests: 10,
            bytes_received: 33_940_000,
            entries: 1,
            bytes_archived: 999,
            duration_ms: Some(1234.567),
            ..Sums::default()
        }
    }

    fn progress() -> Progress {
        Progress {
            phase: Phase::Running,
            requests: 5,
            items: 2500,
            bytes_received: 17_000_000,
            doing: "list v1/pods".into(),
            awaits_server: true,
            elapsed: Duration::from_millis(2100),
        }
    }

    #[test]
    fn everything_has_words_for_people_and_fields_for_machines() {
        let (sums, progress) = (sums(), progress());
        let failure =
            Failure::new(Class::Cluster, "the gatherer pods failed", "HTTP 403: \"no\"").advise("grant it");
        let pace = |stalled: Option<u64>| Pace {
            progress: &progress,
            items_per_second: 1250,
            bytes_per_second: 8_500_000,
            stalled: stalled.map(Duration::from_secs),
            now: "list v1/pods".into(),
        };
        let run = Who::default();
        for (said, who, text, json) in [
            (
                Said::Log(LogLevel::INFO, "hello"),
                pods(),
                "pods: info: hello",
                r#""level":"info","event":"log","gatherer":"pods","message":"hello"}"#,
            ),
            (
                Said::Warning("odd"),
                in_prod(),
                "prod/pods: warning: odd",
                r#""level":"warn","event":"warning","context":"prod","gatherer":"pods","message":"odd"}"#,
            ),
            (
                Said::Warning("odd"),
                run.clone(),
                "warning: odd",
                r#""level":"warn","event":"warning","message":"odd"}"#,
            ),
            (
                Said::Error("gone"),
                pods(),
                "pods: error: gone",
                r#""level":"error","event":"error","gatherer":"pods","message":"gone"}"#,
            ),
            (
                Said::Failure(&failure),
                run.clone(),
                "error: the gatherer pods failed: HTTP 403: \"no\"\n  grant it",
                r#""level":"error","event":"failure","message":"the gatherer pods failed: HTTP 403: \"no\"","class":"cluster","attempt":"the gatherer pods failed","reason":"HTTP 403: \"no\"","advice":"grant it","exitCode":5}"#,
            ),
            (
                Said::Progress(pace(None)),
                pods(),
                "pods: running, 2,500 items, 5 requests, 17.0 MB received, 1,250 items/s, 8.5 MB/s, 2.1 s: list v1/pods",
                r#""level":"info","event":"progress","gatherer":"pods","message":"running, 2,500 items, 5 requests, 17.0 MB received, 1,250 items/s, 8.5 MB/s, 2.1 s: list v1/pods","phase":"running","items":2500,"itemsPerSecond":1250,"requests":5,"bytesReceived":17000000,"bytesPerSecond":8500000,"elapsedMs":2100,"doing":"list v1/pods","awaitsServer":true}"#,
            ),
            (
                Said::Summary(&sums),
                pods(),
                "pods: failed: 5,000 items, 10 requests, 33.9 MB received, 1 file, 999 B archived, 1.2 s",
                r#""level":"error","event":"summary","gatherer":"pods","message":"failed: 5,000 items, 10 requests, 33.9 MB received, 1 file, 999 B archived, 1.2 s","status":"failed","items":5000,"requests":10,"bytesReceived":33940000,"entries":1,"bytesArchived":999,"durationMs":1234.567}"#,
            ),
            (
                Said::Archive(Path::new("out.tar.gz"), Wholeness::Complete),
                run.clone(),
                "wrote out.tar.gz",
                r#""level":"info","event":"archive","message":"wrote out.tar.gz","path":"out.tar.gz","complete":true}"#,
            ),
            (
                Said::Archive(Path::new("out.incomplete"), Wholeness::Incomplete),
                run.clone(),
                "incomplete: out.incomplete",
                r#""level":"warn","event":"archive","message":"incomplete: out.incomplete","path":"out.incomplete","complete":false}"#,
            ),
            (
                Said::Obfuscated(
                    Path::new("out.tar.gz.obfuscation.json"),
                    Counts { ipv4: Some(12), ipv6: Some(0), mac: None, domain: Some(1) },
                ),
                run.clone(),
                "obfuscated 12 ipv4, 0 ipv6, 1 domain; the map, which you must keep private: out.tar.gz.obfuscation.json",
                r#""level":"info","event":"obfuscation","message":"obfuscated 12 ipv4, 0 ipv6, 1 domain; the map, which you must keep private: out.tar.gz.obfuscation.json","path":"out.tar.gz.obfuscation.json","ipv4":12,"ipv6":0,"domain":1}"#,
            ),
            (
                Said::Fleet(Fleet::Line("enter the code")),
                Who { context: Some("prod".into()), gatherer: String::new() },
                "prod: enter the code",
                r#""level":"info","event":"line","context":"prod","message":"enter the code"}"#,
            ),
            (
                Said::Fleet(Fleet::Index { path: Path::new("all/index.json"), complete: 2, clusters: 3 }),
                run.clone(),
                "wrote all/index.json: 2 of 3 clusters complete",
                r#""level":"warn","event":"index","message":"wrote all/index.json: 2 of 3 clusters complete","path":"all/index.json","complete":2,"clusters":3}"#,
            ),
            (
                Said::Recording(Path::new("a.har")),
                run.clone(),
                "recorded to a.har",
                r#""level":"info","event":"recording","message":"recorded to a.har","path":"a.har"}"#,
            ),
        ] {
            assert_eq!(said.text(&who), text);
            assert_eq!(said.json(&who, TIME), format!(r#"{{"time":"{TIME}",{json}"#));
        }
        let stalled = Said::Progress(pace(Some(7))).json(&pods(), TIME);
        assert!(stalled.ends_with(r#""awaitsServer":true,"stalledMs":7000}"#), "{stalled}");
    }

    #[test]
    fn what_others_said_stays_in_its_line() {
        let evil = "\u{1b}[2J\u{9b}\r\npods: info: forged\u{202e}";
        let path = Path::new(evil);
        let who = Who { context: Some(evil.into()), gatherer: evil.into() };
        let reasons = [evil.to_owned(), evil.to_owned()];
        let failure = Failure::of_many(Class::Cluster, evil, reasons).advise(evil);
        let progress = Progress { doing: evil.into(), ..progress() };
        let pace = Pace {
            progress: &progress,
            items_per_second: 0,
            bytes_per_second: 0,
            stalled: None,
            now: evil.into(),
        };
        for (said, lines) in [
            (Said::Log(LogLevel::INFO, evil), 1),
            (Said::Warning(evil), 1),
            (Said::Error(evil), 1),
            (Said::Failure(&failure), 3),
            (Said::Progress(pace), 1),
            (Said::Archive(path, Wholeness::Gaps), 1),
            (Said::Recording(path), 1),
            (Said::Obfuscated(path, Counts::default()), 1),
            (Said::Fleet(Fleet::Line(evil)), 1),
            (Said::Fleet(Fleet::Index { path, complete: 1, clusters: 1 }), 1),
        ] {
            let text = said.text(&who);
            assert_eq!(text.lines().count(), lines, "{text:?}");
            assert!(text.chars().all(|c| c == '\n' || wagather_printable::is_printable(c)), "{text:?}");
            assert!(!text.lines().any(|line| line.trim_start().starts_with("pods")), "{text:?}");
            let json = said.json(&who, TIME);
            assert!(json.chars().all(wagather_printable::is_printable), "{json:?}");
            let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
            assert_eq!(value["gatherer"], evil, "no character is lost");
        }
    }
}
