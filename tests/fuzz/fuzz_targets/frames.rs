//! Frames of the channel, which a compromised sandbox may forge, at both ends.
//!
//! Input: a byte (the size of an answer's buffer), then a stream of frames.
#![no_main]

use std::io::{ErrorKind, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use wagather_fuzz::input::Input;
use wagather_sandbox::channel::{Channel, Message};

/// What a socket takes without somebody who reads.
const MAX_STREAM_BYTES: usize = 64 << 10;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let room = usize::from(input.byte()) * 16;
    let stream = input.rest();
    let stream = &stream[..stream.len().min(MAX_STREAM_BYTES)];

    // The broker's end: the frames that are there, then one error.
    let mut broker = holding(stream);
    let (mut rest, mut frame) = (stream, Vec::new());
    loop {
        let expected = next_frame(&mut rest, 0, (1 << 20) + (64 << 10));
        match broker.receive_frame(&mut frame) {
            Ok(()) => {
                assert_eq!(Ok(&*frame), expected);
                message(&frame);
            }
            Err(error) => {
                assert_eq!(Err(error.kind()), expected);
                break;
            }
        }
    }
    message(stream);

    // The sandbox's end: answers into a buffer of the guest's, and the job.
    let mut sandbox = holding(stream);
    let (mut rest, mut buffer) = (stream, vec![0; room]);
    loop {
        let expected = next_frame(&mut rest, 8, 8 + room);
        match sandbox.receive_answer(&mut buffer) {
            Ok((value, len)) => {
                let expected = expected.expect("a frame");
                assert_eq!(value.to_le_bytes(), expected[..8]);
                assert_eq!(buffer[..len], expected[8..]);
                answer(value, &buffer[..len]);
            }
            Err(error) => {
                assert_eq!(Err(error.kind()), expected);
                break;
            }
        }
    }
    if let Ok(job) = holding(stream).receive_job() {
        let (ours, theirs) = UnixStream::pair().expect("a socket pair");
        Channel::new(ours).send_job(&job).expect("a job that fits");
        let again = Channel::new(theirs).receive_job().expect("the job");
        assert_eq!(again, job);
    }
});

/// A channel with a stream waiting in it, and then its end.
fn holding(stream: &[u8]) -> Channel {
    let (ours, mut theirs) = UnixStream::pair().expect("a socket pair");
    theirs.write_all(stream).expect("room for the stream");
    theirs.shutdown(Shutdown::Write).expect("an end");
    Channel::new(ours)
}

/// The next frame by its definition: a length within limits, and that many bytes.
fn next_frame<'a>(rest: &mut &'a [u8], least: usize, most: usize) -> Result<&'a [u8], ErrorKind> {
    let (len, after) = rest.split_first_chunk::<4>().ok_or(ErrorKind::UnexpectedEof)?;
    let len = u32::from_le_bytes(*len) as usize;
    if len > most || len < least {
        return Err(ErrorKind::InvalidData);
    }
    let (frame, after) = after.split_at_checked(len).ok_or(ErrorKind::UnexpectedEof)?;
    *rest = after;
    Ok(frame)
}

/// What decodes is what `encode` makes, to the byte.
fn message(frame: &[u8]) {
    if let Some(message) = Message::decode(frame) {
        assert_eq!(&message.encode()[4..], frame, "{message:?}");
    }
}

fn answer(value: i64, bytes: &[u8]) {
    let (ours, theirs) = UnixStream::pair().expect("a socket pair");
    Channel::new(ours).send_answer(value, bytes).expect("an answer that fits");
    let mut buffer = vec![0; bytes.len()];
    let got = Channel::new(theirs).receive_answer(&mut buffer).expect("the answer");
    assert_eq!((got, &*buffer), ((value, bytes.len()), bytes));
}
