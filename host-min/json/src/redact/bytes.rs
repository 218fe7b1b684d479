//! What the patterns are made of: classes of bytes, escapes of JSON strings, base64.

/// The alphabet of base64, without padding.
pub(super) const BASE64: u16 = 1;
/// The alphabet of base64url: parts of a JWT, most tokens.
pub(super) const URL64: u16 = 2;
/// RFC 9110's token68, and `_`.
pub(super) const TOKEN: u16 = 4;
/// A URL's authority, also where people write what they should have escaped.
pub(super) const AUTHORITY: u16 = 8;
/// Parts of a JWT and their dots.
pub(super) const JWT: u16 = 16;
/// Lines of base64.
pub(super) const BASE64_LINES: u16 = 32;
/// ASCII's letters and digits.
pub(super) const LETTERS: u16 = 64;
/// Digits, and letters that are digits of hexadecimal numbers.
pub(super) const HEX: u16 = 128;
/// Upper case and digits: base32, bech32.
pub(super) const UPPER: u16 = 256;
/// The path of a URL that is a secret as a whole.
pub(super) const PATH: u16 = 512;
/// What a name of a variable, an option or a field consists of.
pub(super) const NAME: u16 = 1024;
/// A password as crypt(3) keeps it.
pub(super) const CRYPT: u16 = 2048;

const TABLE: [u16; 256] = {
    let mut table = [0_u16; 256];
    let mut index = 0;
    while index < 256 {
        let byte = index as u8;
        if byte.is_ascii_alphanumeric() {
            table[index] |= BASE64 | URL64 | TOKEN | JWT | BASE64_LINES | LETTERS | PATH | NAME | CRYPT;
        }
        if byte.is_ascii_uppercase() || byte.is_ascii_digit() {
            table[index] |= UPPER;
        }
        if byte.is_ascii_hexdigit() {
            table[index] |= HEX;
        }
        match byte {
            b'+' => table[index] |= BASE64 | TOKEN | BASE64_LINES | CRYPT,
            b'$' | b',' => table[index] |= CRYPT,
            b'/' => table[index] |= BASE64 | TOKEN | BASE64_LINES | PATH | CRYPT,
            b'@' => table[index] |= PATH,
            b'-' | b'_' => table[index] |= URL64 | TOKEN | JWT | PATH | NAME | CRYPT,
            b'.' => table[index] |= TOKEN | JWT | NAME | CRYPT,
            b'~' => table[index] |= TOKEN,
            b'=' => table[index] |= TOKEN | BASE64_LINES | CRYPT,
            b'\n' | b'\r' => table[index] |= BASE64_LINES,
            _ => {}
        }
        if byte > b' ' && !matches!(byte, b'/' | b'?' | b'#' | b'"') {
            table[index] |= AUTHORITY;
        }
        index += 1;
    }
    table
};

pub(super) fn is(byte: u8, class: u16) -> bool {
    TABLE[usize::from(byte)] & class != 0
}

/// Where the run of a class ends that begins at an offset.
pub(super) fn run(bytes: &[u8], at: usize, class: u16) -> usize {
    bytes[at..].iter().position(|&byte| !is(byte, class)).map_or(bytes.len(), |len| at + len)
}

/// What follows the blanks from an offset, and that it is there.
pub(super) fn after_blanks(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|&byte| byte != b' ').map_or(bytes.len(), |len| at + len)
}

/// What a byte or an escape of a JSON string means (above ASCII: any byte above ASCII), and its length.
pub(super) fn unit(bytes: &[u8], at: usize) -> (u8, usize) {
    if bytes[at] != b'\\' {
        return (bytes[at], 1);
    }
    match bytes.get(at + 1) {
        Some(b'u') => {
            let digits = bytes.get(at + 2..at + 6).and_then(|digits| std::str::from_utf8(digits).ok());
            let code = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()).unwrap_or(0);
            (u8::try_from(code).ok().filter(u8::is_ascii).unwrap_or(0xff), 6)
        }
        Some(b'b' | b'f' | b'n' | b'r' | b't') | None => (b'\n', 2),
        Some(&byte) => (byte, 2),
    }
}

/// How often the string is written into a string whose quotes have so many backslashes before them: each time doubles them,
/// and adds one. An escaped backslash right before the quote makes them more, not deeper.
pub(super) fn level_of_quote(backslashes: usize) -> u32 {
    backslashes.trailing_ones()
}

/// Where the JSON string ends in which an offset lies: its closing quote.
pub(super) fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(offset) = memchr::memchr2(b'"', b'\\', &bytes[at.min(bytes.len())..]) {
        at += offset;
        if bytes[at] == b'"' {
            return at;
        }
        at += 2;
    }
    bytes.len()
}

/// Whether a backslash begins an escape: an even number of them is before it.
fn begins_escape(bytes: &[u8], at: usize) -> bool {
    bytes[..at].iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 0
}

/// Whether a byte is one of an escape's, but not its backslash.
pub(super) fn is_within_escape(bytes: &[u8], at: usize) -> bool {
    (1..=5).any(|back| {
        at >= back
            && bytes[at - back] == b'\\'
            && (back == 1 || bytes[at - back + 1] == b'u')
            && begins_escape(bytes, at - back)
    })
}

/// How many bytes from here belong to an escape whose backslash is right before.
pub(super) fn escape_len(bytes: &[u8], at: usize) -> usize {
    match (at.checked_sub(1).map(|before| bytes[before]), bytes[at]) {
        (Some(b'\\'), byte) if begins_escape(bytes, at - 1) => {
            if byte == b'u' {
                5
            } else {
                1
            }
        }
        _ => 0,
    }
}

/// What base64 means, up to the first byte that is none.
pub(super) fn decode(text: &[u8]) -> impl Iterator<Item = u8> {
    let (mut bits, mut count) = (0_u32, 0);
    text.iter().map_while(|&byte| sextet(byte)).filter_map(move |value| {
        bits = bits << 6 | value;
        count += 6;
        (count >= 8).then(|| {
            count -= 8;
            (bits >> count) as u8
        })
    })
}

fn sextet(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        // The alphabet of URLs.
        b'-' => 62,
        b'_' => 63,
        _ => return None,
    }))
}
