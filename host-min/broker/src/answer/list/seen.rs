//! Detects lists that repeat. A server that sends the same continue token or the same page twice would keep the gatherer busy until its
//! deadline.

use super::Failed;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The tokens of a list's pages and the keys of their first items. They are digests, because there can be as many as requests.
#[derive(Default)]
pub(super) struct Seen {
    tokens: HashSet<u64>,
    first_keys: HashSet<u64>,
}

const ADVICE: &str = "the server repeats itself: check its logs, and any proxy in front of it";

fn digest(text: &str) -> u64 {
    let mut digest = DefaultHasher::new();
    text.hash(&mut digest);
    digest.finish()
}

impl Seen {
    /// Records the token of the next page.
    pub(super) fn add_token(&mut self, token: &str) {
        self.tokens.insert(digest(token));
    }

    /// Checks the token that a page sends. `own` is the page's own token.
    ///
    /// # Errors
    /// If an earlier page had it.
    pub(super) fn check_token(&self, token: &str, own: &str) -> Result<(), Failed> {
        if token == own || self.tokens.contains(&digest(token)) {
            let why = "a page has the continue token of an earlier page, so the list would never end";
            return Err(Failed::bad_answer(why, ADVICE));
        }
        Ok(())
    }

    /// Checks the key of a page's first item. An item without a name has an empty key, which is not checked.
    ///
    /// # Errors
    /// If another page of the same state began with it: a list contains an object once.
    pub(super) fn check_first_key(&mut self, key: &str) -> Result<(), Failed> {
        if key.is_empty() || self.first_keys.insert(digest(key)) {
            return Ok(());
        }
        let why = "a page begins like an earlier page, so the server repeats its items";
        Err(Failed::bad_answer(why, ADVICE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_detected() {
        let mut seen = Seen::default();
        assert!(seen.check_token("a", "").is_ok());
        seen.add_token("a");
        assert!(seen.check_token("b", "a").is_ok());
        seen.add_token("b");
        for token in ["a", "b"] {
            assert!(seen.check_token(token, "b").is_err(), "{token}");
        }
        assert!(seen.check_first_key("shop/x").is_ok() && seen.check_first_key("shop/y").is_ok());
        assert!(
            seen.check_first_key("").is_ok() && seen.check_first_key("").is_ok(),
            "nameless items are not compared"
        );
        assert!(seen.check_first_key("shop/x").is_err());
    }
}
