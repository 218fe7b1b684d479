//! Decodes JSON into a structure and the data that it points to.

use crate::parse::{Absence, EMPTY_AT, Field, Kind, Object, Shape};
use crate::scan::{Malformed, Scanner, is_value, unescape};
use alloc::vec::Vec;
use wagather_abi::limits::MAX_SHAPE_DEPTH;
use wagather_abi::place::Wanted;

/// The reason why an item could not be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// It does not match: the offset in the item, and the expected type.
    Misfit(u32, Wanted),
    /// The result would exceed the limit.
    TooLarge,
}

/// Buffers that are reused for each item.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The result: the structure and what it points to.
    out: Vec<u8>,
    /// Incomplete structures, one after another.
    values: Vec<u8>,
    /// The last string with escapes.
    text: Vec<u8>,
}

impl Scratch {
    /// The bytes that it holds.
    pub fn capacity(&self) -> usize {
        self.out.capacity() + self.values.capacity() + self.text.capacity()
    }

    /// Frees memory that few items need.
    pub fn trim(&mut self, bytes: usize) {
        for part in [&mut self.out, &mut self.values, &mut self.text] {
            if part.capacity() > bytes {
                *part = Vec::new();
            }
        }
    }
}

/// Decodes an item into an arena that begins at the address `base`, a multiple of 8. It contains the structure,
/// followed by what the structure points to. Its length is a multiple of 8 and at most `most`.
///
/// # Errors
///
/// If the item is not JSON of this shape, or its arena would exceed `most`.
pub fn decode<'a>(
    item: &[u8],
    shape: &Shape,
    base: u64,
    most: usize,
    scratch: &'a mut Scratch,
) -> Result<&'a mut [u8], Failed> {
    let Ok(item) = core::str::from_utf8(item) else { return Err(Failed::Misfit(0, Wanted::UNSAID)) };
    scratch.out.clear();
    scratch.values.clear();
    let mut decoder = Decoder {
        scanner: Scanner::new(item.as_bytes()),
        shape,
        base,
        most,
        scratch,
        failed: Failed::Misfit(0, shape.root.wanted()),
    };
    match decoder.whole() {
        Ok(()) => Ok(&mut scratch.out),
        Err(Stop) => Err(decoder.failed),
    }
}

/// An error occurred, and the decoder has recorded it.
struct Stop;

struct Decoder<'a> {
    scanner: Scanner<'a>,
    shape: &'a Shape,
    base: u64,
    most: usize,
    scratch: &'a mut Scratch,
    /// The error, if one occurs.
    failed: Failed,
}

impl From<Malformed> for Stop {
    fn from(_: Malformed) -> Stop {
        Stop
    }
}

impl<'a> Decoder<'a> {
    fn whole(&mut self) -> Result<(), Stop> {
        let Shape { size, root, .. } = *self.shape;
        let room = size.next_multiple_of(8);
        self.bound(2 * room)?;
        self.scratch.out.resize(room, 0);
        self.scratch.values.resize(size, 0);
        self.empty(root, 0)?;
        self.value(root, 0, MAX_SHAPE_DEPTH)?;
        if self.scanner.peek().is_some() {
            return Err(self.misfit(Wanted::UNSAID));
        }
        let Scratch { out, values, .. } = &mut *self.scratch;
        let structure = values.get(..size).ok_or(Stop)?;
        out.get_mut(..size).ok_or(Stop)?.copy_from_slice(structure);
        self.align(8)
    }

    /// The current value does not match.
    fn misfit(&mut self, wanted: Wanted) -> Stop {
        self.failed = Failed::Misfit(self.scanner.at as u32, wanted);
        Stop
    }

    /// Checks that this many more bytes are within the limit.
    fn bound(&mut self, more: usize) -> Result<(), Stop> {
        let Scratch { out, values, .. } = &mut *self.scratch;
        let whole = out.len().saturating_add(values.len()).saturating_add(more);
        // Allocate memory in steps, and not more than the input can fill.
        let is_had = whole <= self.most
            && out.try_reserve(more.min(self.most)).is_ok()
            && values.try_reserve(more.min(self.most)).is_ok();
        if is_had {
            return Ok(());
        }
        self.failed = Failed::TooLarge;
        Err(Stop)
    }

