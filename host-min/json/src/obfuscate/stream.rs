//! Cuts a stream where no original can be, so that the result does not depend on how the stream is divided.
//!
//! A cut is behind a blank, a quote or a slash: a byte that is in no original and does not decide whether its neighbours are one. A long
//! text without such a byte is cut anyway, outside of the matches in it.

use super::{Obfuscator, scan};

/// The longest text without such a byte that is kept together.
const MAX_WORD_BYTES: usize = 8 << 10;

/// How much of it is held back. No original is longer.
const TAIL_BYTES: usize = 1 << 10;

/// A stream that comes in pieces.
#[derive(Default)]
pub(crate) struct Pieces {
    held: Vec<u8>,
}

impl Pieces {
    /// Takes the next piece, and replaces it by what is ready.
    pub(crate) fn pass(&mut self, obfuscator: &Obfuscator, piece: &mut Vec<u8>, is_last: bool) {
        let mut text = std::mem::take(&mut self.held);
        text.append(piece);
        // Word by word in a text of long words, so that the cuts do not depend on the pieces.
        let mut from = 0;
        while let Some(word_end) = self.next_end(&text[from..], is_last) {
            let (end, is_cut) = word_end;
            let part = &text[from..from + end];
            match obfuscator.replaced(part, if is_cut { end - TAIL_BYTES } else { end }) {
                Some((replaced, done)) => {
                    piece.extend_from_slice(&replaced);
                    let until = if is_cut { done.max(end - TAIL_BYTES) } else { end };
                    piece.extend_from_slice(&part[done..until]);
                    from += until;
                }
                None => {
                    let until = if is_cut { end - TAIL_BYTES } else { end };
                    piece.extend_from_slice(&part[..until]);
                    from += until;
                }
            }
        }
        self.held = text.split_off(from);
    }

    /// How far a text can be searched now, and whether that is in the middle of a word.
    fn next_end(&self, text: &[u8], is_last: bool) -> Option<(usize, bool)> {
        // Each long word is a text of its own.
        let mut end = 0;
        let mut at = 0;
        loop {
            let word = text[at..].iter().position(|&byte| !scan::is_word(byte));
            let len = word.unwrap_or(text.len() - at);
            if len >= MAX_WORD_BYTES {
                return Some(if end > 0 { (end, false) } else { (MAX_WORD_BYTES, true) });
            }
            match word {
                Some(len) => {
                    at += len + 1;
                    end = at;
                }
                None if is_last && !text.is_empty() => return Some((text.len(), false)),
                None => return (end > 0).then_some((end, false)),
            }
        }
    }
}
