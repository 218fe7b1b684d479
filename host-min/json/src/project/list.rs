//! Splits one page of a list into its items, as it streams.
//!
//! The page is an object with `items` and `metadata` in any order. Built-in types have the metadata first, and
//! custom resources have it last. The broker does the paging: it asks for the next page.

use super::Result;
use super::mask::Node;
use super::object::{Identity, any_object, object};
use super::odd::Odd;
use super::scanner::Scanner;
use std::io::Read;

/// The metadata of a page. It is complete after the last item was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageMeta {
    /// `apiVersion` of the list
    pub api_version: String,
    /// `kind` of the list, such as `PodList`
    pub kind: String,
    /// `metadata.continue`: the token for the next page, or empty.
    pub next: String,
    /// `metadata.resourceVersion`
    pub resource_version: String,
    /// Its contents if it is not a list but a `Status`.
    pub status: StatusText,
}

/// A `Status` in place of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StatusText {
    /// `message`
    pub message: String,
    /// `code`, the HTTP status that it means.
    pub code: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    Keys { first: bool },
    Items { first: bool },
    End,
}

/// Reads one page of a list, item by item.
pub struct ListReader {
    scanner: Scanner,
    at: At,
    meta: PageMeta,
    had_items: bool,
    /// Whether it has a name. Lists have none.
    is_named: bool,
}

impl ListReader {
    /// Reads from a body.
    pub fn new(body: Box<dyn Read + Send>) -> Self {
        ListReader {
            scanner: Scanner::new(body),
            at: At::Start,
            meta: PageMeta::default(),
            had_items: false,
            is_named: false,
        }
    }

    /// The beginning of the body, if only that was read.
    pub fn beginning(&self) -> &[u8] {
        self.scanner.beginning()
    }

    /// What is known of the page so far.
    pub fn meta(&self) -> &PageMeta {
        &self.meta
    }

    /// The numbers of the fields that the mask [hides](Node::Hide) and the last item has, without duplicates.
    pub fn hidden(&self) -> &[u16] {
        &self.scanner.hidden
    }

    /// Bytes of the body that were read.
    pub fn bytes_read(&self) -> u64 {
        self.scanner.at_byte()
    }

    /// Puts the next item, projected, into `out` (which is cleared). Gives `None` after the last. An odd item is an error.
    pub fn next(&mut self, mask: &Node, out: &mut Vec<u8>) -> Result<Option<Identity>> {
        out.clear();
        if self.has_item()? { object(&mut self.scanner, mask, out).map(Some) } else { Ok(None) }
    }

    /// The same, but reports an odd item with its identity as far as it is known. The next item can be read then. `out` is
    /// useful only for [`Odd::field`].
    pub fn next_any(&mut self, mask: &Node, out: &mut Vec<u8>) -> Result<Option<(Identity, Option<Odd>)>> {
        out.clear();
        if self.has_item()? { any_object(&mut self.scanner, mask, out).map(Some) } else { Ok(None) }
    }

    /// Goes to the next item, if there is one.
    fn has_item(&mut self) -> Result<bool> {
        loop {
            match self.at {
                At::Start => {
                    self.scanner.take(b'{', "not a JSON object")?;
                    self.at = At::Keys { first: true };
                }
                At::Keys { mut first } => {
                    if self.scanner.more(b'}', &mut first)? {
                        self.at = At::Keys { first };
                        self.member()?;
                    } else if !self.had_items && !self.is_list_without_items() {
                        return self.scanner.malformed("not a list: it has no items");
                    } else {
                        self.scanner.expect_end()?;
                        self.at = At::End;
                    }
                }
                At::Items { mut first } => {
                    let more = self.scanner.more(b']', &mut first)?;
                    self.at = if more { At::Items { first } } else { At::Keys { first: false } };
                    if more {
                        return Ok(true);
                    }
                }
                At::End => return Ok(false),
            }
        }
    }

    /// Hand-written servers leave `items` out if there are none, and Go clients accept that. So an object whose kind is a list counts as a
    /// list. An object of another kind, such as a proxy's error page, must not look like an empty list.
    fn is_list_without_items(&self) -> bool {
        let PageMeta { kind, resource_version, .. } = &self.meta;
        let says_so = kind.ends_with("List") || (kind.is_empty() && !resource_version.is_empty());
        says_so && !self.is_named
    }

    fn member(&mut self) -> Result<()> {
        let key = self.scanner.key()?;
        match self.scanner.name(key).unwrap_or_default() {
            b"items" => {
                if std::mem::replace(&mut self.had_items, true) {
                    return self.scanner.malformed("a list with 'items' twice");
                }
                if self.scanner.peek()? == b'n' {
                    // Go writes an empty list as null.
                    return self.scanner.value(1);
                }
                self.scanner.take(b'[', "expected an array of items")?;
                self.at = At::Items { first: true };
                Ok(())
            }
            b"kind" => self.text().map(|text| self.meta.kind = text),
            b"apiVersion" => self.text().map(|text| self.meta.api_version = text),
            b"message" => self.text().map(|text| self.meta.status.message = text),
            b"code" => self.raw().map(|text| self.meta.status.code = text),
            b"metadata" => {
                if self.scanner.peek()? == b'{' {
                    self.metadata()
                } else {
                    self.scanner.value(1)
                }
            }
            _ => self.scanner.value(1),
        }
    }

