//! Writes a structure and what it points to as JSON, with the same bytes as the SDK's own writer.

use crate::parse::{Absence, Field, Kind, Shape};
use crate::scan::is_value;
use alloc::vec::Vec;
use wagather_abi::Status;
use wagather_abi::limits::MAX_SHAPE_DEPTH;

/// Memory that contains structures.
pub trait Memory {
    /// An address, valid or not.
    type At: Copy;

    /// The address this many bytes further; `None` if it overflows.
    fn offset(&self, at: Self::At, bytes: usize) -> Option<Self::At>;

    /// The bytes at an address; `None` if some are outside the memory. An empty range is valid anywhere.
    fn bytes(&self, at: Self::At, len: usize) -> Option<&[u8]>;

    /// Reads the address that is stored at `at`; `None` if it is 0.
    ///
    /// # Errors
    ///
    /// If `at` is outside the memory.
    fn follow(&self, at: Self::At) -> Result<Option<Self::At>, Status>;
}

/// Writes the structure at an address as JSON, of at most `most` bytes.
///
/// # Errors
///
/// [`Status::BAD_POINTER`] if it points outside the memory, [`Status::NOT_TEXT`] for a string that is not UTF-8,
/// [`Status::DECODE`] for invalid raw JSON, [`Status::TOO_LARGE`] above `most`.
pub fn write<M: Memory>(
    memory: &M,
    shape: &Shape,
    from: M::At,
    most: usize,
    out: &mut Vec<u8>,
) -> Result<(), Status> {
    out.clear();
    append(memory, shape, from, most, out)
}

/// The same, appended to existing output, which counts towards the limit.
///
/// # Errors
///
/// Those of [`write()`].
pub fn append<M: Memory>(
    memory: &M,
    shape: &Shape,
    from: M::At,
    most: usize,
    out: &mut Vec<u8>,
) -> Result<(), Status> {
    let mut writer = Writer { memory, shape, most, out };
    writer.value(shape.root, from, MAX_SHAPE_DEPTH)?;
    writer.bound(0)
}

/// Writes the structure at an address as a line: the name and the value of each field.
///
/// # Errors
///
/// Those of [`write()`], and [`Status::BAD_SHAPE`] if it is not an object.
pub fn line<M: Memory>(
    memory: &M,
    shape: &Shape,
    from: M::At,
    most: usize,
    out: &mut Vec<u8>,
) -> Result<(), Status> {
    out.clear();
    let mut writer = Writer { memory, shape, most, out };
    let Kind::Object(number) = shape.root else { return Err(Status::BAD_SHAPE) };
    writer.line(number, from, MAX_SHAPE_DEPTH)?;
    writer.bound(0)
}

struct Writer<'a, M: Memory> {
    memory: &'a M,
    shape: &'a Shape,
    most: usize,
    out: &'a mut Vec<u8>,
}

