//! The part of a file that a client asks for (RFC 9110, section 14).

/// What to send of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// From the first byte to the last one, which is included.
    Bytes(u64, u64),
    /// Nothing: the file has none of these bytes.
    None,
}

/// Reads a `Range` header. What is no range of bytes, or asks for several, is not followed, as the standard allows; the client then gets
/// the whole file.
pub(super) fn part(header: Option<&str>, len: u64) -> Part {
    match header.and_then(ends) {
        None => Part::Whole,
        Some((Some(first), last)) if first < len => {
            Part::Bytes(first, last.map_or(len - 1, |last| last.min(len - 1)))
        }
        Some((None, Some(count))) if count > 0 && len > 0 => Part::Bytes(len - count.min(len), len - 1),
        Some(_) => Part::None,
    }
}

/// `bytes=FIRST-LAST`, `bytes=FIRST-` or `bytes=-COUNT`.
fn ends(header: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (unit, range) = header.split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    let number = |text: &str| -> Option<Option<u64>> {
        match text.bytes().all(|byte| byte.is_ascii_digit()) {
            // Beyond any file's length.
            true => Some((!text.is_empty()).then(|| text.parse().unwrap_or(u64::MAX))),
            false => None,
        }
    };
    let (first, last) = (number(first)?, number(last)?);
    let is_one = match (first, last) {
        (Some(first), Some(last)) => first <= last,
        (None, None) => false,
        _ => true,
    };
    (unit.eq_ignore_ascii_case("bytes") && is_one).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_followed_or_the_whole_is_sent() {
        for (header, expected) in [
            (Some("bytes=0-0"), Part::Bytes(0, 0)),
            (Some("bytes=2-4"), Part::Bytes(2, 4)),
            (Some("Bytes=2-"), Part::Bytes(2, 9)),
            (Some("bytes=9-99999999999999999999999"), Part::Bytes(9, 9)),
            (Some("bytes=-3"), Part::Bytes(7, 9)),
            (Some("bytes=-30"), Part::Bytes(0, 9)),
            (Some("bytes=10-"), Part::None),
            (Some("bytes=99999999999999999999999-"), Part::None),
            (Some("bytes=-0"), Part::None),
            (None, Part::Whole),
            (Some("bytes=4-2"), Part::Whole),
            (Some("bytes=-"), Part::Whole),
            (Some("bytes=a-b"), Part::Whole),
            (Some("bytes=1-2,4-5"), Part::Whole),
            (Some("bytes=+1-2"), Part::Whole),
            (Some("items=1-2"), Part::Whole),
            (Some("bytes"), Part::Whole),
        ] {
            assert_eq!(part(header, 10), expected, "{header:?}");
        }
        assert_eq!(part(Some("bytes=0-"), 0), Part::None);
        assert_eq!(part(Some("bytes=-5"), 0), Part::None);
    }
}
