//! Field masks: the text that says which fields of an object to keep.
//!
//! ```text
//! mask  = field *( "," field )
//! field = name [ "(" mask ")" ]
//! ```
//!
//! `metadata(name,namespace),status(phase,containerStatuses(name,restartCount))`: a name alone keeps the
//! whole subtree; a name with parentheses keeps only the fields in the parentheses. Masks reach into
//! arrays: the mask of an array applies to each element. `*` stands for all keys of a map that the mask
//! does not name. A name is any sequence of characters except `(`, `)`, `,`, `*`, quotes, backslash, white
//! space and control characters. The text `*` alone is the mask that keeps everything.
//!
//! A mask is text, because one pointer can pass it, `strings` shows it in a module, and the derives can
//! join the masks of nested types at compile time.

use crate::limits::{MAX_MASK_BYTES, MAX_MASK_DEPTH};

/// The mask that keeps whole objects.
pub const EVERYTHING: &str = "*";

/// A piece of a mask, in the order of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A field. If [`Event::Enter`] follows, the mask keeps only a part of it.
    Field(&'a str),
    /// Begins the mask of the field before it.
    Enter,
    /// Ends that mask.
    Leave,
}

/// A mistake in a mask, and its byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaskError {
    /// The offset in the text.
    pub at_byte: usize,
    /// The reason.
    pub reason: &'static str,
}

impl core::fmt::Display for MaskError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} at byte {} of the field mask", self.reason, self.at_byte)
    }
}

impl core::error::Error for MaskError {}

/// An iterator over the pieces of a mask. It allocates nothing, and ends after an error.
#[derive(Clone, Debug)]
pub struct Events<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    after: After,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Separator,
    Field,
    Close,
    End,
}

/// Parses a mask into events. The first error is the last item.
pub const fn events(text: &str) -> Events<'_> {
    Events { text, at: 0, depth: 0, after: After::Separator }
}

/// Checks that a mask is valid.
pub fn check(text: &str) -> Result<(), MaskError> {
    events(text).try_for_each(|event| event.map(|_| ()))
}

/// Whether a byte may occur in a field's name.
const fn is_name_byte(byte: u8) -> bool {
    !matches!(byte, 0..=b' ' | b'(' | b')' | b',' | b'*' | b'"' | b'\'' | b'\\' | 0x7f)
}

impl<'a> Events<'a> {
    fn fail<T>(&mut self, reason: &'static str) -> Option<Result<T, MaskError>> {
        self.after = After::End;
        Some(Err(MaskError { at_byte: self.at, reason }))
    }

    fn name(&mut self) -> Option<Result<Event<'a>, MaskError>> {
        let rest = &self.text[self.at..];
        let len = match rest.as_bytes().first() {
            Some(b'*') => 1,
            _ => rest.bytes().take_while(|&byte| is_name_byte(byte)).count(),
        };
        if len == 0 {
            return self.fail("a field name is missing");
        }
        self.at += len;
        self.after = After::Field;
        Some(Ok(Event::Field(&rest[..len])))
    }
}

impl<'a> Iterator for Events<'a> {
    type Item = Result<Event<'a>, MaskError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.text.len() > MAX_MASK_BYTES && self.after != After::End {
            return self.fail("longer than a mask may be");
        }
        if self.after == After::End {
            return None;
        }
        if self.after == After::Separator {
            return self.name();
        }
        match self.text.as_bytes().get(self.at) {
            None if self.depth > 0 => self.fail("a closing parenthesis is missing"),
            None => {
                self.after = After::End;
                None
            }
            Some(b',') => {
                self.at += 1;
                self.name()
            }
            Some(b'(') if self.after == After::Field && self.depth == MAX_MASK_DEPTH => {
                self.fail("nested too deep")
            }
            Some(b'(') if self.after == After::Field => {
                self.at += 1;
                self.depth += 1;
                self.after = After::Separator;
                Some(Ok(Event::Enter))
            }
            Some(b')') if self.depth > 0 => {
                self.at += 1;
                self.depth -= 1;
                self.after = After::Close;
                Some(Ok(Event::Leave))
            }
            Some(_) => self.fail("expected a comma or a parenthesis"),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate alloc;
    use super::*;

    #[test]
    fn a_mask_reads_as_events() {
        let mut events = events("metadata(name),*(a),b");
        for expected in [
            Event::Field("metadata"),
            Event::Enter,
            Event::Field("name"),
            Event::Leave,
            Event::Field("*"),
            Event::Enter,
            Event::Field("a"),
            Event::Leave,
            Event::Field("b"),
        ] {
            assert_eq!(events.next(), Some(Ok(expected)));
        }
        assert_eq!(events.next(), None);
        assert_eq!(events.next(), None);
    }

    #[test]
    fn keys_of_labels_and_unicode_are_names() {
        assert_eq!(check("metadata(labels(app.kubernetes.io/name,größe))"), Ok(()));
        assert_eq!(check(EVERYTHING), Ok(()));
    }

    #[test]
    fn errors_name_the_place() {
        for (text, at_byte) in [
            ("", 0),
            (",", 0),
            ("a,", 2),
            ("a(", 2),
            ("a()", 2),
            ("a(b", 3),
            ("a)", 1),
            ("a(b)(c)", 4),
            ("a b", 1),
            ("a\"", 1),
            ("**", 1),
            ("a*", 1),
        ] {
            let error = check(text).expect_err(text);
            assert_eq!(error.at_byte, at_byte, "{text}: {}", error.reason);
        }
    }

    #[test]
    fn depth_is_bounded() {
        let mut text = alloc::string::String::new();
        for _ in 0..MAX_MASK_DEPTH {
            text.push_str("a(");
        }
        text.push('a');
        for _ in 0..MAX_MASK_DEPTH {
            text.push(')');
        }
        assert_eq!(check(&text), Ok(()));
        let mut deeper = alloc::string::String::new();
        deeper.push_str("a(");
        deeper.push_str(&text);
        deeper.push(')');
        assert_eq!(check(&deeper).map_err(|error| error.reason), Err("nested too deep"));
    }
}
