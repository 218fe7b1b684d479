//! Finds the byte that ends the plain part of a string. It looks at several bytes in one step.
//!
//! On x86-64, a step is two registers of SSE2, which every such processor has. Elsewhere, a step is four words. A test checks that
//! both find the same bytes.
#![allow(unsafe_code)] // instructions of x86-64

/// Bytes of one step. Most strings of Kubernetes are shorter.
pub const STEP: usize = 32;

/// A bit for each byte of a step, the first one lowest: whether it is a quote, a backslash or a control character.
#[inline(always)]
pub fn special(step: &[u8; STEP]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    return with_sse2(step);
    #[cfg(not(target_arch = "x86_64"))]
    return with_words(step);
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn with_sse2(step: &[u8; STEP]) -> u32 {
    use std::arch::x86_64::{
        _mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8,
    };
    let [a, b, c, d] = words(step).map(u64::cast_signed);
    // SAFETY: these need SSE2 and nothing else, and SSE2 is part of x86-64.
    let find = |low: i64, high: i64| unsafe {
        // One load: the compiler sees that the words are neighbours.
        let bytes = _mm_set_epi64x(high, low);
        let quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'"'.cast_signed()));
        let backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'\\'.cast_signed()));
        let controls = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
        _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, backslashes), controls)).cast_unsigned()
    };
    find(a, b) | find(c, d) << 16
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn with_words(step: &[u8; STEP]) -> u32 {
    const EACH: u64 = u64::MAX / 0xff;
    const HIGH: u64 = EACH << 7;
    // The high bit of each byte says whether the byte is zero. No carry leaves a byte.
    let zeros = |word: u64| !(((word & !HIGH) + !HIGH) | word) & HIGH;
    let find = |word: u64| {
        let controls = zeros(word & (EACH * 0xe0));
        let found = controls | zeros(word ^ (EACH * 0x22)) | zeros(word ^ (EACH * 0x5c));
        // The product moves each high bit to a place of its own in the highest byte.
        ((found >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32
    };
    let [a, b, c, d] = words(step).map(find);
    a | b << 8 | c << 16 | d << 24
}

#[inline(always)]
fn words(step: &[u8; STEP]) -> [u64; 4] {
    let word = |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| step[at + byte]));
    [word(0), word(8), word(16), word(24)]
}

/// Whether all bytes are ASCII, and therefore UTF-8.
#[inline]
pub fn is_ascii(bytes: &[u8]) -> bool {
    const HIGH: u64 = (u64::MAX / 0xff) << 7;
    let (steps, rest) = bytes.as_chunks::<STEP>();
    let is_high = |step: &[u8; STEP]| {
        let [a, b, c, d] = words(step);
        (a | b | c | d) & HIGH != 0
    };
    !steps.iter().any(is_high) && rest.iter().fold(0, |all, byte| all | byte) < 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_by_one(step: &[u8; STEP]) -> u32 {
        let is_special = |byte: u8| byte == b'"' || byte == b'\\' || byte < b' ';
        step.iter().rev().fold(0, |found, &byte| found << 1 | u32::from(is_special(byte)))
    }

    #[test]
    fn each_way_finds_the_same() {
        let mut seed = 7u64;
        for round in 0..100_000u32 {
            let step = std::array::from_fn(|_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let byte = (seed >> 56) as u8;
                // Every second round has few special bytes.
                if round % 2 == 0 || byte > 0xf0 { byte } else { byte | 0x60 }
            });
            assert_eq!(with_words(&step), one_by_one(&step), "{step:?}");
            assert_eq!(special(&step), one_by_one(&step), "{step:?}");
        }
    }

    #[test]
    fn every_byte_is_told_apart_at_every_place() {
        for place in 0..STEP {
            for byte in 0..=u8::MAX {
                for around in [b'a', 0xff, b'"'] {
                    let mut step = [around; STEP];
                    step[place] = byte;
                    assert_eq!(with_words(&step), one_by_one(&step), "{byte} at {place}");
                    assert_eq!(special(&step), one_by_one(&step), "{byte} at {place}");
                }
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
