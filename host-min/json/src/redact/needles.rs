//! Many words, looked for in one pass.
//!
//! Of each word a window of three bytes is chosen whose pairs are rare in what Kubernetes writes. Two of these bytes stand at an
//! even place of the text, so one pair of every two bytes is looked up, whatever the number of words. What the table knows is
//! compared with the words that have it there.

use std::iter;

/// Bytes of a window: the shortest word.
const WINDOW: usize = 3;

/// How many words there are, about.
const USUAL_WORDS: usize = 128;

/// Pairs of ASCII.
const PAIRS: usize = 1 << 14;

struct Word {
    /// Where it is in the words' text.
    begin: u32,
    len: u32,
    /// Whether upper and lower case make no difference.
    folded: bool,
}

/// That a word has a pair at an offset; and the next that has a pair of the same place in the table.
struct Entry {
    /// The window's bytes, and what makes upper case lower of them.
    window: u32,
    fold: u32,
    /// Where the pair is in the window, and the window in its word.
    in_window: u8,
    offset: u8,
    word: u16,
    next: u16,
}

/// Words to look for.
pub(super) struct Needles {
    words: Vec<Word>,
    /// All of them, one behind the other: there are hundreds, and they are made before each run.
    text: Vec<u8>,
    entries: Vec<Entry>,
    /// For each pair the first entry, counted from 1. Its length is part of the type, so that no look-up needs a check.
    first: Box<[u16; PAIRS]>,
}

impl Needles {
    pub(super) fn new() -> Needles {
        Needles {
            words: Vec::with_capacity(USUAL_WORDS),
            text: Vec::with_capacity(8 * USUAL_WORDS),
            entries: Vec::with_capacity(4 * USUAL_WORDS),
            first: Box::new([0; PAIRS]),
        }
    }

    /// Adds a word of at least three bytes; answers its number. A word that is too much for the numbers is not looked for.
    pub(super) fn add(&mut self, text: &[u8], folded: bool) -> usize {
        let number = self.words.len();
        let (begin, len) = (u32::try_from(self.text.len()), u32::try_from(text.len()));
        let (Ok(begin), Ok(len)) = (begin, len) else { return usize::MAX };
        if text.len() < WINDOW || number >= usize::from(u16::MAX / 16) {
            return usize::MAX;
        }
        self.words.push(Word { begin, len, folded });
        self.text.extend_from_slice(text);
        let text = &mut self.text[begin as usize..];
        if folded {
            text.make_ascii_lowercase();
        }
        let offset = rarest_window(text);
        let [x, y, z] = [text[offset], text[offset + 1], text[offset + 2]];
        let mask = |byte: u8| if folded && byte.is_ascii_lowercase() { 0x20 } else { 0 };
        let window = u32::from_le_bytes([x, y, z, 0]);
        let fold = u32::from_le_bytes([mask(x), mask(y), mask(z), 0]);
        let cases = |byte: u8| iter::once(byte).chain((mask(byte) != 0).then(|| byte.to_ascii_uppercase()));
        for (in_window, a, b) in [(0, x, y), (1, y, z)] {
            for (a, b) in cases(a).flat_map(|a| cases(b).map(move |b| (a, b))) {
                let first = &mut self.first[pair(a, b)];
                let (word, offset) = (number as u16, offset as u8);
                self.entries.push(Entry { window, fold, in_window, offset, word, next: *first });
                *first = self.entries.len() as u16;
            }
        }
        number
    }

    /// Tells of each place of each word, in an order that is nearly that of the text.
    pub(super) fn find(&self, text: &[u8], mut hit: impl FnMut(usize, usize)) {
        let look = |pair_of: &[u8]| self.first[pair(pair_of[0], pair_of[1])];
        let mut at = 0;
        for eight in text.chunks_exact(8) {
            let firsts = [look(&eight[..2]), look(&eight[2..4]), look(&eight[4..6]), look(&eight[6..])];
            if firsts.iter().fold(0, |any, first| any | first) != 0 {
                for (index, &first) in firsts.iter().enumerate() {
                    self.compare(text, at + 2 * index, first, &mut hit);
                }
            }
            at += 8;
        }
        while at + 1 < text.len() {
            self.compare(text, at, look(&text[at..at + 2]), &mut hit);
            at += 2;
        }
    }

