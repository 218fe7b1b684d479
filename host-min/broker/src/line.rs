//! Text of guests, sandboxes and servers, made safe to show: one line of bounded length without control characters.

use wagather_abi::limits::{MAX_ENTRY_NAME_BYTES, MAX_LOG_LINE_BYTES};
use wagather_printable::is_printable;

/// A line that is safe on a terminal. It is cut at the length of a log line.
pub fn of(bytes: &[u8]) -> String {
    let cut = bytes.len() > MAX_LOG_LINE_BYTES;
    let line = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_LOG_LINE_BYTES)]);
    let mut text: String =
        line.chars().map(|c| if is_printable(c) { c } else { char::REPLACEMENT_CHARACTER }).collect();
    if cut {
        text.push('…');
    }
    text
}

/// An invalid name, escaped. It is cut at the length of a name.
pub(super) fn escaped(name: &str) -> String {
    let mut text: String = name.chars().take(MAX_ENTRY_NAME_BYTES).flat_map(char::escape_default).collect();
    if name.chars().nth(MAX_ENTRY_NAME_BYTES).is_some() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_cannot_play_with_a_terminal() {
        assert_eq!(of(b"a\x1b[2Jb\nc\xff"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}");
        assert_eq!(of("ok \u{202e}ko\u{2066}\u{2028}ä 日".as_bytes()), "ok \u{fffd}ko\u{fffd}\u{fffd}ä 日");
        assert_eq!(of(&[b'x'; MAX_LOG_LINE_BYTES + 1]).chars().count(), MAX_LOG_LINE_BYTES + 1);
        assert!(of(&[b'x'; MAX_LOG_LINE_BYTES + 1]).ends_with('…'));
    }

    #[test]
    fn names_are_escaped_and_cut() {
        assert_eq!(escaped("a\nb"), "a\\nb");
        assert!(!escaped(&"a".repeat(MAX_ENTRY_NAME_BYTES)).ends_with('…'));
        assert_eq!(escaped(&"a".repeat(1 << 20)).chars().count(), MAX_ENTRY_NAME_BYTES + 1);
    }
}
