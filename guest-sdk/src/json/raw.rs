//! JSON that is kept as text.

use super::decode::Decode;
use super::parse::{self, Parser};
use super::scan;
use super::shape::{self, Place, Read, Shape, Write};
use super::write::{Serialize, Writer};
use crate::Result;
use crate::typed::{self, Borrowed, Part};
use alloc::string::String;
use alloc::vec::Vec;

/// A value as its JSON text: for values without a schema, values of a recursive type, and values to pass on unread.
///
/// It is one valid RFC 8259 value within the [nesting limit](super::MAX_DEPTH) of the surrounding document, or
/// absent. So it can be written verbatim without breaking the output. White space and escapes within it are
/// unchanged; white space around it is not part of it.
///
/// The default is the absent value, and so is `null`. It is left out of objects, like `None`, and written as `null`
/// elsewhere.
///
/// ```
/// use wagather::{Fields, json::{self, Raw}};
///
/// #[derive(Default, Fields)]
/// struct Example {
///     value: Raw,
/// }
///
/// let example: Example = json::from_str(r#"{"value": {"b": [1, "\u00e4"]} }"#)?;
/// assert_eq!(example.value.as_str(), r#"{"b": [1, "\u00e4"]}"#);
/// # Ok::<(), wagather::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raw(String);

impl Raw {
    /// The text; empty if the value is absent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the value is absent.
    pub fn is_absent(&self) -> bool {
        self.0.is_empty()
    }

    /// Decodes the value; it may be called several times. An absent value becomes the default.
    ///
    /// # Errors
    ///
    /// [`Status::DECODE`](crate::abi::Status::DECODE) if the value does not match the type.
    #[inline(always)]
    pub fn decode<T: Decode>(&self) -> Result<T> {
        let mut value = T::default();
        self.read_into(Place::of(&mut value))?;
        Ok(value)
    }

    // `inline`: see `read`.
    #[inline]
    fn read_into(&self, place: Place<'_>) -> Result<()> {
        if self.is_absent() {
            return Ok(());
        }
        parse::parse(&mut Vec::from(self.as_str()), place)
    }
}

impl Decode for Raw {
    const SHAPE: Shape<Self> = shape::read();
}

// With `inline`, it is compiled with the gatherers that use it, not with this crate. Otherwise, the compiler would
// inline what it shares with the parser, and other gatherers would be 48 bytes larger.
impl Read for Raw {
    #[inline]
    fn read(&mut self, parser: &mut Parser<'_>, depth: u32) -> Result<()> {
        parser.peek();
        let rest = parser.rest()?;
        let len = scan::value(rest.as_bytes(), depth)?;
        let text = rest.get(..len).unwrap_or("");
        self.0 = String::from(if text == "null" { "" } else { text });
        parser.skip(len);
        Ok(())
    }
}

impl Serialize for Raw {
    const SHAPE: Shape<Self> = shape::write_if();
}

impl Write for Raw {
    fn write(&self, writer: &mut Writer<'_>) {
        writer.text(self.0.as_bytes());
    }

    fn is_null(&self) -> bool {
        self.is_absent()
    }
}

impl Serialize for typed::Raw<'_> {
    const SHAPE: Shape<Self> = shape::write_if();
    const PART: Option<Part<Self>> = Some(<Self as Borrowed>::PART);
    const OPTIONAL: Option<Part<Option<Self>>> = typed::optional(<Self as Serialize>::PART);
}