    #[inline]
    fn compare(&self, text: &[u8], at: usize, mut first: u16, hit: &mut impl FnMut(usize, usize)) {
        while let Some(entry) = self.entries.get(usize::from(first).wrapping_sub(1)) {
            first = entry.next;
            let Some(start) = at.checked_sub(entry.in_window.into()) else { continue };
            let Some(&[x, y, z]) = text.get(start..start + WINDOW) else { continue };
            if u32::from_le_bytes([x, y, z, 0]) | entry.fold != entry.window {
                continue;
            }
            let word = &self.words[usize::from(entry.word)];
            let wanted = &self.text[word.begin as usize..][..word.len as usize];
            let Some(begin) = start.checked_sub(entry.offset.into()) else { continue };
            let Some(there) = text.get(begin..begin + wanted.len()) else { continue };
            if there == wanted || word.folded && there.eq_ignore_ascii_case(wanted) {
                hit(entry.word.into(), begin);
            }
        }
    }

    /// How long a word is.
    pub(super) fn len_of(&self, number: usize) -> usize {
        self.words[number].len as usize
    }
}

fn pair(a: u8, b: u8) -> usize {
    usize::from(a & 0x7f) | usize::from(b & 0x7f) << 7
}

/// Where the window begins whose pairs are the rarest, of those that a number of eight bits can name.
fn rarest_window(text: &[u8]) -> usize {
    let (mut rarest, mut least) = (0, u32::MAX);
    let mut before = u32::MAX;
    let pairs = text.windows(2).take(usize::from(u8::MAX));
    for (at, two) in pairs.enumerate() {
        let weight = u32::from(COMMONNESS[usize::from(two[0])]) * u32::from(COMMONNESS[usize::from(two[1])]);
        if before.saturating_add(weight) < least {
            (rarest, least) = (at - 1, before + weight);
        }
        before = weight;
    }
    rarest
}

/// [`commonness`], by byte.
const COMMONNESS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = commonness(byte as u8);
        byte += 1;
    }
    table
};

/// How often a byte occurs in a thousand of objects and logs, about.
const fn commonness(byte: u8) -> u8 {
    match byte {
        b'"' => 100,
        b'e' => 70,
        b't' | b'a' | b'i' | b'n' | b'o' | b's' | b'r' => 50,
        b':' | b'l' | b'c' | b'd' | b'p' | b'm' | b'u' | b' ' | b',' => 30,
        b'h' | b'g' | b'f' | b'y' | b'v' | b'.' | b'-' | b'/' | b'0'..=b'9' => 12,
        b'k' | b'w' | b'b' | b'x' => 8,
        b'A'..=b'Z' | b'z' | b'j' | b'q' => 3,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_found_wherever_it_stands() {
        let words = ["eyJ", "SG.", "glpat-", "://", "bearer ", "aaa", "PRIVATE KEY", "sk_live_"];
        let mut needles = Needles::new();
        for word in words {
            needles.add(word.as_bytes(), word == "bearer ");
        }
        for lead in 0..20 {
            for (number, word) in words.iter().enumerate() {
                for word in [(*word).to_owned(), word.replace("bearer", "beArEr")] {
                    for tail in ["", ".", "......................"] {
                        let text = format!("{}{word}{tail}", "-".repeat(lead));
                        let mut found = Vec::new();
                        needles.find(text.as_bytes(), |number, at| found.push((number, at)));
                        found.dedup();
                        assert_eq!(found, [(number, lead)], "{text}");
                    }
                }
            }
        }
        let mut none = true;
        needles.find("GLPAT- eYJ :/ é\u{7f} PRIVATE-KEY bearer".as_bytes(), |_, _| none = false);
        assert!(none);
        assert_eq!(needles.add(b"ab", false), usize::MAX);
    }
}
