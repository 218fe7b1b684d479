//! Finds addresses and domains in a text.
//!
//! Every match has a dot, a colon or a dash between two bytes that fit. These are rare, and a table skips the rest of the text. The
//! bytes around a match decide whether it counts. A JSON escape is not part of a word.

use super::kinds::Kinds;
use super::map::Key;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Longer runs of hexadecimal digits and colons are not addresses.
const MAX_RUN_BYTES: usize = 80;

/// A match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) key: Key,
}

/// The kinds that are searched for.
pub(super) struct Scanner {
    kinds: Kinds,
    /// The domains, longest first, each with its index in `kinds` and the position of its first dot.
    domains: Vec<(usize, usize)>,
    /// Which bytes may be in the middle of a match.
    triggers: [bool; 256],
}

/// Whether a byte may be in an original, or next to one and decide whether it counts.
pub(super) const fn is_word(byte: u8) -> bool {
    WORD[byte as usize]
}

const WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        let is_mark = matches!(byte, b'.' | b':' | b'-' | b'_' | b'\\');
        table[byte as usize] = byte.is_ascii_alphanumeric() || is_mark;
        byte += 1;
    }
    table
};

/// A text that is searched from `from` on. Before it is a placeholder, or nothing if it is 0.
#[derive(Clone, Copy)]
struct Text<'a> {
    bytes: &'a [u8],
    from: usize,
}

impl Scanner {
    pub(super) fn new(kinds: &Kinds) -> Scanner {
        let mut domains: Vec<(usize, usize)> = kinds
            .domains
            .iter()
            .enumerate()
            .filter_map(|(number, domain)| Some((number, domain.find('.')?)))
            .collect();
        domains.sort_by_key(|&(number, _)| std::cmp::Reverse(kinds.domains[number].len()));
        let mut triggers = [false; 256];
        triggers[usize::from(b'.')] = kinds.ips || !domains.is_empty();
        triggers[usize::from(b':')] = kinds.ips || kinds.macs;
        triggers[usize::from(b'-')] = kinds.ips || kinds.macs;
        Scanner { kinds: kinds.clone(), domains, triggers }
    }

    pub(super) const fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    /// The first match at or behind `at`. The text before `from` was replaced already.
    pub(super) fn find(&self, bytes: &[u8], at: usize, from: usize) -> Option<Match> {
        let text = Text { bytes, from };
        let mut at = at;
        loop {
            at += bytes.get(at..)?.iter().position(|&byte| self.triggers[usize::from(byte)])?;
            let next = bytes.get(at + 1).copied().unwrap_or(b' ');
            match bytes[at] {
                b'.' => {
                    if let Some(found) = self.domain(text, at) {
                        return Some(found);
                    }
                    if self.kinds.ips
                        && next.is_ascii_digit()
                        && let Some(found) = dotted(text, at)
                    {
                        return Some(found);
                    }
                    at += 1;
                }
                b':' => {
                    let before = text.before(at);
                    if next == b':'
                        || (next.is_ascii_hexdigit() && (before.is_ascii_hexdigit() || before == b':'))
                    {
                        let run = Run::around(text, at);
                        if let Some(found) = self.colons(text, &run) {
                            return Some(found);
                        }
                        at = run.end.max(at + 1);
                    } else {
                        at += 1;
                    }
                }
                _ => {
                    if next.is_ascii_hexdigit()
                        && text.before(at).is_ascii_hexdigit()
                        && let Some(found) = self.dashes(text, at)
                    {
                        return Some(found);
                    }
                    at += 1;
                }
            }
        }
    }

    /// A domain whose first dot is here.
    fn domain(&self, text: Text<'_>, dot: usize) -> Option<Match> {
        self.domains.iter().find_map(|&(number, first_dot)| {
            let domain = self.kinds.domains[number].as_bytes();
            let start = dot.checked_sub(first_dot).filter(|&start| start >= text.from)?;
            let end = start + domain.len();
            let is_there = text.bytes.get(start..end)?.eq_ignore_ascii_case(domain)
                && !text.is_inside_word(start)
                && !text.at(end).is_ascii_alphanumeric();
            is_there.then_some(Match { start, end, key: Key::Domain(u8::try_from(number).ok()?) })
        })
    }