    fn place(&mut self, at: usize, len: usize) -> Result<&mut [u8], Stop> {
        let end = at.checked_add(len).ok_or(Stop)?;
        self.scratch.values.get_mut(at..end).ok_or(Stop)
    }

    fn put(&mut self, at: usize, bytes: &[u8]) -> Result<(), Stop> {
        self.place(at, bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    /// The address in the guest's memory of an offset in the arena.
    fn address(&self, at: usize) -> u64 {
        self.base.wrapping_add(at as u64)
    }

    fn put_word(&mut self, at: usize, word: u64) -> Result<(), Stop> {
        let bytes = word.to_le_bytes();
        let width = self.shape.width.bytes();
        self.put(at, bytes.get(..width).ok_or(Stop)?)
    }

    fn put_pair(&mut self, at: usize, address: u64, len: usize) -> Result<(), Stop> {
        self.put_word(at, address)?;
        self.put_word(at + self.shape.width.bytes(), len as u64)
    }

    fn align(&mut self, to: usize) -> Result<(), Stop> {
        let len = self.scratch.out.len().next_multiple_of(to);
        self.bound(len - self.scratch.out.len())?;
        self.scratch.out.resize(len, 0);
        Ok(())
    }

    /// Writes a string to the arena, and its address and length to their place.
    fn text(&mut self, at: usize, text: &[u8]) -> Result<(), Stop> {
        if text.is_empty() {
            return self.put_pair(at, EMPTY_AT.into(), 0);
        }
        self.bound(text.len())?;
        let address = self.address(self.scratch.out.len());
        self.scratch.out.extend_from_slice(text);
        self.put_pair(at, address, text.len())
    }

    /// Decodes the current string to its place.
    fn string(&mut self, at: usize) -> Result<(), Stop> {
        let (inner, is_plain) = self.scanner.string()?;
        if is_plain {
            return self.text(at, inner);
        }
        let mut text = core::mem::take(&mut self.scratch.text);
        text.clear();
        let put = unescape(inner, &mut text).map_err(Stop::from).and_then(|()| self.text(at, &text));
        self.scratch.text = text;
        put
    }

    /// Writes the empty value.
    fn empty(&mut self, kind: Kind, at: usize) -> Result<(), Stop> {
        let shape = self.shape;
        match kind {
            Kind::Object(number) => self.put(at, &shape.object(number).ok_or(Stop)?.template),
            Kind::Text | Kind::Raw | Kind::Number | Kind::List(_) | Kind::Map(_) => {
                self.put_pair(at, EMPTY_AT.into(), 0)
            }
            Kind::MaybeBool => self.put(at, &[2]),
            _ => Ok(()),
        }
    }

    fn value(&mut self, kind: Kind, at: usize, depth: usize) -> Result<(), Stop> {
        let first = self.scanner.peek();
        // The error, unless a nested value causes another one.
        let stop = self.misfit(kind.wanted());
        match (kind, first) {
            (Kind::Text, Some(b'"')) => self.string(at),
            (Kind::Number, Some(b'"')) => self.string(at),
            (Kind::Number, Some(b'-' | b'0'..=b'9')) => {
                let (text, _) = self.scanner.number()?;
                self.text(at, text)
            }
            (Kind::Raw, Some(_)) => {
                let begin = self.scanner.at;
                self.scanner.skip()?;
                let text = self.scanner.text.get(begin..self.scanner.at).unwrap_or_default();
                if is_value(text) { self.text(at, text) } else { Err(Stop) }
            }
            (Kind::Bool | Kind::MaybeBool, Some(letter @ (b't' | b'f'))) => {
                let is_true = letter == b't';
                self.scanner.word(if is_true { b"true" } else { b"false" })?;
                self.put(at, &[is_true.into()])
            }
            (Kind::Integer { log, is_signed }, Some(b'-' | b'0'..=b'9')) => {
                let (text, is_whole) = self.scanner.number()?;
                let number = core::str::from_utf8(text).ok().filter(|_| is_whole).ok_or(Stop)?;
                let number = integer(number, log, is_signed).ok_or(Stop)?.to_le_bytes();
                self.put(at, number.get(..1 << log).ok_or(Stop)?)
            }
            (Kind::Float, Some(b'-' | b'0'..=b'9')) => {
                let (text, _) = self.scanner.number()?;
                let number: Option<f64> = core::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
                let number = number.filter(|number| number.is_finite()).ok_or(Stop)?;
                self.put(at, &number.to_le_bytes())
            }
            (Kind::Enum(number), Some(b'"')) => {
                let (inner, is_plain) = self.scanner.string()?;
                let mut text = core::mem::take(&mut self.scratch.text);
                text.clear();
                let known = match is_plain {
                    true => self.shape.texts(number).position(|known| known == inner),
                    false => {
                        unescape(inner, &mut text)?;
                        self.shape.texts(number).position(|known| known == text)
                    }
                };
                self.scratch.text = text;
                self.put(at, &[known.map_or(0, |known| known as u8 + 1)])
            }
            (Kind::Object(number), Some(b'{')) => {
                self.object(self.shape.object(number).ok_or(Stop)?, at, depth)
            }
            (Kind::Away(number, size), Some(b'{')) => {
                let shape = self.shape;
                let object = shape.object(number).ok_or(Stop)?;
                let begin = self.begin(size)?;
                self.put(begin, &object.template)?;
                self.object(object, begin, depth)?;
                let address = self.finish(begin)?;
                self.put_word(at, address)
            }
            (Kind::List(number) | Kind::Map(number), Some(open @ (b'[' | b'{')))
                if (open == b'[') == matches!(kind, Kind::List(_)) =>
            {
                self.list(number, open, at, depth)
            }
            _ => Err(stop),
        }
    }

    /// Allocates space for an incomplete structure.
    fn begin(&mut self, size: usize) -> Result<usize, Stop> {
        self.bound(size)?;
        let begin = self.scratch.values.len();
        self.scratch.values.resize(begin + size, 0);
        Ok(begin)
    }

    /// Moves complete structures into the arena, and returns their address.
    fn finish(&mut self, begin: usize) -> Result<u64, Stop> {
        self.align(8)?;
        self.bound(self.scratch.values.len().saturating_sub(begin))?;
        let address = self.address(self.scratch.out.len());
        let Scratch { out, values, .. } = &mut *self.scratch;
        out.extend_from_slice(values.get(begin..).ok_or(Stop)?);
        values.truncate(begin);
        Ok(address)
    }

    fn object(&mut self, object: &'a Object, at: usize, depth: usize) -> Result<(), Stop> {
        let depth = depth.checked_sub(1).ok_or(Stop)?;
        self.scanner.expect(b'{')?;
        if self.scanner.accept(b'}') {
            return Ok(());
        }
        let mut turn = 0;
        loop {
            let field = self.field(object, turn)?;
            self.scanner.expect(b':')?;
            if self.scanner.peek() == Some(b'n') {
                self.scanner.word(b"null")?;
            } else if let Some(index) = field {
                turn = index + 1;
                let Field { offset, kind, absence, .. } = object.fields.get(index).ok_or(Stop)?;
                self.value(*kind, at + offset, depth)?;
                if let Absence::Flag(flag) = absence {
                    self.put(at + flag, &[1])?;
                }
            } else {
                self.scanner.skip()?;
            }
            if !self.scanner.accept(b',') {
                return Ok(self.scanner.expect(b'}')?);
            }
        }
    }

    /// Reads a key, and finds its field. Usually it is the next one in order.
    fn field(&mut self, object: &Object, turn: usize) -> Result<Option<usize>, Stop> {
        self.scanner.peek();
        let (inner, is_plain) = self.scanner.string()?;
        let mut text = core::mem::take(&mut self.scratch.text);
        text.clear();
        let key = match is_plain {
            true => inner,
            false => {
                unescape(inner, &mut text)?;
                &text
            }
        };
        let number = object.fields.len();
        let found = (turn..number)
            .chain(0..turn.min(number))
            .find(|index| object.fields.get(*index).is_some_and(|field| self.shape.name(field) == key));
        self.scratch.text = text;
        Ok(found)
    }

    fn list(&mut self, number: usize, open: u8, at: usize, depth: usize) -> Result<(), Stop> {
        let depth = depth.checked_sub(1).ok_or(Stop)?;
        let element = *self.shape.elements.get(number).ok_or(Stop)?;
        self.scanner.expect(open)?;
        // In both cases, the closing bracket is the opening one plus 2.
        let close = open + 2;
        if self.scanner.accept(close) {
            return self.put_pair(at, EMPTY_AT.into(), 0);
        }
        let begin = self.scratch.values.len();
        let mut count = 0;
        loop {
            let place = self.begin(element.stride)?;
            if open == b'{' {
                self.scanner.peek();
                self.string(place)?;
                self.scanner.expect(b':')?;
            }
            if self.scanner.peek() == Some(b'n') {
                self.scanner.word(b"null")?;
                self.scratch.values.truncate(place);
            } else {
                self.empty(element.kind, place + element.offset)?;
                self.value(element.kind, place + element.offset, depth)?;
                count += 1;
            }
            if !self.scanner.accept(b',') {
                self.scanner.expect(close)?;
                break;
            }
        }
        if count == 0 {
            return self.put_pair(at, EMPTY_AT.into(), 0);
        }
        let address = self.finish(begin)?;
        self.put_pair(at, address, count)
    }
}

fn integer(number: &str, log: u8, is_signed: bool) -> Option<u64> {
    let bits = 8_u32 << log;
    if is_signed {
        let number: i64 = number.parse().ok()?;
        let most = i64::MAX >> (64 - bits);
        (-most - 1..=most).contains(&number).then_some(number.cast_unsigned())
    } else {
        // Negative zero is zero.
        let number: u64 = if number == "-0" { 0 } else { number.parse().ok()? };
        (number <= u64::MAX >> (64 - bits)).then_some(number)
    }
}

/// Calls `each` for every offset in an arena that contains an address within the arena, with the target's offset, so
/// callers can convert them to pointers. If fields of the shape overlap, it finds only some.
pub fn pointers(shape: &Shape, arena: &[u8], base: u64, each: &mut dyn FnMut(usize, usize)) {
    // Without overlap, there are at most as many values as bytes.
    let left = 2 * arena.len() + 1024;
    Finder { shape, arena, base, each, left }.value(shape.root, 0, MAX_SHAPE_DEPTH);
}

struct Finder<'a> {
    shape: &'a Shape,
    arena: &'a [u8],
    base: u64,
    each: &'a mut dyn FnMut(usize, usize),
    /// The remaining number of values to visit.
    left: usize,
}

impl Finder<'_> {
    fn word(&self, at: usize) -> u64 {
        let mut bytes = [0; 8];
        let width = self.shape.width.bytes();
        if let (Some(word), Some(to)) = (self.arena.get(at..at + width), bytes.get_mut(..width)) {
            to.copy_from_slice(word);
        }
        u64::from_le_bytes(bytes)
    }

