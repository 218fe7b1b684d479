//! Lists that come round: a server that gives a token for a second time, or a page, would be asked until the gatherer's time is over.

use super::Failed;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The tokens of a list's pages and the keys of their first items, as digests: there may be as many as requests.
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
    /// The list goes on with a page of that token.
    pub(super) fn asked_with(&mut self, token: &str) {
        self.tokens.insert(digest(token));
    }

    /// Whether a page says a token with which a page came before.
    ///
    /// # Errors
    /// What the list fails with.
    pub(super) fn may_ask_with(&self, token: &str, own: &str) -> Result<(), Failed> {
        if token == own || self.tokens.contains(&digest(token)) {
            let why = "a page has the continue token of an earlier page, so the list would never end";
            return Err(Failed::bad_answer(why, ADVICE));
        }
        Ok(())
    }

    /// A page of the same state of the server begins with the item of that key; without a name it has none.
    ///
    /// # Errors
    /// What the list fails with, if another page began with it: an object is in a list once.
    pub(super) fn begins_with(&mut self, key: &str) -> Result<(), Failed> {
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
    fn what_comes_round_is_seen() {
        let mut seen = Seen::default();
        assert!(seen.may_ask_with("a", "").is_ok());
        seen.asked_with("a");
        assert!(seen.may_ask_with("b", "a").is_ok());
        seen.asked_with("b");
        for token in ["a", "b"] {
            assert!(seen.may_ask_with(token, "b").is_err(), "{token}");
        }
        assert!(seen.begins_with("shop/x").is_ok() && seen.begins_with("shop/y").is_ok());
        assert!(
            seen.begins_with("").is_ok() && seen.begins_with("").is_ok(),
            "nameless items are not told apart"
        );
        assert!(seen.begins_with("shop/x").is_err());
    }
}