    /// An address with colons, in a run of hexadecimal digits and colons. The first or last group of the run may not belong to it: it may
    /// be a word before it, or a port.
    fn colons(&self, text: Text<'_>, run: &Run) -> Option<Match> {
        let bytes = text.bytes;
        let (mut start, mut end) = (run.start, run.end);
        if end - start > MAX_RUN_BYTES {
            return None;
        }
        // With a last part in dots.
        let last =
            bytes[start..end].iter().rposition(|&byte| byte == b':').map_or(start, |at| start + at + 1);
        if text.at(end) == b'.'
            && let Some((_, quad_end)) = quad(bytes, last, b'.').filter(|_| end > last)
            && !text.at(quad_end).is_ascii_digit()
        {
            end = quad_end;
        }
        let is_short = |range: &[u8]| range.iter().filter(|&&byte| byte == b':').count() < 5;
        if is_short(&bytes[start..end]) && memchr::memmem::find(&bytes[start..end], b"::").is_none() {
            return None;
        }
        let joins = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let begins_before = text.is_inside_word(start) || matches!(text.before(start), b'.' | b'_');
        let needs_less = [begins_before, joins(text.at(end))];
        // A colon at an end that belongs to a sentence, or stands between the address and a word.
        if bytes[start] == b':' && text_at(bytes, start + 1) != b':' && !needs_less[0] {
            start += 1;
        }
        if bytes[end - 1] == b':' && (end < start + 2 || bytes[end - 2] != b':') && !needs_less[1] {
            end -= 1;
        }
        let first = |range: (usize, usize)| {
            let colon = bytes[range.0..range.1].iter().position(|&byte| byte == b':')? + range.0;
            (text_at(bytes, colon + 1) != b':' && colon + 1 < range.1).then_some((colon + 1, range.1))
        };
        let last = |range: (usize, usize)| {
            let colon = bytes[range.0..range.1].iter().rposition(|&byte| byte == b':')? + range.0;
            (colon > range.0 && bytes[colon - 1] != b':').then_some((range.0, colon))
        };
        let whole = (start < end).then_some((start, end))?;
        let tries = [
            (Some(whole), [false, false]),
            (last(whole), [false, true]),
            (first(whole), [true, false]),
            (first(whole).and_then(last), [true, true]),
        ];
        tries.into_iter().filter(|(_, less)| (0..2).all(|end| less[end] || !needs_less[end])).find_map(
            |(range, _)| {
                let (start, end) = range.filter(|(start, end)| start < end)?;
                let key = self.key_with_colons(&bytes[start..end])?;
                Some(Match { start, end, key })
            },
        )
    }

    fn key_with_colons(&self, text: &[u8]) -> Option<Key> {
        if let Some(mac) = mac(text, b':') {
            return self.kinds.macs.then_some(mac);
        }
        if !self.kinds.ips {
            return None;
        }
        let address: Ipv6Addr = std::str::from_utf8(text).ok()?.parse().ok()?;
        (!address.is_loopback() && !address.is_unspecified()).then_some(Key::V6(address.to_bits()))
    }

    /// An address with dashes, between whose first two parts this one is.
    fn dashes(&self, text: Text<'_>, dash: usize) -> Option<Match> {
        let bytes = text.bytes;
        if let Some(start) = dash.checked_sub(2).filter(|&start| start >= text.from)
            && self.kinds.macs
            && !text.is_inside_word(start)
            && text.before(start) != b'.'
            && let Some(key) = bytes.get(start..start + 17).and_then(|part| mac(part, b'-'))
            && !(text.at(start + 17).is_ascii_alphanumeric() || text.at(start + 17) == b'_')
        {
            return Some(Match { start, end: start + 17, key });
        }
        if !self.kinds.ips {
            return None;
        }
        let start = text.digits_before(dash)?;
        if text.is_inside_word(start) || text.before(start) == b'.' {
            return None;
        }
        // Parts of a date or of a longer number have other parts before them.
        if text.before(start) == b'-' {
            let word = &bytes[text.from..start - 1];
            let word = &word[word.len().saturating_sub(16)..];
            let mut letters = word.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric());
            let is_named = letters.any(u8::is_ascii_alphabetic) || (word.is_empty() && text.from > 0);
            if !is_named {
                return None;
            }
        }
        let (address, end) = quad(bytes, start, b'-')?;
        let has_zeros =
            bytes[start..end].split(|&byte| byte == b'-').any(|part| part.len() > 1 && part[0] == b'0');
        (!has_zeros && !text.at(end).is_ascii_digit() && is_told(address)).then_some(Match {
            start,
            end,
            key: Key::V4(address.to_bits()),
        })
    }
}

/// An address of IPv4 whose first dot is here.
fn dotted(text: Text<'_>, dot: usize) -> Option<Match> {
    let start = text.digits_before(dot)?;
    let before = text.before(start);
    if before == b'.' && text.before(start - 1).is_ascii_digit() {
        return None;
    }
    // A version: v1.2.3.4.
    if matches!(before, b'v' | b'V') && !text.is_inside_word(start - 1) {
        return None;
    }
    let (address, end) = quad(text.bytes, start, b'.')?;
    let goes_on =
        text.at(end).is_ascii_digit() || (text.at(end) == b'.' && text.at(end + 1).is_ascii_digit());
    (!goes_on && is_told(address)).then_some(Match { start, end, key: Key::V4(address.to_bits()) })
}

