//! The writer: miniserde's fragments in, JSON text out, straight into an entry of the archive.

use crate::archive::Entry;
use crate::decimal::Decimal;
use crate::error::Result;
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use miniserde::Serialize;
use miniserde::ser::{Fragment, Map};

/// How much is written to an entry at once: few calls to the host, little memory.
const CHUNK_BYTES: usize = 1024;

/// Writes a value as an entry of the archive: creates it, writes and closes it.
///
/// # Errors
///
/// Those of [`Entry`].
pub fn to_entry(name: &str, value: &dyn Serialize) -> Result<()> {
    let mut entry = Entry::create(name)?;
    write(&mut entry, value)?;
    entry.close()
}

/// Appends a value to an entry.
///
/// # Errors
///
/// Those of [`Entry::append`].
pub fn write(entry: &mut Entry, value: &dyn Serialize) -> Result<()> {
    let mut writer = Writer { bytes: &mut Vec::new(), entry: Some(entry) };
    writer.value(value.begin())?;
    writer.flush()
}

/// A value as text.
pub fn to_string(value: &dyn Serialize) -> String {
    let mut bytes = Vec::new();
    // Without an entry nothing can fail, and the bytes are pieces of texts.
    let _ = Writer { bytes: &mut bytes, entry: None }.value(value.begin());
    String::from_utf8(bytes).unwrap_or_default()
}

/// An entry that is a JSON array, written element by element: memory is that of an element, however many come.
///
/// ```
/// use wagather::json::ArrayEntry;
/// # let run = wagather::fake::Host::new().run(|| {
/// let mut squares = ArrayEntry::create("squares.json")?;
/// for number in 0..4u32 {
///     squares.push(&(number * number))?;
/// }
/// squares.close()
/// # });
/// # assert_eq!(run.entry("squares.json"), "[0,1,4,9]");
/// ```
#[must_use = "an entry that is not closed is left out of the archive"]
pub struct ArrayEntry {
    entry: Entry,
    bytes: Vec<u8>,
    separator: u8,
}

impl ArrayEntry {
    /// Opens the entry.
    ///
    /// # Errors
    ///
    /// Those of [`Entry::create`].
    pub fn create(name: &str) -> Result<Self> {
        Ok(ArrayEntry { entry: Entry::create(name)?, bytes: Vec::new(), separator: b'[' })
    }

    /// Appends an element.
    ///
    /// # Errors
    ///
    /// Those of [`Entry::append`].
    pub fn push(&mut self, element: &dyn Serialize) -> Result<()> {
        self.bytes.push(self.separator);
        self.separator = b',';
        Writer { bytes: &mut self.bytes, entry: Some(&mut self.entry) }.value(element.begin())
    }

    /// Completes the entry.
    ///
    /// # Errors
    ///
    /// Those of [`Entry::close`].
    pub fn close(mut self) -> Result<()> {
        let mut writer = Writer { bytes: &mut self.bytes, entry: Some(&mut self.entry) };
        writer.end(self.separator, b'[', b']');
        writer.flush()?;
        self.entry.close()
    }
}

struct Writer<'a> {
    bytes: &'a mut Vec<u8>,
    entry: Option<&'a mut Entry>,
}

impl Writer<'_> {
    fn flush(&mut self) -> Result<()> {
        if let Some(entry) = &mut self.entry {
            entry.append(self.bytes)?;
            self.bytes.clear();
        }
        Ok(())
    }

    fn text(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
    }

    fn value(&mut self, fragment: Fragment<'_>) -> Result<()> {
        if self.bytes.len() >= CHUNK_BYTES {
            self.flush()?;
        }
        match fragment {
            Fragment::Null => self.text(b"null"),
            Fragment::Bool(true) => self.text(b"true"),
            Fragment::Bool(false) => self.text(b"false"),
            Fragment::Str(text) => self.string(&text),
            Fragment::U64(number) => self.text(Decimal::new(false, number).as_bytes()),
            Fragment::I64(number) => self.text(Decimal::new(number < 0, number.unsigned_abs()).as_bytes()),
            Fragment::F64(number) => self.float(number),
            Fragment::Seq(mut seq) => {
                let mut separator = b'[';
                while let Some(element) = seq.next() {
                    self.bytes.push(separator);
                    separator = b',';
                    self.value(element.begin())?;
                }
                self.end(separator, b'[', b']');
            }
            Fragment::Map(mut map) => {
                let mut separator = b'{';
                while let Some((key, value)) = map.next() {
                    let value = value.begin();
                    if matches!(value, Fragment::Null) {
                        continue;
                    }
                    self.bytes.push(separator);
                    separator = b',';
                    self.string(&key);
                    self.bytes.push(b':');
                    self.value(value)?;
                }
                self.end(separator, b'{', b'}');
            }
        }
        Ok(())
    }

    fn end(&mut self, separator: u8, open: u8, close: u8) {
        if separator == open {
            self.bytes.push(open);
        }
        self.bytes.push(close);
    }

    fn string(&mut self, text: &str) {
        self.bytes.push(b'"');
        for &byte in text.as_bytes() {
            let escape = match byte {
                b'"' | b'\\' => byte,
                b'\n' => b'n',
                b'\t' => b't',
                b'\r' => b'r',
                0..0x20 => {
                    self.text(b"\\u00");
                    self.bytes.push(b'0' + (byte >> 4));
                    let low = byte & 15;
                    self.bytes.push(if low < 10 { b'0' + low } else { b'a' - 10 + low });
                    continue;
                }
                _ => {
                    self.bytes.push(byte);
                    continue;
                }
            };
            self.bytes.push(b'\\');
            self.bytes.push(escape);
        }
        self.bytes.push(b'"');
    }

    /// A float, to 15 significant digits; `null` if it is not finite. Not shortest and not exact to the last bit: exact
    /// conversion is 10 KB of tables, and gatherers write counts.
    fn float(&mut self, number: f64) {
        if !number.is_finite() {
            self.text(b"null");
            return;
        }
        let negative = number < 0.0;
        let mut magnitude = if negative { -number } else { number };
        let mut exponent = 0i64;
        if magnitude != 0.0 {
            while magnitude >= 1e15 {
                magnitude /= 10.0;
                exponent += 1;
            }
            while magnitude < 1e14 {
                magnitude *= 10.0;
                exponent -= 1;
            }
        }
        let mut digits = (magnitude + 0.5) as u64;
        while exponent < 0 && digits.is_multiple_of(10) {
            digits /= 10;
            exponent += 1;
        }
        self.text(Decimal::new(negative, digits).as_bytes());
        if exponent != 0 {
            self.bytes.push(b'e');
            self.text(Decimal::new(exponent < 0, exponent.unsigned_abs()).as_bytes());
        }
    }
}

