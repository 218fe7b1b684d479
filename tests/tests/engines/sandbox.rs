//! One run of a module in the sandbox, from the broker's side of the channel.
//!
//! The sandbox is the one that ships: validation, the engine's copy, the engine, the links, a separate process. Only
//! the broker is fake: it answers every call at once and records it.

use host_min::Isolation;
use std::io::ErrorKind;
use std::time::{Duration, Instant};
use wagather_sandbox::channel::{Call, Ending, Message};
use wagather_sandbox::engine::Kind;
use wagather_sandbox::{Job, process};

/// Linear memory of a run; the suite grows to 50 MiB.
pub(crate) const MEMORY_BYTES: u64 = 64 << 20;

/// What became of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// `gather` returned this.
    Returned(i32),
    /// It trapped; the engine's words.
    Trapped(String),
    /// It was not run; validation's words, or the engine's.
    Unusable(String),
    /// A signal ended its process.
    Died(i32),
    /// It said nothing for too long, and was stopped.
    Silent,
}

/// What a module did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    /// What it asked the broker for.
    pub(crate) calls: Vec<Call>,
    /// How it ended.
    pub(crate) end: End,
}

impl Ran {
    /// What it reported: the arguments of `rest_close`.
    pub(crate) fn reports(&self) -> impl Iterator<Item = u32> {
        self.calls.iter().filter_map(|call| match call {
            Call::rest_close { handle } => Some(handle.cast_unsigned()),
            _ => None,
        })
    }
}

/// A process of its own for each run, as the host that ships has it, but with both engines.
pub(crate) fn helper() -> Isolation {
    Isolation::Helper { program: env!("CARGO_BIN_EXE_sandbox-helper").into(), args: Vec::new() }
}

/// Runs a module to its end.
pub(crate) fn run(module: Vec<u8>, engine: Kind, isolation: &Isolation, silence: Duration) -> Ran {
    let job = Job { module: module.into(), memory_bytes: MEMORY_BYTES, time: silence, engine: Some(engine) };
    let mut sandbox = process::start(isolation, &job, Instant::now() + silence).expect("a sandbox");
    sandbox.channel.socket().set_read_timeout(Some(silence)).expect("a time limit");
    let (mut calls, mut frame) = (Vec::new(), Vec::new());
    let end = loop {
        if let Err(error) = sandbox.channel.receive_frame(&mut frame) {
            break match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut => End::Silent,
                _ => End::Died(sandbox.wait().signal.unwrap_or(0)),
            };
        }
        match Message::decode(&frame).expect("a frame of the channel") {
            Message::End(end) => {
                break match end.ending {
                    Ending::Returned(code) => End::Returned(code),
                    Ending::Trapped => End::Trapped(end.text),
                    Ending::Unusable => End::Unusable(end.text),
                };
            }
            Message::Call(call) => {
                let (value, bytes) = answer(&call, calls.len());
                calls.push(call);
                // A guest that is gone by now is noticed at the next frame.
                let _ = sandbox.channel.send_answer(value, &bytes);
            }
            // These get no answer.
            Message::Ready(_) | Message::Prepared | Message::Runs(_) => {}
            Message::Taken(taken) => panic!("no items were sent ahead: {taken:?}"),
        }
    };
    Ran { calls, end }
}

/// An answer that depends on nothing but the call and its place in the run.
fn answer(call: &Call, place: usize) -> (i64, Vec<u8>) {
    match call {
        Call::rest_close { .. } => (0, Vec::new()),
        Call::now {} => (1_700_000_000_000 + place as i64, Vec::new()),
        Call::param { name, buffer } => {
            let value: Vec<u8> = name.iter().rev().copied().chain([place as u8]).collect();
            let fits = value.len() <= buffer.bytes as usize;
            (value.len() as i64, if fits { value } else { Vec::new() })
        }
        _ => (place as i64 % 7 - 3, Vec::new()),
    }
}
