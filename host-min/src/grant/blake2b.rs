//! BLAKE2b-512 without a key, as RFC 7693 has it: what minisign hashes a file with before it signs.
//!
//! ring has every other part of a signature's check, and not this. Nothing here is secret, so it need not hide how long it
//! takes.

/// Section 2.6: the same words as SHA-512's.
const IV: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

/// Section 2.7: the order of the message's words in each round; rounds 10 and 11 are as 0 and 1.
const SIGMA: [[u8; 16]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

/// Which words of the state each mixing is of: the columns, then the diagonals.
const MIXED: [[usize; 4]; 8] = [
    [0, 4, 8, 12],
    [1, 5, 9, 13],
    [2, 6, 10, 14],
    [3, 7, 11, 15],
    [0, 5, 10, 15],
    [1, 6, 11, 12],
    [2, 7, 8, 13],
    [3, 4, 9, 14],
];

const BLOCK_BYTES: usize = 128;

/// The hash of some bytes.
pub(super) fn blake2b_512(bytes: &[u8]) -> [u8; 64] {
    let mut state = IV;
    // The parameters: 64 bytes of digest, no key, no tree.
    state[0] ^= 0x0101_0040;
    let blocks = bytes.len().div_ceil(BLOCK_BYTES).max(1);
    for index in 0..blocks {
        let begin = index * BLOCK_BYTES;
        let end = bytes.len().min(begin + BLOCK_BYTES);
        let mut block = [0; BLOCK_BYTES];
        block[..end - begin].copy_from_slice(&bytes[begin..end]);
        compress(&mut state, &block, end as u128, index + 1 == blocks);
    }
    let mut digest = [0; 64];
    for (out, word) in digest.chunks_exact_mut(8).zip(state) {
        out.copy_from_slice(&word.to_le_bytes());
    }
    digest
}

/// Section 3.2.
fn compress(state: &mut [u64; 8], block: &[u8; BLOCK_BYTES], bytes_so_far: u128, is_last: bool) {
    let mut words = [0; 16];
    for (word, bytes) in words.iter_mut().zip(block.chunks_exact(8)) {
        *word = bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    }
    let mut v = [0; 16];
    v[..8].copy_from_slice(state);
    v[8..].copy_from_slice(&IV);
    v[12] ^= bytes_so_far as u64;
    v[13] ^= (bytes_so_far >> 64) as u64;
    if is_last {
        v[14] = !v[14];
    }
    for round in 0..12 {
        let order = &SIGMA[round % 10];
        for (index, &[a, b, c, d]) in MIXED.iter().enumerate() {
            let (x, y) = (words[usize::from(order[2 * index])], words[usize::from(order[2 * index + 1])]);
            for (word, first, second) in [(x, 32, 24), (y, 16, 63)] {
                v[a] = v[a].wrapping_add(v[b]).wrapping_add(word);
                v[d] = (v[d] ^ v[a]).rotate_right(first);
                v[c] = v[c].wrapping_add(v[d]);
                v[b] = (v[b] ^ v[c]).rotate_right(second);
            }
        }
    }
    for (index, word) in state.iter_mut().enumerate() {
        *word ^= v[index] ^ v[index + 8];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::process::{Command, Stdio};

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_example_of_the_rfc() {
        // Appendix A.
        assert_eq!(
            hex(&blake2b_512(b"abc")),
            "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1\
             7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"
        );
    }

    /// Every length around the blocks' ends, as coreutils hashes it.
    #[test]
    fn the_same_as_b2sum() {
        for len in [0, 1, 63, 64, 127, 128, 129, 255, 256, 257, 1000, 4096, 100_003] {
            let bytes: Vec<u8> = (0..len).map(|index: usize| (index * 7 + index / 251) as u8).collect();
            let mut child = Command::new("b2sum")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("b2sum, of coreutils");
            child.stdin.take().expect("a pipe").write_all(&bytes).expect("b2sum reads");
            let output = child.wait_with_output().expect("b2sum ends");
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert_eq!(said.split(' ').next(), Some(&*hex(&blake2b_512(&bytes))), "{len} bytes");
        }
    }
}
