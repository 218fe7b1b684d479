//! One secret that is looked for, and where a text has it: as it is, or with any of its characters written as an escape.
//!
//! Escapes are those of JSON, of JSON within strings of JSON, of URLs and of HTML, in any mixture. A find that has escapes is
//! looked for from its first one: what is before that in the find is there as it is, and so is compared, not decoded. A text
//! without an escape is searched as fast as without this.

use memchr::memmem::Finder;

/// So many backslashes may stand before one character: six strings of JSON within each other.
const MAX_BACKSLASHES: usize = 64;
/// The longest reference to a character in HTML: `&#1114111;`.
const MAX_REFERENCE_BYTES: usize = 10;

/// A secret, in one of the forms that are no escapes.
pub(super) struct Needle {
    /// As it is.
    pub(super) finder: Finder<'static>,
    /// Without backslashes: in a text, any number of them stands before an escape or for themselves.
    bare: Vec<u8>,
    /// Where in that the backslashes were.
    gaps: Vec<usize>,
}

/// How far a text goes along with a needle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// To its end, which is here.
    Whole(usize),
    /// As far as there is text.
    Open,
    /// Not so far.
    No,
}

/// What an escape means, in UTF-8 of so many bytes, and where it ends. That of a URL may be a part of a character.
type Meaning = ([u8; 4], usize, usize);

/// One character of a text that may be more than one byte of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Unit {
    /// What it means as an escape.
    meaning: Option<Meaning>,
    /// Where it ends if it is none: of backslashes, all of them.
    after: usize,
    /// Whether the text ends before that is known.
    is_cut: bool,
}

impl Needle {
    pub(super) fn new(text: &[u8]) -> Needle {
        let (mut bare, mut gaps) = (Vec::new(), Vec::new());
        for &byte in text {
            match byte {
                b'\\' => gaps.push(bare.len()),
                byte => bare.push(byte),
            }
        }
        gaps.dedup();
        Needle { finder: Finder::new(text).into_owned(), bare, gaps }
    }

    /// The bytes of which an escape can be a part of it.
    pub(super) fn bare(&self) -> &[u8] {
        &self.bare
    }

    /// Where among them it has backslashes.
    pub(super) fn gaps(&self) -> &[usize] {
        &self.gaps
    }

    /// How far it goes where an escape, its first one, has such a place in it; and where it begins.
    pub(super) fn around(&self, text: &[u8], at: usize, place: usize) -> (usize, Reach) {
        let Some(start) = at.checked_sub(place) else { return (at, Reach::No) };
        // Most are told by the byte before.
        if place > 0 && (text[at - 1] != self.bare[place - 1] || text[start..at] != self.bare[..place]) {
            return (start, Reach::No);
        }
        (start, self.reach(text, at, place))
    }

    /// How many bytes before the end of a text are the beginning of it.
    pub(super) fn before(&self, text: &[u8]) -> usize {
        let ends = |len: &usize| text.ends_with(&self.bare[..*len]);
        (0..self.bare.len().min(text.len() + 1)).rev().find(ends).unwrap_or(0)
    }

    /// How far the text goes along from one place of each.
    fn reach(&self, text: &[u8], mut at: usize, mut place: usize) -> Reach {
        let mut backslashes = 0;
        while place < self.bare.len() {
            let rest = &self.bare[place..];
            let Some(&byte) = text.get(at) else { return Reach::Open };
            if !begins_escape(byte) {
                if byte != rest[0] {
                    return Reach::No;
                }
                (at, place) = (at + 1, place + 1);
                continue;
            }
            let Unit { meaning, after, is_cut } = Unit::at(text, at);
            if is_cut {
                return Reach::Open;
            }
            let fits = meaning.filter(|(bytes, len, _)| rest.starts_with(&bytes[..*len]));
            let is_gap = backslashes < MAX_BACKSLASHES && self.gaps.contains(&place);
            // What could be both is what it is if that goes on.
            let is_itself =
                |from: usize| meaning.is_none_or(|(_, _, end)| rest.starts_with(&text[from..end]));
            (at, place) = match (byte, fits, meaning) {
                (b'\\', Some((_, len, end)), _) if !is_gap || !is_itself(after) => (end, place + len),
                (b'%' | b'&', Some((_, len, end)), _) if !is_itself(at) => (end, place + len),
                (b'%' | b'&', _, _) if byte == rest[0] => (after, place + 1),
                (b'\\', ..) if is_gap => (after, place),
                (_, _, Some(([b'\\', ..], _, end))) if is_gap => (end, place),
                _ => return Reach::No,
            };
            backslashes += usize::from(is_gap);
        }
        Reach::Whole(at)
    }

    /// How many bytes at the end may be the beginning of a find without an escape.
    pub(super) fn undecided(&self, text: &[u8]) -> usize {
        let verbatim = begun(self.finder.needle(), text);
        if !self.gaps.is_empty() { verbatim.max(begun(&self.bare, text)) } else { verbatim }
    }
}

/// How many bytes at the end are the beginning of a needle.
fn begun(needle: &[u8], text: &[u8]) -> usize {
    let tail = &text[text.len().saturating_sub(needle.len().saturating_sub(1))..];
    let Some(&first) = needle.first() else { return 0 };
    let mut starts = memchr::memchr_iter(first, tail).map(|at| &tail[at..]);
    starts.find(|rest| needle.starts_with(rest)).map_or(0, <[u8]>::len)
}

pub(super) fn begins_escape(byte: u8) -> bool {
    matches!(byte, b'\\' | b'%' | b'&')
}

