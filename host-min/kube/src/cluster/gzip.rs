//! Takes a body out of gzip (RFC 1952), as it streams.
//!
//! An answer is complete only if its last member is complete, with the right checksum and length, and nothing but another member
//! follows. Anything else is a named error, never an early end. Memory holds a window of 32 KiB and the bytes that were read and
//! not yet decoded, however large the answer is. Budgets limit the decoded bytes. The deadline limits the time; it is checked with
//! each read of the connection.

use std::io::{self, ErrorKind, Read};

use flate2::{Crc, Decompress, FlushDecompress, Status};

/// How much of a compressed body is read at once.
const BUFFER_BYTES: usize = 16 << 10;
/// The first bytes of a member: its identification, and the only method.
const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
/// The length of a member's fixed fields: magic, method, flags, time, extra flags, system.
const HEADER_BYTES: usize = 10;
/// The length of a member's trailer: its checksum and its size.
const TRAILER_BYTES: usize = 8;
/// The longest optional fields of a member's header. API servers send none.
const MAX_FIELDS_BYTES: usize = 64 << 10;

const HAS_CRC: u8 = 1 << 1;
const HAS_EXTRA: u8 = 1 << 2;
const HAS_NAME: u8 = 1 << 3;
const HAS_COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;

/// A body that is decoded as it is read.
pub(crate) struct Gunzipped<R> {
    body: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    decoder: Decoder,
    /// The server that sent it, for messages.
    who: String,
    failure: Option<(ErrorKind, String)>,
}

impl<R: Read> Gunzipped<R> {
    pub(crate) fn new(body: R, who: &str) -> Gunzipped<R> {
        let buffer = vec![0; BUFFER_BYTES].into_boxed_slice();
        let (decoder, who) = (Decoder::new(), who.to_owned());
        Gunzipped { body, buffer, start: 0, end: 0, decoder, who, failure: None }
    }

    fn fail(&mut self, kind: ErrorKind, why: &str) -> io::Error {
        let text = format!("cannot read the response of {}: {why}", self.who);
        self.failure = Some((kind, text.clone()));
        io::Error::new(kind, text)
    }
}

impl<R: Read> Read for Gunzipped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some((kind, text)) = &self.failure {
            return Err(io::Error::new(*kind, text.clone()));
        }
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match self.decoder.decode(&self.buffer[self.start..self.end], buffer) {
                Err(why) => return Err(self.fail(ErrorKind::InvalidData, why)),
                Ok((used, given)) => {
                    self.start += used;
                    if given > 0 {
                        return Ok(given);
                    }
                }
            }
            if self.start < self.end {
                continue;
            }
            // The body's own errors are for people already, so they stay.
            (self.start, self.end) = (0, self.body.read(&mut self.buffer)?);
            if self.end == 0 {
                if self.decoder.may_end() {
                    return Ok(0);
                }
                return Err(self.fail(ErrorKind::UnexpectedEof, "its gzip data ends too early"));
            }
        }
    }
}

/// Decodes members of gzip. It only transforms bytes.
pub(super) struct Decoder {
    part: Part,
    inflate: Decompress,
    /// Of what the current member decoded to.
    sum: Crc,
    /// Of the header, of which two bytes may be kept behind it.
    header_sum: Crc,
    /// Whether a member has ended.
    is_over: bool,
}

/// The part of a member that the next byte belongs to. Headers are short, so they are read byte by byte.
enum Part {
    Header([u8; HEADER_BYTES], usize),
    /// The length of the extra field. This many of its bytes have been read.
    ExtraLength(u8, u16, usize),
    Extra(u8, u16),
    Name(u8, usize),
    Comment(u8, usize),
    HeaderCrc(u16, usize),
    Data,
    Trailer([u8; TRAILER_BYTES], usize),
}

impl Decoder {
    pub(super) fn new() -> Decoder {
        Decoder {
            part: Part::Header([0; HEADER_BYTES], 0),
            inflate: Decompress::new(false),
            sum: Crc::new(),
            header_sum: Crc::new(),
            is_over: false,
        }
    }

    /// Whether the input may end here.
    pub(super) fn may_end(&self) -> bool {
        self.is_over && matches!(self.part, Part::Header(_, 0))
    }

