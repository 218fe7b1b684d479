//! What the patterns are made of: classes of bytes, escapes of JSON strings, base64.

/// The alphabet of base64, without padding.
pub(super) const BASE64: u8 = 1;
/// The alphabet of base64url: parts of a JWT, most tokens.
pub(super) const URL64: u8 = 2;
/// RFC 9110's token68, and `_`.
pub(super) const TOKEN: u8 = 4;
/// A URL's authority, also where people write what they should have escaped.
pub(super) const AUTHORITY: u8 = 8;
/// Parts of a JWT and their dots.
pub(super) const JWT: u8 = 16;
/// Lines of base64.
pub(super) const BASE64_LINES: u8 = 32;

const TABLE: [u8; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let byte = index as u8;
        if byte.is_ascii_alphanumeric() {
            table[index] |= BASE64 | URL64 | TOKEN | JWT | BASE64_LINES;
        }
        match byte {
            b'+' | b'/' => table[index] |= BASE64 | TOKEN | BASE64_LINES,
            b'-' | b'_' => table[index] |= URL64 | TOKEN | JWT,
            b'.' => table[index] |= TOKEN | JWT,
            b'~' => table[index] |= TOKEN,
            b'=' => table[index] |= TOKEN | BASE64_LINES,
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

pub(super) fn is(byte: u8, class: u8) -> bool {
    TABLE[usize::from(byte)] & class != 0
}

/// Where the run of a class ends that begins at an offset.
pub(super) fn run(bytes: &[u8], at: usize, class: u8) -> usize {
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
        _ => return None,
    }))
}
