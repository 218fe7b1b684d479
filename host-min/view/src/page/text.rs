//! Foreign texts with a limit.

/// The beginning of a text of at most so many characters, and a sign that it is not all.
pub(super) fn cut(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// The end of a text of at most so many bytes, from the beginning of a line unless that costs the half of it.
pub(super) fn tail(text: &[u8], max_bytes: usize) -> &[u8] {
    let Some(from) = text.len().checked_sub(max_bytes).filter(|from| *from > 0) else { return text };
    let rest = &text[from..];
    match rest.iter().position(|byte| *byte == b'\n') {
        Some(end) if end < rest.len() / 2 => &rest[end + 1..],
        _ => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_limits() {
        assert_eq!((cut("añb", 3), cut("añb", 2)), ("añb".into(), "añ…".into()));
        for (max_bytes, end) in [(100, "one\ntwo\n"), (6, "two\n"), (4, "two\n"), (2, "o\n"), (0, "")] {
            assert_eq!(tail(b"one\ntwo\n", max_bytes), end.as_bytes(), "{max_bytes}");
        }
        assert_eq!(tail(b"0123456789\nend", 10), b"456789\nend");
    }
}