    /// Decodes from `input` to `output`. Gives how many bytes of each it used. It uses all of the input unless it writes output.
    pub(super) fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), &'static str> {
        let mut used = 0;
        loop {
            if matches!(self.part, Part::Data) {
                let (taken, given) = self.inflate(&input[used..], output)?;
                used += taken;
                if given > 0 || used == input.len() && matches!(self.part, Part::Data) {
                    return Ok((used, given));
                }
                continue;
            }
            let Some(byte) = input.get(used) else { return Ok((used, 0)) };
            used += 1;
            self.step(*byte)?;
        }
    }

    fn inflate(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), &'static str> {
        let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self
            .inflate
            .decompress(input, output, FlushDecompress::None)
            .map_err(|_| "its gzip data is corrupt")?;
        let used = (self.inflate.total_in() - read) as usize;
        let given = (self.inflate.total_out() - written) as usize;
        self.sum.update(&output[..given]);
        match status {
            Status::StreamEnd => self.part = Part::Trailer([0; TRAILER_BYTES], 0),
            // Neither more room nor more input would help.
            _ if used == 0 && given == 0 && !input.is_empty() => return Err("its gzip data is corrupt"),
            _ => {}
        }
        Ok((used, given))
    }

    /// Reads a byte of a header or a trailer.
    fn step(&mut self, byte: u8) -> Result<(), &'static str> {
        if !matches!(self.part, Part::Trailer(..) | Part::HeaderCrc(..)) {
            self.header_sum.update(&[byte]);
        }
        match &mut self.part {
            Part::Header(header, len) => {
                header[*len] = byte;
                *len += 1;
                if *len <= MAGIC.len() && header[..*len] != MAGIC[..*len] {
                    return Err(if self.is_over {
                        "data follows the end of its gzip data"
                    } else {
                        "it is not gzip, though its Content-Encoding says so"
                    });
                }
                if *len == HEADER_BYTES {
                    let flags = header[3];
                    if flags & RESERVED != 0 {
                        return Err("the header of its gzip data is malformed");
                    }
                    self.part = Part::after_header(flags);
                }
            }
            Part::ExtraLength(flags, extra, len) => {
                *extra |= u16::from(byte) << (8 * *len);
                *len += 1;
                if *len == 2 {
                    self.part =
                        if *extra == 0 { Part::after_extra(*flags) } else { Part::Extra(*flags, *extra) };
                }
            }
            Part::Extra(flags, left) => {
                *left -= 1;
                if *left == 0 {
                    self.part = Part::after_extra(*flags);
                }
            }
            Part::Name(_, len) | Part::Comment(_, len) if byte != 0 => {
                *len += 1;
                if *len > MAX_FIELDS_BYTES {
                    return Err("the header of its gzip data is too long");
                }
            }
            Part::Name(flags, _) => self.part = Part::after_name(*flags),
            Part::Comment(flags, _) => self.part = Part::after_comment(*flags),
            Part::HeaderCrc(said, len) => {
                *said |= u16::from(byte) << (8 * *len);
                *len += 1;
                if *len == 2 {
                    if u32::from(*said) != self.header_sum.sum() & 0xffff {
                        return Err("the checksum of its gzip header is wrong");
                    }
                    self.part = Part::Data;
                }
            }
            Part::Trailer(trailer, len) => {
                trailer[*len] = byte;
                *len += 1;
                if *len == TRAILER_BYTES {
                    let [a, b, c, d, e, f, g, h] = *trailer;
                    if u32::from_le_bytes([a, b, c, d]) != self.sum.sum() {
                        return Err("the checksum of its gzip data is wrong");
                    }
                    // Modulo 2^32, like the sum's own count.
                    if u32::from_le_bytes([e, f, g, h]) != self.sum.amount() {
                        return Err("the length of its gzip data is wrong");
                    }
                    self.next_member();
                }
            }
            Part::Data => {}
        }
        Ok(())
    }

    fn next_member(&mut self) {
        self.part = Part::Header([0; HEADER_BYTES], 0);
        self.inflate.reset(false);
        self.sum.reset();
        self.header_sum.reset();
        self.is_over = true;
    }
}

impl Part {
    fn after_header(flags: u8) -> Part {
        if flags & HAS_EXTRA != 0 { Part::ExtraLength(flags, 0, 0) } else { Part::after_extra(flags) }
    }

    fn after_extra(flags: u8) -> Part {
        if flags & HAS_NAME != 0 { Part::Name(flags, 0) } else { Part::after_name(flags) }
    }

    fn after_name(flags: u8) -> Part {
        if flags & HAS_COMMENT != 0 { Part::Comment(flags, 0) } else { Part::after_comment(flags) }
    }

    fn after_comment(flags: u8) -> Part {
        if flags & HAS_CRC != 0 { Part::HeaderCrc(0, 0) } else { Part::Data }
    }
}