impl Write for typed::Raw<'_> {
    fn write(&self, writer: &mut Writer<'_>) {
        writer.text(self.as_str().as_bytes());
    }

    fn is_null(&self) -> bool {
        self.is_absent()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{MAX_DEPTH, Pairs, from_slice, from_str, to_string};
    use crate::manifest::{mask_len, mask_text};
    use std::boxed::Box;
    use std::format;
    use std::vec;

    #[derive(Default, Debug, PartialEq, crate::Fields, crate::Serialize)]
    struct Schema {
        before: String,
        value: Raw,
        maybe: Option<Raw>,
        all: Vec<Raw>,
        by_name: Pairs<Raw>,
        boxed: Box<Alike>,
        after: String,
    }

    #[derive(Default, Debug, PartialEq, crate::Fields, crate::Serialize)]
    struct Alike(Raw);

    #[test]
    fn it_is_the_text_as_it_came() {
        let json = r#"{"before":"\u00e4\"","value": {"a" :[1,
            2.50e+3 ,null],"\u0062\n\"":"\u00e4\ud83D\uDE00\/ö"} ,"maybe":-0.5,"all":[ "\\" ,true,[],null,{ } ],
            "byName":{"x":"\"","y":0},"boxed":false,"after":"\\"}"#;
        let schema: Schema = from_str(json).expect("JSON of that type");
        let value =
            "{\"a\" :[1,\n            2.50e+3 ,null],\"\\u0062\\n\\\"\":\"\\u00e4\\ud83D\\uDE00\\/ö\"}";
        assert_eq!(schema.value.as_str(), value);
        assert_eq!((schema.before.as_str(), schema.after.as_str()), ("ä\"", "\\"));
        assert_eq!(schema.maybe.as_ref().map(Raw::as_str), Some("-0.5"));
        assert!(schema.all.iter().map(Raw::as_str).eq([r#""\\""#, "true", "[]", "{ }"]));
        assert_eq!(schema.boxed.0.as_str(), "false");
        let written = format!(
            r#"{{"before":"ä\"","value":{value},"maybe":-0.5,"all":["\\",true,[],{{ }}],"byName":{{"x":"\"","y":0}},"boxed":false,"after":"\\"}}"#
        );
        assert_eq!(to_string(&schema), written);
        assert_eq!(from_str::<Schema>(&written), Ok(schema));
    }

    #[test]
    fn what_is_absent_or_null_is_left_out() {
        let empty = r#"{"before":"","all":[],"byName":{},"after":""}"#;
        for json in ["{}", r#"{"value":null,"maybe":null,"all":[null],"byName":{"a":null},"boxed":null}"#] {
            let schema: Schema = from_str(json).expect("JSON of that type");
            assert_eq!(schema, Schema::default());
            assert!(schema.value.is_absent() && schema.maybe.is_none());
            assert_eq!(to_string(&schema), empty);
        }
        assert_eq!(from_str::<Raw>(" null "), Ok(Raw::default()));
        assert_eq!(to_string(&Raw::default()), "null");
        assert_eq!(to_string(&vec![Raw::default(), Raw("1".into())]), "[null,1]");
    }

    #[test]
    fn it_is_decoded_as_often_as_it_is_asked_to() {
        let raw: Raw = from_str(r#" {"before":"\u00e4","value":{"before":"b"}} "#).expect("JSON");
        for _ in 0..2 {
            let schema: Schema = raw.decode().expect("a schema");
            assert_eq!(schema.before, "ä");
            assert_eq!(schema.value.decode::<Schema>().map(|inner| inner.before).as_deref(), Ok("b"));
            assert!(schema.value.decode::<u32>().is_err());
        }
        assert_eq!(Raw::default().decode(), Ok(0u32));
    }

    #[test]
    fn its_mask_is_the_whole_of_it() {
        const MASK: crate::json::Mask = <Schema as Decode>::MASK;
        const TEXT: [u8; mask_len(&MASK)] = mask_text(&MASK);
        assert_eq!(core::str::from_utf8(&TEXT), Ok("before,value,maybe,all,byName,boxed,after"));
    }

    #[test]
    fn depth_is_bounded_by_what_is_around_it() {
        let nested = |depth: u32| "[".repeat(depth as usize) + &"]".repeat(depth as usize);
        assert!(from_str::<Raw>(&nested(MAX_DEPTH)).is_ok());
        assert!(from_str::<Raw>(&nested(MAX_DEPTH + 1)).is_err());
        assert!(from_str::<Raw>(&"[".repeat(100_000)).is_err());
        let field = |depth| format!(r#"{{"value":{}}}"#, nested(depth));
        assert!(from_str::<Schema>(&field(MAX_DEPTH - 1)).is_ok());
        assert!(from_str::<Schema>(&field(MAX_DEPTH)).is_err());
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for json in [
            "",
            " ",
            "nul",
            "tru",
            "True",
            "NaN",
            "{",
            "[",
            "[1",
            "[1,",
            "[1,]",
            "[,1]",
            "[1 2]",
            "[1}",
            "{,}",
            "{1:2}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{"a":1]"#,
            r#"{"a":1 "b":2}"#,
            "{a:1}",
            "'a'",
            "\"",
            r#""\"#,
            r#""\""#,
            r#""\x""#,
            r#""\u12""#,
            r#""\u12g4""#,
            r#""\ud800""#,
            r#""\ud800\u0041""#,
            r#""\ud800\n""#,
            r#""\udc00""#,
            "\"\n\"",
            "\"\0\"",
            "\"\x1f\"",
            "-",
            "+1",
            ".5",
            "1.",
            "1.e1",
            "1e",
            "1e+",
            "--1",
            "01",
            "-01",
            "1..2",
            "0x1",
            "1e1.5",
            "1 1",
            "1,",
            "[1]]",
            "\u{feff}1",
            "/**/1",
            "1//",
        ] {
            assert!(from_str::<Raw>(json).is_err(), "{json}");
            assert!(from_str::<Schema>(&format!(r#"{{"value":{json}}}"#)).is_err(), "{json}");
        }
        assert!(from_slice::<Raw>(b"\"\xff\"").is_err());
    }

    #[test]
    fn all_that_json_has_is_taken() {
        for json in [
            "0",
            "-0",
            "10",
            "1.0",
            "-1.05E-07",
            "1e999",
            "123456789012345678901234567890",
            "true",
            "false",
            r#""""#,
            "\"\x7f\u{2028}😀\"",
            r#""\"\\\/\b\f\n\r\t\u0000\uFFFF\ud7ff\ue000\udbff\udfff""#,
            "[]",
            "{}",
            "[[],{}]",
            r#"{"":{"a":[0]},"":1}"#,
            "[ \t\r\n]",
            "{ \t\r\n}",
        ] {
            let raw: Raw = from_str(json).expect(json);
            assert_eq!(raw.as_str(), json);
            assert_eq!(to_string(&raw), json);
        }
    }
}
