//! The WASI functions that a gatherer can call. The sandbox implements them itself.
//!
//! There are no files, environment variables or sockets. Output to the standard output and error becomes log lines. The
//! clock starts at the time of the run. It advances by a microsecond with each query and by the time of each sleep, so every replay sees the
//! same times. Random numbers derive from the time and the gatherer's name, so they are not secret.

use super::memory::{bytes, bytes_mut};
use wagather_abi::LogLevel;
use wagather_abi::limits::{MAX_LOG_LINE_BYTES, MAX_WRITE_BYTES};
use wagather_module::wasi::Wasi;

/// WASI error codes.
const BADF: u32 = 8;
const FAULT: u32 = 21;
const INVAL: u32 = 28;

const NANOS_PER_MILLI: u64 = 1_000_000;
/// How far a query advances the clock.
const TICK_NANOS: u64 = 1_000;
/// How many subscriptions a `poll_oneoff` can have.
const MAX_SUBSCRIPTIONS: u32 = 1_024;

/// The state of WASI for one gatherer.
#[derive(Debug, Default)]
pub(super) struct State {
    name: String,
    /// The time of the run, in nanoseconds since 1970. `None` before the first query.
    began: Option<u64>,
    passed: u64,
    random: u64,
    lines: [Line; 2],
    exit: Option<u32>,
}

/// The output since the last line feed.
#[derive(Debug, Default)]
struct Line(Vec<u8>);

/// The broker's functions that WASI needs.
pub(super) trait Broker {
    /// The broker is gone.
    type Gone;

    /// Milliseconds since 1970.
    fn now(&mut self) -> Result<u64, Self::Gone>;

    /// Logs a line.
    fn log(&mut self, level: LogLevel, text: &[u8]) -> Result<(), Self::Gone>;
}

impl State {
    pub(super) fn new(name: String) -> State {
        State { name, ..State::default() }
    }

    /// The exit code, if the gatherer exited.
    pub(super) fn exit(&self) -> Option<u32> {
        self.exit
    }

    /// Performs a call. Returns an error code, or 0. Unused arguments are 0.
    pub(super) fn call<B: Broker>(
        &mut self,
        function: Wasi,
        args: [u64; 4],
        memory: &mut [u8],
        broker: &mut B,
    ) -> Result<u32, B::Gone> {
        let [a, b, c, d] = args.map(|arg| arg as u32);
        let done = match function {
            Wasi::args_sizes_get => words(memory, [(a, 1), (b, self.name.len() as u32 + 1)]),
            Wasi::args_get => write(memory, a, &b.to_le_bytes())
                .and_then(|()| write(memory, b, &[self.name.as_bytes(), b"\0"].concat())),
            Wasi::environ_sizes_get => words(memory, [(a, 0), (b, 0)]),
            Wasi::environ_get | Wasi::sched_yield => Ok(()),
            Wasi::clock_res_get => clock(a).and_then(|()| write(memory, b, &TICK_NANOS.to_le_bytes())),
            Wasi::clock_time_get => {
                let began = self.began(broker)?;
                self.passed = self.passed.saturating_add(TICK_NANOS);
                let time = if a == 0 { began.saturating_add(self.passed) } else { self.passed };
                clock(a).and_then(|()| write(memory, c, &time.to_le_bytes()))
            }
            Wasi::random_get => {
                if self.random == 0 {
                    self.random = seed(self.began(broker)?, &self.name);
                }
                self.fill(memory, a, b)
            }
            Wasi::fd_fdstat_get => stat(memory, a, b),
            Wasi::fd_fdstat_set_flags => {
                if a <= 2 {
                    Ok(())
                } else {
                    Err(BADF)
                }
            }
            Wasi::fd_write => return self.print(memory, [a, b, c, d], broker),
            Wasi::poll_oneoff => {
                // Absolute times need the start time.
                self.began(broker)?;
                self.poll(memory, [a, b, c, d])
            }
            Wasi::proc_exit => {
                self.exit = Some(a);
                Ok(())
            }
        };
        Ok(done.err().unwrap_or(0))
    }

    /// Logs output that has no line feed yet.
    pub(super) fn flush<B: Broker>(&mut self, broker: &mut B) -> Result<(), B::Gone> {
        for (line, level) in self.lines.iter_mut().zip(LEVELS) {
            if !line.0.is_empty() {
                broker.log(level, &std::mem::take(&mut line.0))?;
            }
        }
        Ok(())
    }

    fn began<B: Broker>(&mut self, broker: &mut B) -> Result<u64, B::Gone> {
        if let Some(began) = self.began {
            return Ok(began);
        }
        let began = broker.now()?.saturating_mul(NANOS_PER_MILLI);
        Ok(*self.began.insert(began))
    }

    fn fill(&mut self, memory: &mut [u8], ptr: u32, len: u32) -> Result<(), u32> {
        for chunk in bytes_mut(memory, ptr, len).ok_or(FAULT)?.chunks_mut(8) {
            // xorshift64*
            self.random ^= self.random >> 12;
            self.random ^= self.random << 25;
            self.random ^= self.random >> 27;
            let number = self.random.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes();
            chunk.copy_from_slice(&number[..chunk.len()]);
        }
        Ok(())
    }