/// A struct to be written; what [`#[derive(Serialize)]`](derive@crate::Serialize) implements.
pub trait Record {
    /// The name and the value of the field of that number, counted from 0; `None` after the last.
    fn field(&self, index: usize) -> Option<(&'static str, &dyn Serialize)>;
}

/// The fragment of a struct.
pub fn record(record: &dyn Record) -> Fragment<'_> {
    struct Fields<'a> {
        record: &'a dyn Record,
        next: usize,
    }

    impl Map for Fields<'_> {
        fn next(&mut self) -> Option<(Cow<'_, str>, &dyn Serialize)> {
            let (name, value) = self.record.field(self.next)?;
            self.next += 1;
            Some((Cow::Borrowed(name), value))
        }
    }

    Fragment::Map(Box::new(Fields { record, next: 0 }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Host;
    use core::cell::Cell;
    use std::collections::BTreeMap;
    use std::vec;

    #[derive(crate::Serialize)]
    struct Finding {
        name: String,
        last_seen: Option<u32>,
        r#type: &'static str,
        #[field(name = "podIPs")]
        addresses: Vec<bool>,
    }

    #[test]
    fn a_struct_is_an_object_without_its_nones() {
        let mut finding =
            Finding { name: "a".into(), last_seen: None, r#type: "t", addresses: vec![true, false] };
        assert_eq!(to_string(&finding), r#"{"name":"a","type":"t","podIPs":[true,false]}"#);
        finding.last_seen = Some(7);
        finding.addresses.clear();
        assert_eq!(to_string(&finding), r#"{"name":"a","lastSeen":7,"type":"t","podIPs":[]}"#);
        assert_eq!(to_string(&BTreeMap::<String, u32>::new()), "{}");
        assert_eq!(to_string(&vec![None, Some(1u8)]), "[null,1]");
    }

    #[test]
    fn what_is_skipped_is_neither_written_nor_read() {
        #[derive(Default, Debug, PartialEq, crate::Fields, crate::Serialize)]
        struct Counted {
            name: String,
            #[field(skip)]
            last: Cell<u32>,
            #[field(skip)]
            r#type: u32,
            #[field(name = "type")]
            kind: String,
        }
        let counted = Counted { name: "a".into(), last: Cell::new(7), r#type: 8, kind: "k".into() };
        let json = to_string(&counted);
        assert_eq!(json, r#"{"name":"a","type":"k"}"#);
        let expected = Counted { last: Cell::new(0), r#type: 0, ..counted };
        assert_eq!(crate::json::from_str(r#"{"name":"a","last":5,"type":"k"}"#), Ok(expected));
    }

    #[test]
    fn texts_are_escaped() {
        let text = "a\"b\\c\nd\te\rf\x00\x1fä😀\x7f";
        let json = to_string(&text);
        assert_eq!(json, "\"a\\\"b\\\\c\\nd\\te\\rf\\u0000\\u001fä😀\x7f\"");
        assert_eq!(crate::json::from_str::<String>(&json).as_deref(), Ok(text));
    }

    #[test]
    fn numbers_are_written() {
        assert_eq!(to_string(&u64::MAX), "18446744073709551615");
        assert_eq!(to_string(&i64::MIN), "-9223372036854775808");
        for (number, text) in
            [(0.0, "0"), (0.5, "5e-1"), (-2.0, "-2"), (1e20, "100000000000000e6"), (f64::NAN, "null")]
        {
            assert_eq!(to_string(&number), text);
        }
        for number in [1.0 / 3.0, 1e-300, 123456.789, 5e-324, 1e308] {
            let read: f64 = to_string(&number).parse().expect("a number");
            assert!((read - number).abs() <= number * 1e-14, "{number} was written as {read}");
        }
    }

    #[test]
    fn an_array_is_written_element_by_element() {
        let run = Host::new().run(|| {
            ArrayEntry::create("empty.json")?.close()?;
            let mut array = ArrayEntry::create("array.json")?;
            for number in 0..1000u32 {
                array.push(&number)?;
            }
            array.close()?;
            ArrayEntry::create("open.json")?.push(&1u8)
        });
        assert_eq!(run.result, Ok(()));
        assert_eq!(run.entry("empty.json"), "[]");
        assert_eq!(run.decode::<Vec<u32>>("array.json"), (0..1000).collect::<Vec<_>>());
        assert_eq!(run.unclosed, ["open.json"]);
    }

    #[test]
    fn what_is_long_goes_to_the_entry_in_pieces() {
        let lines: Vec<String> = (0..500).map(|line| std::format!("line {line}")).collect();
        let run = Host::new().run(|| to_entry("lines.json", &lines));
        assert_eq!(run.result, Ok(()));
        assert_eq!(run.entry("lines.json"), to_string(&lines));
    }
}