    /// The offset that an address points to, if it is in the arena.
    fn follow(&mut self, at: usize) -> Option<usize> {
        let to = usize::try_from(self.word(at).checked_sub(self.base)?).ok()?;
        let is_within = to > 0 && to < self.arena.len();
        is_within.then(|| {
            (self.each)(at, to);
            to
        })
    }

    fn value(&mut self, kind: Kind, at: usize, depth: usize) {
        let shape = self.shape;
        let Some(left) = self.left.checked_sub(1) else { return };
        self.left = left;
        match (kind, depth.checked_sub(1)) {
            (Kind::Object(number), Some(depth)) => self.object(number, at, depth),
            (Kind::Away(number, _), Some(depth)) => {
                if let Some(to) = self.follow(at) {
                    self.object(number, to, depth);
                }
            }
            (Kind::Text | Kind::Raw | Kind::Number, _) if self.word(at + shape.width.bytes()) > 0 => {
                self.follow(at);
            }
            (Kind::List(number) | Kind::Map(number), Some(depth)) => {
                let count = self.word(at + shape.width.bytes()) as usize;
                let Some(element) = shape.elements.get(number).filter(|_| count > 0) else { return };
                let Some(to) = self.follow(at) else { return };
                for index in 0..count {
                    if self.left == 0 {
                        return;
                    }
                    let place = to + index * element.stride;
                    if matches!(kind, Kind::Map(_)) {
                        self.value(Kind::Text, place, depth);
                    }
                    self.value(element.kind, place + element.offset, depth);
                }
            }
            _ => {}
        }
    }

    fn object(&mut self, number: usize, at: usize, depth: usize) {
        let shape = self.shape;
        for field in shape.object(number).map(|object| object.fields.as_slice()).unwrap_or_default() {
            self.value(field.kind, at + field.offset, depth);
        }
    }
}