impl Unit {
    /// The one at a byte that [`begins_escape`].
    pub(super) fn at(text: &[u8], at: usize) -> Unit {
        let after = at + 1;
        let unit = match text[at] {
            b'\\' => after_backslashes(text, at).and_then(|after| {
                let meaning = json(text, after)?;
                Ok(Unit { meaning, after, is_cut: false })
            }),
            b'%' => percent(text, at).map(|meaning| Unit { meaning, after, is_cut: false }),
            _ => reference(text, at).map(|meaning| Unit { meaning, after, is_cut: false }),
        };
        unit.unwrap_or_else(|Cut| Unit { is_cut: true, ..Unit::default() })
    }

    /// The first byte of what it means.
    pub(super) fn first(&self) -> Option<u8> {
        self.meaning.map(|(bytes, ..)| bytes[0])
    }

    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }
}

/// What an escape of JSON means, where that is told by few bytes and without looking for more backslashes.
pub(super) fn quick(text: &[u8], after_backslashes: usize) -> Option<u8> {
    match text.get(after_backslashes)? {
        b'n' => Some(b'\n'),
        byte @ (b'"' | b'/') => Some(*byte),
        b't' => Some(b'\t'),
        b'u' => match code_unit(text, after_backslashes) {
            Ok(Some(code)) if code < 0x80 && code != 0x5c => Some(code as u8),
            _ => None,
        },
        _ => None,
    }
}

/// The text ends within an escape.
struct Cut;

/// Where something else comes than backslashes, however these are written, or so many that nothing is looked for there.
fn after_backslashes(text: &[u8], from: usize) -> Result<usize, Cut> {
    let mut at = from;
    while at - from <= MAX_BACKSLASHES {
        match text.get(at).ok_or(Cut)? {
            b'\\' => at += 1,
            b'u' if code_unit(text, at)? == Some(0x5c) => at += 5,
            _ => break,
        }
    }
    Ok(at)
}

/// What comes behind backslashes, if these make an escape of it.
fn json(text: &[u8], at: usize) -> Result<Option<Meaning>, Cut> {
    let meaning = match *text.get(at).ok_or(Cut)? {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        byte @ (b'"' | b'/' | b'\'') => char::from(byte),
        b'u' => return unicode(text, at),
        _ => return Ok(None),
    };
    Ok(Some(utf8(meaning, at + 1)))
}

/// What `uXXXX` means, perhaps with a second such that belongs to it.
fn unicode(text: &[u8], at: usize) -> Result<Option<Meaning>, Cut> {
    let (code, end) = match code_unit(text, at)? {
        Some(high @ 0xd800..=0xdbff) => match low_surrogate(text, at + 5)? {
            Some((low, end)) => (0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), end),
            None => return Ok(None),
        },
        Some(code) => (code, at + 5),
        None => return Ok(None),
    };
    Ok(char::from_u32(code).map(|meaning| utf8(meaning, end)))
}

fn utf8(meaning: char, end: usize) -> Meaning {
    let mut bytes = [0; 4];
    let len = meaning.encode_utf8(&mut bytes).len();
    (bytes, len, end)
}

/// The number of `uXXXX`; none if there are other digits.
fn code_unit(text: &[u8], at: usize) -> Result<Option<u32>, Cut> {
    match text.get(at + 1..at + 5) {
        Some(digits) => Ok(hex(digits)),
        None if text[(at + 1).min(text.len())..].iter().all(u8::is_ascii_hexdigit) => Err(Cut),
        None => Ok(None),
    }
}

fn low_surrogate(text: &[u8], from: usize) -> Result<Option<(u32, usize)>, Cut> {
    match text.get(from) {
        None => return Err(Cut),
        Some(b'\\') => {}
        Some(_) => return Ok(None),
    }
    let at = after_backslashes(text, from)?;
    if text.get(at) != Some(&b'u') {
        return Ok(None);
    }
    let code = code_unit(text, at)?.filter(|code| (0xdc00..=0xdfff).contains(code));
    Ok(code.map(|code| (code, at + 5)))
}

/// `%2F`, which is a byte.
fn percent(text: &[u8], at: usize) -> Result<Option<Meaning>, Cut> {
    let digits = &text[at + 1..(at + 3).min(text.len())];
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return Ok(None);
    }
    if digits.len() < 2 {
        return Err(Cut);
    }
    Ok(hex(digits).map(|byte| ([byte as u8, 0, 0, 0], 1, at + 3)))
}

/// `&amp;`, `&#38;` or `&#x26;`.
fn reference(text: &[u8], at: usize) -> Result<Option<Meaning>, Cut> {
    let rest = &text[at + 1..(at + MAX_REFERENCE_BYTES).min(text.len())];
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'#';
    let len = rest.iter().take_while(is_part).count();
    if at + 1 + len == text.len() && len < MAX_REFERENCE_BYTES - 1 {
        return Err(Cut);
    }
    if rest.get(len) != Some(&b';') {
        return Ok(None);
    }
    let meaning = match &rest[..len] {
        b"amp" => Some('&'),
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"quot" => Some('"'),
        b"apos" => Some('\''),
        [b'#', b'x' | b'X', digits @ ..] => hex(digits).and_then(char::from_u32),
        [b'#', digits @ ..] => {
            std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).and_then(char::from_u32)
        }
        _ => None,
    };
    Ok(meaning.map(|meaning| utf8(meaning, at + 2 + len)))
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |number, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        number.checked_mul(16).map(|number| number + digit)
    })
}