    fn metadata(&mut self) -> Result<()> {
        self.scanner.take(b'{', "expected an object")?;
        let mut first = true;
        while self.scanner.more(b'}', &mut first)? {
            let key = self.scanner.key()?;
            match self.scanner.name(key) {
                Some(b"continue") => self.meta.next = self.token()?,
                Some(b"resourceVersion") => self.meta.resource_version = self.text()?,
                Some(b"name") => {
                    self.is_named = true;
                    self.scanner.value(2)?;
                }
                _ => self.scanner.value(2)?,
            }
        }
        Ok(())
    }

    /// The token for the next page. A value that is no text would be the end of a list that goes on.
    fn token(&mut self) -> Result<String> {
        let Ok(token) = serde_json::from_slice::<Option<String>>(&self.bytes()?) else {
            return self.scanner.malformed("the list's 'continue' is not a string");
        };
        Ok(token.unwrap_or_default())
    }

    /// The meaning of a string. Any other value counts as an empty string.
    fn text(&mut self) -> Result<String> {
        Ok(serde_json::from_slice(&self.bytes()?).unwrap_or_default())
    }

    /// A value's own text.
    fn raw(&mut self) -> Result<String> {
        Ok(String::from_utf8(self.bytes()?).unwrap_or_default())
    }

    fn bytes(&mut self) -> Result<Vec<u8>> {
        let mut raw = Vec::with_capacity(64);
        self.scanner.keep_in(&mut raw, |scanner| scanner.keep_value(1))?;
        Ok(raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::ProjectError;

    #[test]
    fn a_token_that_is_no_text_is_not_the_end_of_the_list() {
        for end in ["\"\"", "null"] {
            let page = format!(r#"{{"kind":"PodList","metadata":{{"continue":{end}}},"items":[]}}"#);
            assert_eq!(read(&page).unwrap().1.next, "");
        }
        for odd in ["5", "true", "[\"a\"]", "{}", "\"\\ud800\""] {
            let page = format!(r#"{{"kind":"PodList","metadata":{{"continue":{odd}}},"items":[]}}"#);
            let error = read(&page).unwrap_err().to_string();
            assert!(error.contains("'continue' is not a string"), "{odd}: {error}");
        }
    }

    fn read(text: &str) -> Result<(Vec<String>, PageMeta)> {
        let mut reader = ListReader::new(Box::new(std::io::Cursor::new(text.as_bytes().to_vec())));
        let (mut items, mut out) = (Vec::new(), Vec::new());
        while let Some(identity) = reader.next(&Node::Keep, &mut out)? {
            items.push(format!("{} {}", identity.name, String::from_utf8_lossy(&out)));
        }
        assert!(reader.next(&Node::Keep, &mut out)?.is_none(), "the end stays the end");
        Ok((items, reader.meta().clone()))
    }

    #[test]
    fn items_come_one_by_one_wherever_the_metadata_is() {
        let meta = r#""kind":"PodList","apiVersion":"v1","metadata":{"continue":"abc","resourceVersion":"7","remainingItemCount":3}"#;
        let items = r#""items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]"#;
        for text in [
            format!("{{{meta},{items}}}"),
            format!("{{{items},{meta}}}"),
            format!(" {{ {items} , {meta} }} \n"),
        ] {
            let (got, page) = read(&text).expect(&text);
            assert_eq!(got, [r#"a {"metadata":{"name":"a"}}"#, r#"b {"metadata":{"name":"b"}}"#]);
            assert_eq!((&*page.next, &*page.kind, &*page.resource_version), ("abc", "PodList", "7"));
        }
    }

    #[test]
    fn empty_lists() {
        assert_eq!(read(r#"{"items":[]}"#).expect("empty").0.len(), 0);
        assert_eq!(read(r#"{"items":null,"kind":"L"}"#).expect("null").1.kind, "L");
        for text in [
            r#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"}}"#,
            r#"{"kind":"PodList"}"#,
            r#"{"metadata":{"resourceVersion":"7","continue":"abc"}}"#,
        ] {
            assert_eq!(read(text).expect(text).0.len(), 0);
        }
        let status = r#"{"kind":"Status","message":"try again","code":500}"#;
        let mut reader = ListReader::new(Box::new(status.as_bytes()));
        assert!(reader.next(&Node::Keep, &mut Vec::new()).is_err());
        assert_eq!(reader.meta().status, StatusText { message: "try again".into(), code: "500".into() });
    }

    #[test]
    fn what_is_not_a_list_or_is_cut_is_refused() {
        for text in [
            "",
            "[]",
            "<html>",
            r#"{"kind":"Pod","metadata":{}}"#,
            r#"{"kind":"PriorityList","metadata":{"name":"a"}}"#,
            r#"{"metadata":{"name":"a","resourceVersion":"7"}}"#,
            r#"{"metadata":{}}"#,
            r#"{"error":"unauthorized"}"#,
            "{}",
            r#"{"items":{}}"#,
            r#"{"items":[1]}"#,
            r#"{"items":[{}"#,
            r#"{"items":[{}]"#,
            r#"{"items":[{}]}x"#,
            r#"{"items":[],"items":[]}"#,
        ] {
            assert!(matches!(read(text), Err(ProjectError::Malformed { .. })), "{text}");
        }
    }
}
