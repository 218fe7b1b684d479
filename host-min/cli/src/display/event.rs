//! The events of a run, as text for people or as JSON lines for programs. docs/output.md specifies the JSON.
//!
//! It is pure: an event goes in, a line comes out.

use super::delivery;
use super::fleet::Fleet;
use super::object::Object;
use super::subject::Subject;
use super::{format, summary};
use std::path::Path;
use std::time::Duration;
use wagather_abi::LogLevel;
use wagather_base::error::Failure;
use wagather_broker::findings::Severity;
use wagather_broker::{Phase, Progress};
use wagather_deliver::Step;
use wagather_json::obfuscate::Counts;
use wagather_printable::Line;
use wagather_run::clusters::Sums;

/// The format of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Lines for people.
    #[default]
    Text,
    /// JSON lines for programs.
    Json,
}

/// Something that happened in a run.
pub enum Event<'a> {
    /// A gatherer logged a line.
    Log(LogLevel, &'a str),
    /// The grant withheld or hid something.
    Grant(&'a str),
    /// A warning.
    Warning(&'a str),
    /// An error: something is missing.
    Error(&'a str),
    /// A finding of a gatherer.
    Finding(Severity, &'a str),
    /// A failure, which decides the exit code.
    Failure(&'a Failure),
    /// The progress of a gatherer.
    Progress(Pace<'a>),
    /// The summary of a gatherer.
    Summary(&'a Sums),
    /// A module came from a registry, with this digest.
    Pulled(&'a str),
    /// The archive was written.
    Archive(&'a Path, Completeness),
    /// The recording was written.
    Recording(&'a Path),
    /// The obfuscation map was written.
    Obfuscated(&'a Path, Counts),
    /// An event of a run of several clusters.
    Fleet(Fleet<'a>),
    /// An event of a delivery.
    Delivery(&'a Step<'a>),
}

/// How complete an archive is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// Everything that was asked for is there.
    Complete,
    /// Something that was requested is missing, and a retry would not bring it.
    Gaps,
    /// A gatherer failed, or something it read broke off.
    Incomplete,
}

/// The progress of a gatherer, and its rates.
pub struct Pace<'a> {
    pub progress: &'a Progress,
    pub items_per_second: u64,
    pub bytes_per_second: u64,
    /// How long nothing has changed, if that is long.
    pub stalled: Option<Duration>,
    /// What it is doing, in words.
    pub now: String,
}

impl Event<'_> {
    /// The text for people, without the end of the line. A failure can have several lines. Foreign text is escaped, so that it stays within one line.
    pub(super) fn text(&self, who: &Subject) -> String {
        let (who, message) = (who.prefix(), self.message());
        let line = match self {
            Event::Log(level, _) => format!("{who}{}: {message}", level.name()),
            Event::Warning(_) => format!("{who}warning: {message}"),
            Event::Error(_) => format!("{who}error: {message}"),
            Event::Finding(severity, _) => format!("{who}finding ({}): {message}", severity.name()),
            // A failure escapes its own lines.
            Event::Delivery(step) if delivery::level(step) == "warn" => format!("{who}warning: {message}"),
            Event::Failure(failure) => return format!("{}error: {failure}", Line(&who)),
            _ => who + &message,
        };
        Line(line).to_string()
    }

    fn message(&self) -> String {
        match self {
            Event::Log(_, text)
            | Event::Grant(text)
            | Event::Warning(text)
            | Event::Error(text)
            | Event::Finding(_, text) => (*text).to_owned(),
            Event::Failure(failure) => format!("{}: {}", failure.attempt, failure.reason),
            Event::Progress(pace) => pace.message(),
            Event::Summary(sums) => summary::message(sums),
            Event::Pulled(reference) => format!("pulled {reference}"),
            Event::Archive(path, Completeness::Complete) => format!("wrote {}", path.display()),
            Event::Archive(path, Completeness::Gaps) => format!("wrote {}, with gaps", path.display()),
            Event::Archive(path, Completeness::Incomplete) => format!("incomplete: {}", path.display()),
            Event::Recording(path) => format!("recorded to {}", path.display()),
            Event::Obfuscated(path, counts) => {
                format!(
                    "obfuscated {}; the map, which you must keep private: {}",
                    kinds(counts),
                    path.display()
                )
            }
            Event::Fleet(event) => event.message(),
            Event::Delivery(step) => delivery::message(step),
        }
    }

    fn level(&self) -> &'static str {
        match self {
            Event::Log(level, _) => level.name(),
            Event::Warning(_) | Event::Archive(_, Completeness::Gaps | Completeness::Incomplete) => "warn",
            Event::Error(_) | Event::Failure(_) => "error",
            Event::Summary(sums) if summary::status(sums) == "gaps" => "warn",
            Event::Summary(sums) if !sums.complete => "error",
            Event::Finding(Severity::Error | Severity::Warning, _) => "warn",
            Event::Fleet(event) => event.level(),
            Event::Delivery(step) => delivery::level(step),
            _ => "info",
        }
    }

    const fn event(&self) -> &'static str {
        match self {
            Event::Log(..) => "log",
            Event::Grant(_) => "grant",
            Event::Warning(_) => "warning",
            Event::Error(_) => "error",
            Event::Finding(..) => "finding",
            Event::Failure(_) => "failure",
            Event::Progress(_) => "progress",
            Event::Summary(_) => "summary",
            Event::Pulled(_) => "pulled",
            Event::Archive(..) => "archive",
            Event::Recording(_) => "recording",
            Event::Obfuscated(..) => "obfuscation",
            Event::Fleet(event) => event.event(),
            Event::Delivery(_) => "delivery",
        }
    }

    /// The JSON line for programs, without its end. The time is RFC 3339.
    pub(super) fn json(&self, who: &Subject, time: &str) -> String {
        let mut object = Object::new();
        object.text("time", time);
        object.text("level", self.level());
        object.text("event", self.event());
        object.text_if_any("context", who.context.as_deref().unwrap_or_default());
        object.text_if_any("gatherer", &who.gatherer);
        object.text("message", &self.message());
        match self {
            Event::Log(..) | Event::Grant(_) | Event::Warning(_) | Event::Error(_) => {}
            Event::Finding(severity, _) => object.text("severity", severity.name()),
            Event::Failure(failure) => {
                object.text("class", failure.class.name());
                object.text("attempt", &failure.attempt);
                object.text("reason", &failure.reason);
                object.texts_if_any("more", &failure.more);
                object.text_if_any("advice", &failure.advice);
                object.number("exitCode", failure.class.exit_code().into());
            }
            Event::Progress(pace) => pace.put(&mut object),
            Event::Summary(sums) => summary::put(sums, &mut object),
            Event::Archive(path, wholeness) => {
                object.text("path", &path.to_string_lossy());
                let is_complete = *wholeness == Completeness::Complete;
                object.value("complete", if is_complete { "true" } else { "false" });
            }
            Event::Pulled(reference) => object.text("reference", reference),
            Event::Recording(path) => object.text("path", &path.to_string_lossy()),
            Event::Obfuscated(path, counts) => {
                object.text("path", &path.to_string_lossy());
                for (kind, count) in counts.named() {
                    object.value(kind, &count.to_string());
                }
            }
            Event::Fleet(event) => event.put(&mut object),
            Event::Delivery(step) => delivery::put(step, &mut object),
        }
        object.end()
    }
}

/// `12 ipv4, 0 ipv6`, for the kinds that were obfuscated.
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
    use wagather_base::error::Class;

    const TIME: &str = "2024-05-02T11:00:00.000Z";

    fn pods() -> Subject {
        Subject { context: None, gatherer: "pods".into() }
    }

    fn in_prod() -> Subject {
        Subject { context: Some("prod".into()), ..pods() }
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
        let run = Subject::default();
        for (event, who, text, json) in [
            (
                Event::Log(LogLevel::INFO, "hello"),
                pods(),
                "pods: info: hello",
                r#""level":"info","event":"log","gatherer":"pods","message":"hello"}"#,
            ),
            (
                Event::Warning("odd"),
                in_prod(),
                "prod/pods: warning: odd",
                r#""level":"warn","event":"warning","context":"prod","gatherer":"pods","message":"odd"}"#,
            ),
            (
                Event::Warning("odd"),
                run.clone(),
                "warning: odd",
                r#""level":"warn","event":"warning","message":"odd"}"#,
            ),
            (
                Event::Error("gone"),
                pods(),
                "pods: error: gone",
                r#""level":"error","event":"error","gatherer":"pods","message":"gone"}"#,
            ),
            (
                Event::Failure(&failure),
                run.clone(),
                "error: the gatherer pods failed: HTTP 403: \"no\"\n  grant it",
                r#""level":"error","event":"failure","message":"the gatherer pods failed: HTTP 403: \"no\"","class":"cluster","attempt":"the gatherer pods failed","reason":"HTTP 403: \"no\"","advice":"grant it","exitCode":5}"#,
            ),
            (
                Event::Progress(pace(None)),
                pods(),
                "pods: running, 2,500 items, 5 requests, 17.0 MB received, 1,250 items/s, 8.5 MB/s, 2.1 s: list v1/pods",
                r#""level":"info","event":"progress","gatherer":"pods","message":"running, 2,500 items, 5 requests, 17.0 MB received, 1,250 items/s, 8.5 MB/s, 2.1 s: list v1/pods","phase":"running","items":2500,"itemsPerSecond":1250,"requests":5,"bytesReceived":17000000,"bytesPerSecond":8500000,"elapsedMs":2100,"doing":"list v1/pods","awaitsServer":true}"#,
            ),
            (
                Event::Summary(&sums),
                pods(),
                "pods: failed: 5,000 items, 10 requests, 33.9 MB received, 1 file, 999 B archived, 1.2 s",
                r#""level":"error","event":"summary","gatherer":"pods","message":"failed: 5,000 items, 10 requests, 33.9 MB received, 1 file, 999 B archived, 1.2 s","status":"failed","items":5000,"requests":10,"bytesReceived":33940000,"entries":1,"bytesArchived":999,"durationMs":1234.567}"#,
            ),
            (
                Event::Archive(Path::new("out.tar.gz"), Completeness::Complete),
                run.clone(),
                "wrote out.tar.gz",
                r#""level":"info","event":"archive","message":"wrote out.tar.gz","path":"out.tar.gz","complete":true}"#,
            ),
            (
                Event::Archive(Path::new("out.incomplete"), Completeness::Incomplete),
                run.clone(),
                "incomplete: out.incomplete",
                r#""level":"warn","event":"archive","message":"incomplete: out.incomplete","path":"out.incomplete","complete":false}"#,
            ),
            (
                Event::Obfuscated(
                    Path::new("out.tar.gz.obfuscation.json"),
                    Counts { ipv4: Some(12), ipv6: Some(0), mac: None, domain: Some(1) },
                ),
                run.clone(),
                "obfuscated 12 ipv4, 0 ipv6, 1 domain; the map, which you must keep private: out.tar.gz.obfuscation.json",
                r#""level":"info","event":"obfuscation","message":"obfuscated 12 ipv4, 0 ipv6, 1 domain; the map, which you must keep private: out.tar.gz.obfuscation.json","path":"out.tar.gz.obfuscation.json","ipv4":12,"ipv6":0,"domain":1}"#,
            ),
            (
                Event::Fleet(Fleet::Line("enter the code")),
                Subject { context: Some("prod".into()), gatherer: String::new() },
                "prod: enter the code",
                r#""level":"info","event":"line","context":"prod","message":"enter the code"}"#,
            ),
            (
                Event::Fleet(Fleet::Index { path: Path::new("all/index.json"), complete: 2, clusters: 3 }),
                run.clone(),
                "wrote all/index.json: 2 of 3 clusters complete",
                r#""level":"warn","event":"index","message":"wrote all/index.json: 2 of 3 clusters complete","path":"all/index.json","complete":2,"clusters":3}"#,
            ),
            (
                Event::Recording(Path::new("a.har")),
                run.clone(),
                "recorded to a.har",
                r#""level":"info","event":"recording","message":"recorded to a.har","path":"a.har"}"#,
            ),
        ] {
            assert_eq!(event.text(&who), text);
            assert_eq!(event.json(&who, TIME), format!(r#"{{"time":"{TIME}",{json}"#));
        }
        let stalled = Event::Progress(pace(Some(7))).json(&pods(), TIME);
        assert!(stalled.ends_with(r#""awaitsServer":true,"stalledMs":7000}"#), "{stalled}");
    }

    #[test]
    fn what_others_said_stays_in_its_line() {
        let evil = "\u{1b}[2J\u{9b}\r\npods: info: forged\u{202e}";
        let path = Path::new(evil);
        let who = Subject { context: Some(evil.into()), gatherer: evil.into() };
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
        for (event, lines) in [
            (Event::Log(LogLevel::INFO, evil), 1),
            (Event::Warning(evil), 1),
            (Event::Error(evil), 1),
            (Event::Failure(&failure), 3),
            (Event::Progress(pace), 1),
            (Event::Archive(path, Completeness::Gaps), 1),
            (Event::Recording(path), 1),
            (Event::Obfuscated(path, Counts::default()), 1),
            (Event::Fleet(Fleet::Line(evil)), 1),
            (Event::Fleet(Fleet::Index { path, complete: 1, clusters: 1 }), 1),
        ] {
            let text = event.text(&who);
            assert_eq!(text.lines().count(), lines, "{text:?}");
            assert!(text.chars().all(|c| c == '\n' || wagather_printable::is_printable(c)), "{text:?}");
            assert!(!text.lines().any(|line| line.trim_start().starts_with("pods")), "{text:?}");
            let json = event.json(&who, TIME);
            assert!(json.chars().all(wagather_printable::is_printable), "{json:?}");
            let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
            assert_eq!(value["gatherer"], evil, "no character is lost");
        }
    }
}
