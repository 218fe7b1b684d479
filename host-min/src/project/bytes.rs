//! Finds where the plain part of a string ends, a step of bytes at a time.
//!
//! On x86-64 a step is one register of SSE2, which every such processor has; elsewhere it is two words. Both are safe Rust, and
//! a test holds that they agree.

/// Bytes of one step.
pub(super) const STEP: usize = 16;

/// How many bytes from the start on are neither a quote, a backslash nor a control character.
#[inline(always)]
pub(super) fn plain(step: &[u8; STEP]) -> usize {
    #[cfg(target_arch = "x86_64")]
    return with_sse2(step);
    #[cfg(not(target_arch = "x86_64"))]
    return with_words(step);
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
#[allow(unsafe_code)]
fn with_sse2(step: &[u8; STEP]) -> usize {
    use std::arch::x86_64::{
        _mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8,
    };
    let [low, high] = words(step);
    // SAFETY: these need SSE2 and nothing else, and SSE2 is part of x86-64.
    let found = unsafe {
        // One load: the compiler sees that the words are neighbours.
        let bytes = _mm_set_epi64x(high.cast_signed(), low.cast_signed());
        let quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'"'.cast_signed()));
        let backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'\\'.cast_signed()));
        let controls = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
        _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, backslashes), controls))
    };
    // The bit above the sixteen stands for "none".
    (found | 1 << STEP).trailing_zeros() as usize
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn with_words(step: &[u8; STEP]) -> usize {
    let [low, high] = words(step).map(first_in_word);
    if low < 8 { low } else { 8 + high }
}

/// The place of the first byte that is not plain, or 8. A borrow reaches only bytes above the first, so that one is exact.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn first_in_word(word: u64) -> usize {
    const EACH: u64 = u64::MAX / 0xff;
    let below = |word: u64, limit: u8| word.wrapping_sub(EACH * u64::from(limit)) & !word;
    let equal = |byte: u8| below(word ^ (EACH * u64::from(byte)), 1);
    let found = (below(word, b' ') | equal(b'"') | equal(b'\\')) & (EACH << 7);
    found.trailing_zeros() as usize / 8
}

#[inline(always)]
fn words(step: &[u8; STEP]) -> [u64; 2] {
    let [a, b, c, d, e, f, g, h, rest @ ..] = *step;
    [u64::from_le_bytes([a, b, c, d, e, f, g, h]), u64::from_le_bytes(rest)]
}

/// Whether all is ASCII, and therefore UTF-8.
pub(super) fn is_ascii(bytes: &[u8]) -> bool {
    const HIGH_BITS: u64 = u64::MAX / 0xff << 7;
    let (steps, rest) = bytes.as_chunks::<STEP>();
    let high_bits = |step: &[u8; STEP]| {
        let [low, high] = words(step);
        (low | high) & HIGH_BITS
    };
    // Four at once, so that the loop is shorter than what it does.
    let (blocks, steps) = steps.as_chunks::<4>();
    blocks.iter().all(|block| block.iter().fold(0, |all, step| all | high_bits(step)) == 0)
        && steps.iter().all(|step| high_bits(step) == 0)
        && rest.iter().fold(0, |all, byte| all | byte) < 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_by_one(step: &[u8; STEP]) -> usize {
        step.iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ').unwrap_or(STEP)
    }

    #[test]
    fn each_way_finds_the_same() {
        let mut seed = 7u64;
        for round in 0..200_000u32 {
            let step = std::array::from_fn(|_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let byte = (seed >> 56) as u8;
                // Every second round has few hits, so that late ones occur too.
                if round % 2 == 0 || byte > 0xf0 { byte } else { byte | 0x60 }
            });
            assert_eq!(with_words(&step), one_by_one(&step), "{step:?}");
            assert_eq!(plain(&step), one_by_one(&step), "{step:?}");
        }
    }

    #[test]
    fn every_byte_is_told_apart_at_every_place() {
        for place in 0..STEP {
            for byte in 0..=u8::MAX {
                let mut step = [b'a'; STEP];
                step[place] = byte;
                assert_eq!(with_words(&step), one_by_one(&step), "{byte} at {place}");
                assert_eq!(plain(&step), one_by_one(&step), "{byte} at {place}");
            }
        }
    }

    #[test]
    fn ascii_is_found_at_every_length() {
        for len in 0..200 {
            let mut bytes = vec![0x7f; len];
            assert!(is_ascii(&bytes));
            for place in 0..len {
                bytes[place] = 0x80;
                assert!(!is_ascii(&bytes), "{place} of {len}");
                bytes[place] = 0;
            }
        }
    }
}
