//! A string that is placed where a sandbox must not find it. The searching program only contains it masked, so it
//! does not find itself.

/// What the bytes are masked with.
pub const MASK: u8 = 0x80;

/// The canary, masked when this is compiled.
pub const MASKED: [u8; 32] = masked(*b"a-canary-4d1f9c07b2e86a35-sings!");

const fn masked(mut text: [u8; 32]) -> [u8; 32] {
    let mut at = 0;
    while at < text.len() {
        text[at] ^= MASK;
        at += 1;
    }
    text
}

/// The canary itself: for the process that puts it there, never for the one that looks.
pub fn canary() -> String {
    MASKED.iter().map(|byte| char::from(byte ^ MASK)).collect()
}
