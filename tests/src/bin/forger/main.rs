//! A sandbox helper in which some guests have taken over the engine.
//!
//! Any program that is started as a helper can be one: its stdin is the channel, over which it gets its job. A guest
//! whose gatherer is called `forged-…` represents a compromised sandbox, and the rest of the name selects its
//! behaviour: see [`scenarios`]. Any other guest runs normally, so a run can have both.
//!
//! Elsewhere: the expected results, in `tests/forged.rs`.

mod scenarios;

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;
use tests::forged;
use wagather_base::limits::MAX_MODULE_BYTES;
use wagather_sandbox::Job;
use wagather_sandbox::channel::{Call, Channel, End, Ending, Message};
use wagather_sandbox::in_force::InForce;
use wagather_sandbox::process::run_unconfined;

fn main() {
    let stdin = io::stdin();
    let descriptor = stdin.as_fd().try_clone_to_owned().expect("a descriptor");
    let mut socket = UnixStream::from(descriptor);
    let job = receive_job(&mut socket).expect("a job");
    match scenario(&job.module) {
        None => run_unconfined(socket, &job),
        Some(name) => {
            let copy = socket.try_clone().expect("a copy");
            let mut forger = Forger { socket: copy, channel: Channel::new(socket), answer: vec![0; 8 << 20] };
            forger.hello();
            if let Some(number) = name.strip_prefix("malformed-") {
                forger.send(&forged::malformed()[number.parse::<usize>().expect("a number")].1);
                forger.stay();
            }
            let known = scenarios::ALL.iter().find(|(known, _)| *known == name);
            // Ends this process without a word, which no test expects.
            known.unwrap_or_else(|| panic!("there is no scenario '{name}'")).1(&mut forger);
        }
    }
}

/// The frame that a broker sends first. Read byte by byte, without a buffer: what follows is the engine's.
fn receive_job(socket: &mut UnixStream) -> io::Result<Job<'static>> {
    let mut word = [0; 4];
    socket.read_exact(&mut word)?;
    let len = u64::from(u32::from_le_bytes(word));
    assert!(len <= MAX_MODULE_BYTES + 64, "a job of {len} bytes");
    let mut frame = vec![0; len as usize];
    socket.read_exact(&mut frame)?;
    // The engine's number, the memory as eight bytes behind their length, the time as seconds alike and nanoseconds, the
    // module behind its length.
    let number = |at: usize| u64::from_le_bytes(frame[at..at + 8].try_into().expect("eight bytes"));
    let (memory_bytes, time) = (number(5), Duration::from_secs(number(17)));
    Ok(Job { module: frame[33..].to_vec().into(), memory_bytes, time, engine: None })
}

/// What the module says that it does, if it is one that broke out.
fn scenario(module: &[u8]) -> Option<String> {
    let manifest = wagather_module::manifest_bytes(module).ok()?;
    let name = std::str::from_utf8(manifest).ok()?.split(' ').nth(2)?;
    name.strip_prefix(forged::PREFIX).map(str::to_owned)
}

/// The sandbox's end of the channel, in the wrong hands.
pub(crate) struct Forger {
    /// For bytes that are no frames.
    socket: UnixStream,
    channel: Channel,
    /// Room for the largest answer.
    answer: Vec<u8>,
}

impl Forger {
    /// What a sound sandbox says before its guest's first call, which is nothing.
    fn hello(&mut self) {
        self.send(&Message::Ready(InForce::NONE).encode());
    }

    /// Sends bytes as they are. The broker may have hung up by then.
    fn send(&mut self, bytes: &[u8]) {
        let _ = self.socket.write_all(bytes);
    }

    /// Makes a call as an engine does, and gives its value.
    fn call(&mut self, call: &Call) -> i64 {
        self.send(&call.encode());
        match self.channel.receive_answer(&mut self.answer) {
            Ok((value, _)) => value,
            Err(_) => std::process::exit(0),
        }
    }

    /// Makes a call that must get that value; says so and ends if it does not.
    fn expect(&mut self, what: &str, call: &Call, value: i64) {
        let got = self.call(call);
        if got != value {
            self.end(Ending::Trapped, &format!("{what} got {got}, not {value}"));
        }
    }

    /// The last frame, and the end of this process.
    fn end(&mut self, ending: Ending, text: &str) -> ! {
        self.send(&Message::End(End { ending, text: text.into(), memory_bytes: 1 << 16 }).encode());
        std::process::exit(0)
    }

    /// Neither speaks nor listens nor ends, until it is killed.
    fn stay(&self) -> ! {
        loop {
            std::thread::sleep(Duration::from_secs(1));
        }
    }
}