impl<'a, M: Memory> Writer<'a, M> {
    fn bound(&mut self, more: usize) -> Result<(), Status> {
        let is_had = self.out.len().saturating_add(more) <= self.most && self.out.try_reserve(more).is_ok();
        if is_had { Ok(()) } else { Err(Status::TOO_LARGE) }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Status> {
        self.bound(bytes.len())?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn at(&self, at: M::At, offset: usize) -> Result<M::At, Status> {
        self.memory.offset(at, offset).ok_or(Status::BAD_POINTER)
    }

    fn bytes<const N: usize>(&self, at: M::At) -> Result<[u8; N], Status> {
        self.memory.bytes(at, N).and_then(|bytes| bytes.try_into().ok()).ok_or(Status::BAD_POINTER)
    }

    fn number(&self, at: M::At, len: usize) -> Result<u64, Status> {
        let mut number = [0; 8];
        let bytes = self.memory.bytes(at, len).ok_or(Status::BAD_POINTER)?;
        number.get_mut(..len).ok_or(Status::BAD_POINTER)?.copy_from_slice(bytes);
        Ok(u64::from_le_bytes(number))
    }

    /// The address and the length of referenced data; no address if it is absent.
    fn pair(&self, at: M::At) -> Result<(Option<M::At>, usize), Status> {
        let width = self.shape.width.bytes();
        let len = self.number(self.at(at, width)?, width)?;
        let to = self.memory.follow(at)?;
        Ok((to, usize::try_from(len).map_err(|_| Status::BAD_POINTER)?))
    }

    /// A string, borrowed from the memory and not from this writer.
    fn text(&self, at: M::At) -> Result<&'a [u8], Status> {
        let memory = self.memory;
        match self.pair(at)? {
            (_, 0) => Ok(&[]),
            (Some(to), len) => memory.bytes(to, len).ok_or(Status::BAD_POINTER),
            (None, _) => Err(Status::BAD_POINTER),
        }
    }

    fn string(&mut self, at: M::At) -> Result<(), Status> {
        let text = self.text(at)?;
        core::str::from_utf8(text).map_err(|_| Status::NOT_TEXT)?;
        self.quoted(text)
    }

    /// A string with the necessary escapes.
    fn quoted(&mut self, text: &[u8]) -> Result<(), Status> {
        // An escape has at most six bytes, one of which replaces the byte itself.
        let escapes = text.iter().filter(|byte| is_escaped(**byte)).count();
        self.bound(escapes.saturating_mul(5).saturating_add(text.len() + 2))?;
        quoted(text, self.out);
        Ok(())
    }

    fn value(&mut self, kind: Kind, at: M::At, depth: usize) -> Result<(), Status> {
        let shape = self.shape;
        self.bound(1)?;
        match kind {
            Kind::Text | Kind::Number => self.string(at),
            Kind::Raw => {
                let text = self.text(at)?;
                if text.is_empty() {
                    return self.put(b"null");
                }
                self.bound(text.len())?;
                if core::str::from_utf8(text).is_err() || !is_value(text) {
                    return Err(Status::DECODE);
                }
                self.put(text)
            }
            Kind::Bool | Kind::MaybeBool => match self.bytes(at)? {
                [0] => self.put(b"false"),
                [2] if kind == Kind::MaybeBool => self.put(b"null"),
                [_] => self.put(b"true"),
            },
            Kind::Integer { log, is_signed } => {
                let number = self.number(at, 1 << log)?;
                let unused = 64 - (8 << log);
                let signed = (number << unused).cast_signed() >> unused;
                match is_signed && signed < 0 {
                    true => self.decimal(true, signed.unsigned_abs()),
                    false => self.decimal(false, number),
                }
            }
            Kind::Float => self.float(f64::from_le_bytes(self.bytes(at)?)),
            Kind::Enum(number) => {
                let [value] = self.bytes(at)?;
                let text = usize::from(value).checked_sub(1).and_then(|value| shape.texts(number).nth(value));
                self.quoted(text.unwrap_or_default())
            }
            Kind::Object(number) => self.object(number, at, depth),
            Kind::Away(number, _) => match self.memory.follow(at)? {
                Some(to) => self.object(number, to, depth),
                None => self.put(b"null"),
            },
            Kind::List(number) | Kind::Map(number) => {
                let depth = depth.checked_sub(1).ok_or(Status::BAD_SHAPE)?;
                let element = *shape.elements.get(number).ok_or(Status::BAD_SHAPE)?;
                let (to, count) = self.pair(at)?;
                let is_map = matches!(kind, Kind::Map(_));
                let mut separator: &[u8] = if is_map { b"{" } else { b"[" };
                let mut next = if count == 0 { None } else { Some(to.ok_or(Status::BAD_POINTER)?) };
                for index in 0..count {
                    let place = next.ok_or(Status::BAD_POINTER)?;
                    let value = self.at(place, element.offset)?;
                    let is_absent = self.is_absent(element.kind, value)?;
                    if !(is_map && is_absent) {
                        self.put(separator)?;
                        separator = b",";
                        if is_map {
                            self.string(place)?;
                            self.put(b":")?;
                        }
                        self.value(element.kind, value, depth)?;
                    } else {
                        // Elements that write nothing must end too.
                        self.memory.bytes(place, element.stride).ok_or(Status::BAD_POINTER)?;
                    }
                    if index + 1 < count {
                        next = Some(self.at(place, element.stride)?);
                    }
                }
                if separator != b"," {
                    self.put(separator)?;
                }
                self.put(if is_map { b"}" } else { b"]" })
            }
        }
    }

    /// Whether it would be `null`, which objects leave out.
    fn is_absent(&self, kind: Kind, at: M::At) -> Result<bool, Status> {
        Ok(match kind {
            Kind::Away(..) => self.memory.follow(at)?.is_none(),
            Kind::MaybeBool => self.bytes(at)? == [2],
            Kind::Raw => self.pair(at)?.1 == 0,
            _ => false,
        })
    }

    fn object(&mut self, number: usize, at: M::At, depth: usize) -> Result<(), Status> {
        let depth = depth.checked_sub(1).ok_or(Status::BAD_SHAPE)?;
        let shape = self.shape;
        let mut separator: &[u8] = b"{";
        for field in &shape.object(number).ok_or(Status::BAD_SHAPE)?.fields {
            let place = self.at(at, field.offset)?;
            if self.is_left_out(field, at, place)? {
                continue;
            }
            self.put(separator)?;
            separator = b",";
            self.quoted(shape.name(field))?;
            self.put(b":")?;
            self.value(field.kind, place, depth)?;
        }
        if separator == b"{" {
            self.put(separator)?;
        }
        self.put(b"}")
    }

    fn is_left_out(&self, field: &Field, object: M::At, place: M::At) -> Result<bool, Status> {
        Ok(match field.absence {
            Absence::AsEmpty => self.is_absent(field.kind, place)?,
            Absence::Flag(flag) => self.bytes(self.at(object, flag)?)? == [0],
            Absence::Null => self.memory.follow(place)?.is_none(),
        })
    }

    /// An object as part of a line.
    fn line(&mut self, number: usize, at: M::At, depth: usize) -> Result<(), Status> {
        let depth = depth.checked_sub(1).ok_or(Status::BAD_SHAPE)?;
        let shape = self.shape;
        for field in &shape.object(number).ok_or(Status::BAD_SHAPE)?.fields {
            let place = self.at(at, field.offset)?;
            if self.is_left_out(field, at, place)? {
                continue;
            }
            self.put(shape.name(field))?;
            match field.kind {
                Kind::Text | Kind::Number => {
                    let text = self.text(place)?;
                    core::str::from_utf8(text).map_err(|_| Status::NOT_TEXT)?;
                    self.put(text)?;
                }
                Kind::Object(number) => self.line(number, place, depth)?,
                kind => self.value(kind, place, depth)?,
            }
        }
        Ok(())
    }

    fn decimal(&mut self, is_negative: bool, mut magnitude: u64) -> Result<(), Status> {
        let (mut digits, mut begin) = ([0; 21], 21);
        loop {
            begin -= 1;
            digits[begin] = b'0' + (magnitude % 10) as u8;
            magnitude /= 10;
            if magnitude == 0 {
                break;
            }
        }
        if is_negative {
            begin -= 1;
            digits[begin] = b'-';
        }
        self.put(&digits[begin..])
    }

    /// A float with 15 significant digits, as in the SDK's own writer; `null` if it is not finite.
    fn float(&mut self, number: f64) -> Result<(), Status> {
        if !number.is_finite() {
            return self.put(b"null");
        }
        let mut magnitude = (if number < 0.0 { -number } else { number }).min(1.797_693_134_862_31e308);
        let mut exponent = 0_i64;
        if magnitude != 0.0 {
            while magnitude >= 1e15 {
                magnitude /= 10.0;
                exponent += 1;
            }
            while magnitude < 1e14 {
                magnitude *= 10.0;
                exponent -= 1;
            }
        }
        let mut digits = (magnitude + 0.5) as u64;
        while exponent < 0 && digits.is_multiple_of(10) {
            digits /= 10;
            exponent += 1;
        }
        self.decimal(number < 0.0, digits)?;
        if exponent == 0 {
            return Ok(());
        }
        self.put(b"e")?;
        self.decimal(exponent < 0, exponent.unsigned_abs())
    }
}

fn is_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn quoted(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut begin = 0;
    for (at, &byte) in text.iter().enumerate() {
        if !is_escaped(byte) {
            continue;
        }
        out.extend_from_slice(text.get(begin..at).unwrap_or_default());
        begin = at + 1;
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\r' => out.extend_from_slice(b"\\r"),
            _ => {
                let low = byte & 15;
                let low = if low < 10 { b'0' + low } else { b'a' - 10 + low };
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', b'0' + (byte >> 4), low]);
            }
        }
    }
    out.extend_from_slice(text.get(begin..).unwrap_or_default());
    out.push(b'"');
}
