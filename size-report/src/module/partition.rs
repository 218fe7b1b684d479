//! Checks that the parts contain every byte exactly once.

use super::{Malformed, Part};

/// Checks that the parts start at 0, are adjacent, and end at `len`.
pub(super) fn check(parts: &[Part<'_>], len: usize) -> Result<(), Malformed> {
    let mut at = 0;
    for part in parts {
        if part.range.start != at || part.range.end <= at {
            return Err(Malformed {
                offset: at as u64,
                reason: format!(
                    "this byte and the part at {}..{} are not adjacent, so the table would not add up (a bug in \
                     size-report: please report it with the file)",
                    part.range.start, part.range.end
                ),
            });
        }
        at = part.range.end;
    }
    if at != len {
        return Err(Malformed {
            offset: at as u64,
            reason: format!(
                "the parts end here, but the file has {len} bytes, so the table would not add up (a bug in \
                 size-report: please report it with the file)"
            ),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Kind;

    fn part(start: usize, end: usize) -> Part<'static> {
        Part { range: start..end, kind: Kind::Header }
    }

    #[test]
    fn parts_that_touch_and_fill_the_file_pass() {
        assert_eq!(check(&[part(0, 8), part(8, 9)], 9), Ok(()));
        assert_eq!(check(&[], 0), Ok(()));
    }

    #[test]
    fn gaps_overlaps_and_a_short_end_are_named_by_their_byte() {
        let cases: [(&[Part<'_>], usize, u64); 5] = [
            (&[part(1, 8)], 8, 0),
            (&[part(0, 8), part(9, 10)], 10, 8),
            (&[part(0, 8), part(7, 10)], 10, 8),
            (&[part(0, 8), part(8, 8)], 8, 8),
            (&[part(0, 8)], 9, 8),
        ];
        for (parts, len, offset) in cases {
            assert_eq!(check(parts, len).unwrap_err().offset, offset, "{parts:?}");
        }
    }
}
