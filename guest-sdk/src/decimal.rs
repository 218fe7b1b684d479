//! Numbers as decimal text, without `core::fmt`.

/// The sign and the digits of a number, at the end of a buffer.
pub(crate) struct Decimal {
    bytes: [u8; 20],
    start: usize,
}

impl Decimal {
    /// The text of a number with this sign and magnitude, which covers both `u64` and `i64`.
    pub(crate) fn new(negative: bool, mut magnitude: u64) -> Self {
        let mut bytes = [0; 20];
        let mut start = bytes.len();
        for (at, byte) in bytes.iter_mut().enumerate().rev() {
            *byte = b'0' + (magnitude % 10) as u8;
            magnitude /= 10;
            start = at;
            if magnitude == 0 {
                break;
            }
        }
        // A `u64` has at most 20 digits and an `i64` 19, so the sign fits.
        if negative && let Some(before) = start.checked_sub(1) {
            if let Some(byte) = bytes.get_mut(before) {
                *byte = b'-';
            }
            start = before;
        }
        Decimal { bytes, start }
    }

    /// The text, which is ASCII.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn it_is_what_fmt_would_write() {
        for number in [0, 1, 9, 10, 99, 100, u64::from(u32::MAX), u64::MAX] {
            assert_eq!(Decimal::new(false, number).as_bytes(), number.to_string().as_bytes());
        }
        for number in [-1, -10, i64::MIN] {
            assert_eq!(Decimal::new(true, number.unsigned_abs()).as_bytes(), number.to_string().as_bytes());
        }
    }
}
