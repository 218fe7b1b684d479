//! Obfuscation: placeholders replace addresses and domains before any byte of an answer reaches a guest or the archive. The map
//! between them stays with the person who ran the gatherers.
//!
//! It runs after redaction, in the same places. An original has the same placeholder everywhere, so relations stay visible. A guest may
//! use a placeholder in a request. It is replaced by its original before the request is judged. `docs/redaction.md` says what is found
//! and what is not; `docs/decisions/0040-obfuscation.md` has the reasons.
//!
//! `scan` finds originals in a text, `map` knows their placeholders, and `stream` cuts texts that come in pieces.

mod kinds;
mod map;
mod scan;
mod stream;
#[cfg(test)]
mod tests;

pub use kinds::{Kinds, domain_of};
pub use map::Counts;
pub(crate) use stream::Pieces;

use map::Map;
use scan::{Match, Scanner};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Replaces originals in all that one run gathers.
pub struct Obfuscator {
    scanner: Scanner,
    map: Mutex<Map>,
    is_full: AtomicBool,
}

impl Obfuscator {
    /// An obfuscator that has seen nothing yet.
    pub fn new(kinds: &Kinds) -> Obfuscator {
        Obfuscator {
            scanner: Scanner::new(kinds),
            map: Mutex::new(Map::new()),
            is_full: AtomicBool::new(false),
        }
    }

    /// Replaces what is found in a text, or in JSON without escapes for what needs none.
    pub fn bytes(&self, text: &mut Vec<u8>) {
        if let Some((mut replaced, from)) = self.replaced(text, text.len()) {
            replaced.extend_from_slice(&text[from..]);
            *text = replaced;
        }
    }

    /// The same in a sentence.
    pub fn text(&self, text: &mut String) {
        if let Some((mut replaced, from)) = self.replaced(text.as_bytes(), text.len()) {
            replaced.extend_from_slice(&text.as_bytes()[from..]);
            // Only ASCII was replaced, by ASCII.
            *text = String::from_utf8(replaced)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        }
    }

    /// The text up to somewhere behind its last original that begins before `end`, and where that is; or nothing, if it has none.
    fn replaced(&self, text: &[u8], end: usize) -> Option<(Vec<u8>, usize)> {
        let mut found = self.scanner.find(text, 0, 0).filter(|found| found.start < end)?;
        let mut replaced = Vec::with_capacity(text.len() + 64);
        let mut done = 0;
        loop {
            let Match { start, end: until, key } = found;
            replaced.extend_from_slice(&text[done..start]);
            let is_joined = replaced.last().copied().is_some_and(map::joins);
            match self.lock().placeholder(key, &text[start..until], is_joined) {
                Ok(placeholder) => replaced.extend_from_slice(placeholder.as_bytes()),
                Err(placeholder) => {
                    self.is_full.store(true, Ordering::Relaxed);
                    replaced.extend_from_slice(placeholder.as_bytes());
                }
            }
            done = until;
            match self.scanner.find(text, done, done).filter(|found| found.start < end) {
                Some(next) => found = next,
                None => return Some((replaced, done)),
            }
        }
    }

    /// Turns the placeholders of a text back into what they stand for; `is_name` says that it is a name of Kubernetes', which has
    /// neither colons nor capitals.
    pub fn restore(&self, text: &mut Vec<u8>, is_name: bool) {
        if memchr::memmem::find(text, b"x-").is_some() {
            self.lock().restore(text, is_name);
        }
    }

    /// How many originals of each kind there are by now.
    pub fn counts(&self) -> Counts {
        self.lock().counts(self.scanner.kinds())
    }

    /// Whether there were more originals than a run may have: from then on all new ones have the same placeholder.
    pub fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Relaxed)
    }

    /// The map, as it is kept.
    pub fn to_json(&self) -> Vec<u8> {
        self.lock().to_json()
    }

    fn lock(&self) -> MutexGuard<'_, Map> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
