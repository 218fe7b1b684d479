//! Tries to escape from a sandbox: `escape fork|helper|in-process ATTEMPT [WORD]`
//!
//! The sandbox is real: the host's own code makes and confines it. Only the engine is replaced by code that does
//! directly what a guest could do after it took over the engine. `in-process` has no sandbox: there, an attempt shows
//! that it can succeed. The program prints one line each for the active mechanisms, the result of the attempt, and
//! the end of the process.
#![allow(unsafe_code)] // the promise of having one thread

mod attempts;

use host_min::{Isolation, SingleThreaded};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use wagather_abi::LogLevel;
use wagather_sandbox::Job;
use wagather_sandbox::channel::{Call, Channel, Message};
use wagather_sandbox::process::{run_helper_with, start_with};

/// What a sandbox makes of its job, whose module is an attempt's words.
fn inmate(mut channel: Channel, job: &Job<'_>) -> Channel {
    let words = match ATTEMPT.get() {
        Some(name) => name.clone(),
        None => String::from_utf8_lossy(&job.module).into_owned(),
    };
    let mut words = words.split(' ');
    let (name, word, broker) = (words.next(), words.next(), words.next().and_then(|pid| pid.parse().ok()));
    let facts =
        attempts::Facts { word: word.unwrap_or_default(), broker: broker.unwrap_or(1), channel: &channel };
    let said = attempts::attempt(name.unwrap_or_default(), &facts);
    let _ = channel.send(&Call::log { level: LogLevel::INFO.0, text: said.into_bytes() }.encode());
    channel
}

/// The attempt of a helper whose broker is a whole host, and sends a real module.
static ATTEMPT: OnceLock<String> = OnceLock::new();

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (isolation, name, word) = match words[..] {
        ["list"] => return print(&(attempts::names().join("\n") + "\n")),
        ["helper-attempt", name] => {
            let _ = ATTEMPT.set(name.into());
            run_helper_with(inmate)
        }
        ["helper-process"] => {
            attempts::remember_maps();
            run_helper_with(inmate)
        }
        [isolation, name] => (isolation, name, "-"),
        [isolation, name, word] => (isolation, name, word),
        _ => panic!("usage: escape fork|helper|in-process ATTEMPT [WORD]"),
    };
    let isolation = match isolation {
        "fork" => {
            // SAFETY: this program starts no thread before its sandbox.
            Isolation::Fork(unsafe { SingleThreaded::promise() })
        }
        "helper" => Isolation::Helper {
            program: std::env::current_exe().expect("this program"),
            args: vec!["helper-process".into()],
        },
        "in-process" => Isolation::InProcess,
        other => panic!("'{other}' is no isolation"),
    };
    let job = Job {
        module: format!("{name} {word} {}", std::process::id()).into_bytes().into(),
        memory_bytes: 64 << 10,
        time: Duration::from_secs(word.parse().unwrap_or(20)),
        engine: None,
    };
    attempts::leave_descriptors_open();
    attempts::remember_maps();
    // More than any attempt takes; one that hangs is killed.
    let deadline = Instant::now() + Duration::from_secs(30);
    let mut sandbox = start_with(&isolation, &job, deadline, inmate).expect("a sandbox");
    sandbox.channel.set_deadline(deadline);
    let (mut text, mut frame) = (String::new(), Vec::new());
    while sandbox.channel.receive_frame(&mut frame).is_ok() {
        let _ = match Message::decode(&frame) {
            Some(Message::Ready(in_force)) => writeln!(text, "in force: {}", in_force.names(true).join(" ")),
            Some(Message::Call(Call::log { text: said, .. })) => {
                writeln!(text, "said: {}", String::from_utf8_lossy(&said))
            }
            other => writeln!(text, "sent: {other:?}"),
        };
    }
    let _ = match sandbox.wait().signal {
        Some(signal) => writeln!(text, "ended: by signal {signal}"),
        None => writeln!(text, "ended: by itself"),
    };
    print(&text);
}

fn print(text: &str) {
    std::io::stdout().write_all(text.as_bytes()).expect("a standard output");
}
