//! What a program and its zygote say to each other. Both are the same program, so that there is no version.

use super::super::Job;
use super::super::channel::{decode_job, encode_job};
use super::passing;
use std::io::{self, Read, Write};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use wagather_base::fork::{Exit, Pid};
use wagather_base::limits::MAX_MODULE_BYTES;

/// What the program asks for.
pub(super) enum Order<'a> {
    /// A sandbox for this job, with the socket that comes along.
    Start(Job<'a>),
    /// The end of a sandbox.
    End(Pid),
}

/// What the zygote answers.
pub(super) enum Answer {
    /// The number of the sandbox.
    Started(Pid),
    /// There is no sandbox, because the kernel gave no process for it. This is the number of its error.
    NotStarted(i32),
    /// How the sandbox ended.
    Ended(Exit),
}

/// A kind, and two numbers.
type Head = [u8; 16];

const START: u8 = 0;
const END: u8 = 1;
const NOT_STARTED: u8 = 2;

fn head(kind: u8, short: u32, long: u64) -> Head {
    let mut head = [0; 16];
    head[0] = kind;
    head[4..8].copy_from_slice(&short.to_le_bytes());
    head[8..].copy_from_slice(&long.to_le_bytes());
    head
}

fn parts(head: &Head) -> (u8, u32, u64) {
    let [kind, _, _, _, a, b, c, d, long @ ..] = *head;
    (kind, u32::from_le_bytes([a, b, c, d]), u64::from_le_bytes(long))
}

fn invalid() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

impl Order<'_> {
    pub(super) fn send(&self, socket: &mut UnixStream, passed: Option<BorrowedFd<'_>>) -> io::Result<()> {
        match self {
            Order::End(pid) => socket.write_all(&head(END, pid.cast_unsigned(), 0)),
            Order::Start(job) => {
                let job = encode_job(job);
                passing::send(socket, &head(START, 0, job.len() as u64), passed)?;
                socket.write_all(&job)
            }
        }
    }

    pub(super) fn receive(socket: &mut UnixStream) -> io::Result<(Order<'static>, Option<OwnedFd>)> {
        let mut received = [0; 16];
        let passed = passing::receive(socket, &mut received)?;
        let (kind, short, long) = parts(&received);
        let order = match kind {
            START => {
                let len = usize::try_from(long).ok().filter(|len| *len <= MAX_MODULE_BYTES as usize + 64);
                let mut frame = vec![0; len.ok_or_else(invalid)?];
                socket.read_exact(&mut frame)?;
                Order::Start(decode_job(frame.get(4..).unwrap_or_default()).ok_or_else(invalid)?)
            }
            END => Order::End(short.cast_signed()),
            _ => return Err(invalid()),
        };
        Ok((order, passed))
    }
}

impl Answer {
    pub(super) fn send(&self, socket: &mut UnixStream) -> io::Result<()> {
        socket.write_all(&match self {
            Answer::Started(pid) => head(START, pid.cast_unsigned(), 0),
            Answer::NotStarted(error) => head(NOT_STARTED, error.cast_unsigned(), 0),
            Answer::Ended(exit) => head(END, exit.signal.map_or(0, i32::cast_unsigned), exit.peak_rss_bytes),
        })
    }

    pub(super) fn receive(socket: &mut UnixStream) -> io::Result<Answer> {
        let mut received = [0; 16];
        socket.read_exact(&mut received)?;
        match parts(&received) {
            (START, pid, _) => Ok(Answer::Started(pid.cast_signed())),
            (NOT_STARTED, error, _) => Ok(Answer::NotStarted(error.cast_signed())),
            (END, signal, peak_rss_bytes) => {
                let signal = Some(signal.cast_signed()).filter(|signal| *signal != 0);
                Ok(Answer::Ended(Exit { signal, peak_rss_bytes }))
            }
            _ => Err(invalid()),
        }
    }
}