/// Four numbers up to 255, and their end.
fn quad(bytes: &[u8], start: usize, between: u8) -> Option<(Ipv4Addr, usize)> {
    let mut octets = [0; 4];
    let mut at = start;
    for (index, octet) in octets.iter_mut().enumerate() {
        if index > 0 {
            if text_at(bytes, at) != between {
                return None;
            }
            at += 1;
        }
        let digits = bytes.get(at..)?.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
        let value =
            bytes[at..at + digits].iter().fold(0u16, |value, digit| value * 10 + u16::from(digit - b'0'));
        *octet = u8::try_from(value).ok().filter(|_| digits > 0)?;
        at += digits;
    }
    Some((Ipv4Addr::from(octets), at))
}

/// Whether an address names a host. Loopback, unspecified and broadcast addresses do not, and masks do not.
fn is_told(address: Ipv4Addr) -> bool {
    let bits = address.to_bits();
    let is_mask = bits >= 0xff00_0000 && (!bits).wrapping_add(1).is_power_of_two();
    !(address.is_loopback() || bits == 0 || bits == u32::MAX || is_mask)
}

/// Six or eight groups of two hexadecimal digits.
fn mac(text: &[u8], between: u8) -> Option<Key> {
    let groups = match text.len() {
        17 => 6,
        23 => 8,
        _ => return None,
    };
    let mut bits = 0;
    for group in text.chunks(3) {
        let (digits, rest) = group.split_at(2);
        for &digit in digits {
            bits = bits << 4 | u64::from(char::from(digit).to_digit(16)?);
        }
        if rest.first().is_some_and(|&byte| byte != between) {
            return None;
        }
    }
    Some(Key::Mac(groups, bits))
}

/// Hexadecimal digits and colons.
struct Run {
    start: usize,
    end: usize,
}

impl Run {
    /// The run around a colon.
    fn around(text: Text<'_>, colon: usize) -> Run {
        let is_in = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b':';
        let before = &text.bytes[text.from..colon];
        let before = &before[before.len().saturating_sub(MAX_RUN_BYTES)..];
        let mut start = colon - before.iter().rev().take_while(|byte| is_in(byte)).count();
        let end = colon + text.bytes[colon..].iter().take_while(|byte| is_in(byte)).count();
        if let Some(escaped) = text.escape_end(start).filter(|&escaped| escaped <= colon) {
            start = escaped;
        }
        Run { start, end }
    }
}

fn text_at(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(b' ')
}

impl Text<'_> {
    fn at(&self, at: usize) -> u8 {
        text_at(self.bytes, at)
    }

    /// The byte before this place. For a placeholder, its last byte.
    fn before(&self, at: usize) -> u8 {
        match at {
            0 => b' ',
            _ if at == self.from => b'x',
            _ => self.bytes[at - 1],
        }
    }

    /// The end of the escape around this place, if it is in one: behind `\n` or `\u000a`.
    fn escape_end(&self, at: usize) -> Option<usize> {
        let bytes = &self.bytes[self.from..];
        let at = at - self.from;
        if at > 0 && bytes[at - 1] == b'\\' && bytes.get(at) != Some(&b'\\') {
            return match bytes.get(at) {
                Some(b'u') if bytes.len() >= at + 5 => Some(self.from + at + 5),
                Some(byte) if byte.is_ascii_alphabetic() => Some(self.from + at + 1),
                _ => None,
            };
        }
        (2..=5.min(at)).find_map(|back| {
            let escape = bytes.get(at - back..at - back + 6)?;
            let is_one = escape.starts_with(b"\\u") && escape[2..].iter().all(u8::is_ascii_hexdigit);
            is_one.then_some(self.from + at - back + 6)
        })
    }

    /// Whether a word that began before continues here: letters and digits that are not part of an escape.
    fn is_inside_word(&self, at: usize) -> bool {
        if !self.before(at).is_ascii_alphanumeric() {
            return false;
        }
        // Whether an escape ends here is seen at its last byte.
        at == self.from || at < 2 || self.escape_end(at - 1) != Some(at)
    }

    /// The beginning of the one to three digits that end here, if there are no more.
    fn digits_before(&self, end: usize) -> Option<usize> {
        let before = &self.bytes[self.from..end];
        let digits = before.iter().rev().take(8).take_while(|byte| byte.is_ascii_digit()).count();
        let first = end - digits;
        // The digits of an escape do not belong to it.
        let escaped =
            (first..end).filter_map(|at| self.escape_end(at)).filter(|&escaped| escaped <= end).max();
        let start = escaped.map_or(first, |escaped| escaped.max(first));
        (1..=3).contains(&(end - start)).then_some(start)
    }
}