    /// `fd_write`: logs the output line by line, up to a limit of bytes and pieces.
    fn print<B: Broker>(
        &mut self,
        memory: &mut [u8],
        [fd, pieces, count, written]: [u32; 4],
        broker: &mut B,
    ) -> Result<u32, B::Gone> {
        let Some(index) = fd.checked_sub(1).filter(|&index| index < 2) else { return Ok(BADF) };
        let (line, level) = (&mut self.lines[index as usize], LEVELS[index as usize]);
        let mut taken = 0;
        for piece in 0..u64::from(count) {
            let at = u64::from(pieces) + 8 * piece;
            let text = u32::try_from(at).ok().and_then(|at| {
                let (ptr, len) = (word(memory, at)?, word(memory, at.checked_add(4)?)?);
                bytes(memory, ptr, len)
            });
            let Some(text) = text else { return Ok(FAULT) };
            let text = &text[..text.len().min(MAX_WRITE_BYTES - taken)];
            taken += text.len();
            for part in text.split_inclusive(|&byte| byte == b'\n') {
                line.push(part.strip_suffix(b"\n").unwrap_or(part));
                if part.ends_with(b"\n") {
                    broker.log(level, &std::mem::take(&mut line.0))?;
                }
            }
            // Limit the number of pieces, too.
            if taken == MAX_WRITE_BYTES || piece as usize == MAX_WRITE_BYTES {
                break;
            }
        }
        Ok(write(memory, written, &(taken as u32).to_le_bytes()).err().unwrap_or(0))
    }

    /// `poll_oneoff`: advances the clock to the earliest event, and reports it. A subscription to a file fails.
    fn poll(&mut self, memory: &mut [u8], [from, to, count, ended]: [u32; 4]) -> Result<(), u32> {
        const SUBSCRIPTION: u32 = 48;
        const EVENT: u32 = 32;
        if count == 0 || count > MAX_SUBSCRIPTIONS {
            return Err(INVAL);
        }
        let waiting = bytes(memory, from, count * SUBSCRIPTION).ok_or(FAULT)?;
        bytes(memory, to, count * EVENT).ok_or(FAULT)?;
        let now = |clock: u64| {
            if clock == 0 { self.began.unwrap_or(0).saturating_add(self.passed) } else { self.passed }
        };
        let long = |one: &[u8], at: usize| u64::from_le_bytes(std::array::from_fn(|index| one[at + index]));
        // The user data, the type, and the wait; `None` for a file.
        let waits: Vec<([u8; 8], u8, Option<u64>)> = waiting
            .chunks(SUBSCRIPTION as usize)
            .map(|one| {
                let (id, until) = (long(one, 16) & 0xffff_ffff, long(one, 24));
                let is_absolute = one[40] & 1 == 1;
                let nanos = if is_absolute { until.saturating_sub(now(id)) } else { until };
                (std::array::from_fn(|index| one[index]), one[8], (one[8] == 0).then_some(nanos))
            })
            .collect();
        let first = waits.iter().map(|wait| wait.2.unwrap_or(0)).min().unwrap_or(0);
        self.passed = self.passed.saturating_add(first);
        let mut events = Vec::new();
        for (user, kind, nanos) in waits {
            let error = if nanos.is_none() { BADF as u8 } else { 0 };
            if nanos.unwrap_or(0) <= first {
                let mut event = [0; EVENT as usize];
                event[..8].copy_from_slice(&user);
                event[8] = error;
                event[10] = kind;
                events.extend(event);
            }
        }
        write(memory, to, &events)?;
        write(memory, ended, &(events.len() as u32 / EVENT).to_le_bytes())
    }
}

/// The log levels of the standard output and error.
const LEVELS: [LogLevel; 2] = [LogLevel::INFO, LogLevel::WARN];

impl Line {
    /// Appends output. One byte above the limit shows the broker that the line was cut.
    fn push(&mut self, text: &[u8]) {
        let room = (MAX_LOG_LINE_BYTES + 1).saturating_sub(self.0.len());
        self.0.extend_from_slice(&text[..text.len().min(room)]);
    }
}

fn seed(began: u64, name: &str) -> u64 {
    // FNV-1a
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64 ^ began, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash | 1
}

fn clock(id: u32) -> Result<(), u32> {
    if id <= 1 { Ok(()) } else { Err(INVAL) }
}

/// `fd_fdstat_get`: the three standard descriptors are character devices that cannot be read.
fn stat(memory: &mut [u8], fd: u32, ptr: u32) -> Result<(), u32> {
    const CHARACTER_DEVICE: u8 = 2;
    const RIGHT_TO_WRITE: u8 = 1 << 6;
    if fd > 2 {
        return Err(BADF);
    }
    let mut stat = [0; 24];
    stat[0] = CHARACTER_DEVICE;
    stat[8] = if fd == 0 { 0 } else { RIGHT_TO_WRITE };
    write(memory, ptr, &stat)
}

fn word(memory: &[u8], ptr: u32) -> Option<u32> {
    Some(u32::from_le_bytes(bytes(memory, ptr, 4)?.try_into().ok()?))
}

fn write(memory: &mut [u8], ptr: u32, contents: &[u8]) -> Result<(), u32> {
    bytes_mut(memory, ptr, contents.len() as u32).ok_or(FAULT)?.copy_from_slice(contents);
    Ok(())
}

fn words(memory: &mut [u8], all: [(u32, u32); 2]) -> Result<(), u32> {
    all.into_iter().try_for_each(|(ptr, word)| write(memory, ptr, &word.to_le_bytes()))
}
