//! Many words, looked for in one pass.
//!
//! Of each word a window of three bytes is chosen whose pairs are rare in what Kubernetes writes. Two of these bytes stand at an
//! even place of the text, so one pair of every two bytes is looked up, whatever the number of words. What the table knows is
//! compared with the words that have it there.

/// Bytes of a window: the shortest word.
const WINDOW: usize = 3;

/// Pairs of ASCII.
const PAIRS: usize = 1 << 14;

struct Word {
    text: Box<[u8]>,
    /// Whether upper and lower case make no difference.
    folded: bool,
}

/// That a word has a pair at an offset; and the next that has a pair of the same place in the table.
struct Entry {
    word: u16,
    offset: u8,
    next: u16,
}

/// Words to look for.
pub(super) struct Needles {
    words: Vec<Word>,
    entries: Vec<Entry>,
    /// For each pair the first entry, counted from 1.
    first: Box<[u16]>,
}

impl Needles {
    pub(super) fn new() -> Needles {
        Needles { words: Vec::new(), entries: Vec::new(), first: vec![0; PAIRS].into() }
    }

    /// Adds a word of at least three bytes; answers its number. A word that is too much for the numbers is not looked for.
    pub(super) fn add(&mut self, text: &[u8], folded: bool) -> usize {
        let number = self.words.len();
        if text.len() < WINDOW || number >= usize::from(u16::MAX / 16) {
            return usize::MAX;
        }
        let text: Box<[u8]> = if folded { text.to_ascii_lowercase().into() } else { text.into() };
        let weigh = |window: &[u8]| window.iter().map(|&byte| commonness(byte)).sum::<u32>();
        let windows = text.windows(WINDOW).take(usize::from(u8::MAX) - 1).enumerate();
        let begin = windows.min_by_key(|(_, window)| weigh(window)).map_or(0, |(begin, _)| begin);
        for offset in [begin, begin + 1] {
            let [a, b] = [text[offset], text[offset + 1]];
            let variants = |byte: u8| match folded && byte.is_ascii_lowercase() {
                true => vec![byte, byte.to_ascii_uppercase()],
                false => vec![byte],
            };
            for a in variants(a) {
                for b in variants(b) {
                    let first = &mut self.first[pair(a, b)];
                    self.entries.push(Entry { word: number as u16, offset: offset as u8, next: *first });
                    *first = self.entries.len() as u16;
                }
            }
        }
        self.words.push(Word { text, folded });
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
            let word = &self.words[usize::from(entry.word)];
            let Some(begin) = at.checked_sub(entry.offset.into()) else { continue };
            let Some(there) = text.get(begin..begin + word.text.len()) else { continue };
            if there == &*word.text || word.folded && there.eq_ignore_ascii_case(&word.text) {
                hit(entry.word.into(), begin);
            }
        }
    }

    /// How long a word is.
    pub(super) fn len_of(&self, number: usize) -> usize {
        self.words[number].text.len()
    }
}

fn pair(a: u8, b: u8) -> usize {
    usize::from(a & 0x7f) | usize::from(b & 0x7f) << 7
}

/// How often a byte occurs in objects and logs, about.
fn commonness(byte: u8) -> u32 {
    match byte {
        b'e' | b't' | b'a' | b'o' | b'n' | b'i' | b'r' | b's' => 9,
        b'"' | b':' | b'l' | b'c' | b'd' | b'p' | b'm' | b'u' | b'.' | b'-' | b' ' => 6,
        b'a'..=b'w' | b'0'..=b'9' | b'/' | b',' => 4,
        b'y' | b'z' | b'x' | b'T' | b'S' => 2,
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
