//! Why an AssemblyScript program ended itself, out of its memory.
//!
//! Its strings are UTF-16, with their length in bytes in the four bytes before them. What is no string is left out; nothing here is
//! trusted, and the broker makes a line of it that a terminal can have.

use super::memory::bytes;

/// What is kept of a text.
const MAX_BYTES: u32 = 2 * 500;

/// A message and its place, from the arguments of the call.
pub(super) fn words(memory: &[u8], [message, file, line, column]: [u32; 4]) -> String {
    let message = text(memory, message).unwrap_or_else(|| "without a message".to_owned());
    match text(memory, file) {
        Some(file) => format!("abort: {message} (at {file}:{line}:{column})"),
        None => format!("abort: {message}"),
    }
}

fn text(memory: &[u8], ptr: u32) -> Option<String> {
    let len = bytes(memory, ptr.checked_sub(4)?, 4)?.try_into().ok().map(u32::from_le_bytes)?;
    let units = bytes(memory, ptr, len)?;
    let kept = &units[..len.min(MAX_BYTES) as usize];
    let units = kept.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
    let mut text: String =
        char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    if len > MAX_BYTES {
        text.push('…');
    }
    (len > 0).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(texts: &[(usize, &str)]) -> Vec<u8> {
        let mut memory = vec![0; 65536];
        for (at, text) in texts {
            let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            memory[at - 4..*at].copy_from_slice(&(units.len() as u32).to_le_bytes());
            memory[*at..at + units.len()].copy_from_slice(&units);
        }
        memory
    }

    #[test]
    fn a_message_and_its_place() {
        let memory = memory(&[(64, "Index out of range 😀"), (256, "~lib/array.ts")]);
        assert_eq!(
            words(&memory, [64, 256, 114, 42]),
            "abort: Index out of range 😀 (at ~lib/array.ts:114:42)"
        );
        assert_eq!(words(&memory, [64, 0, 0, 0]), "abort: Index out of range 😀");
        assert_eq!(words(&memory, [0, 256, 1, 2]), "abort: without a message (at ~lib/array.ts:1:2)");
    }

    #[test]
    fn what_is_no_text_is_left_out() {
        let mut memory = memory(&[(64, &"x".repeat(20_000))]);
        let long = words(&memory, [64, 1, 0, 0]);
        assert_eq!(long, format!("abort: {}…", "x".repeat(500)));
        // A length beyond the memory; a pair that is half; an odd byte.
        memory[60..64].copy_from_slice(&u32::MAX.to_le_bytes());
        memory[128..132].copy_from_slice(&3_u32.to_le_bytes());
        memory[132..135].copy_from_slice(&[0, 0xd8, 0x41]);
        for ptr in [64, 1, 3, 4, 65535, 65536, u32::MAX, u32::MAX - 3] {
            assert_eq!(words(&memory, [ptr, ptr, 0, 0]), "abort: without a message", "{ptr}");
        }
        assert_eq!(words(&memory, [132, 0, 0, 0]), "abort: \u{fffd}");
    }
}
