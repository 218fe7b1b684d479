//! Values that may be a number or a string.

use super::decode::Decode;
use super::parse::Parser;
use super::shape::{self, Find, Place, Read, Shape, View, Write};
use super::write::{Serialize, Writer};
use crate::Result;
use crate::quantity::Quantity;
use alloc::string::String;

/// Kubernetes' `IntOrString`: a port number or name, a number or percentage of pods. It keeps its form when it is
/// written.
///
/// Source: <https://pkg.go.dev/k8s.io/apimachinery/pkg/util/intstr>. There, the number has 32 bits; here it may be
/// larger, because nothing is computed with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IntOrString {
    /// A number: `8080`.
    Int(i64),
    /// A string: `http`, or `25%`.
    String(String),
}

impl IntOrString {
    /// The number, if it is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            IntOrString::Int(number) => Some(*number),
            IntOrString::String(_) => None,
        }
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            IntOrString::Int(_) => None,
            IntOrString::String(text) => Some(text),
        }
    }
}

impl Default for IntOrString {
    fn default() -> Self {
        IntOrString::Int(0)
    }
}

impl Decode for IntOrString {
    const SHAPE: Shape<Self> = shape::read();
}

// `inline`, here and below, for the same reason as in `Raw`.
impl Read for IntOrString {
    #[inline]
    fn read(&mut self, parser: &mut Parser<'_>, depth: u32) -> Result<()> {
        if parser.peek() == b'"' {
            let mut text = String::new();
            let read = parser.value(Place::of(&mut text), depth);
            *self = IntOrString::String(text);
            return read;
        }
        let mut number = 0i64;
        let read = parser.value(Place::of(&mut number), depth);
        *self = IntOrString::Int(number);
        read
    }
}

impl Serialize for IntOrString {
    const SHAPE: Shape<Self> = shape::write();
}

impl Write for IntOrString {
    #[inline]
    fn write(&self, writer: &mut Writer<'_>) {
        writer.value(match self {
            IntOrString::Int(number) => View::of(number),
            IntOrString::String(text) => View::of(text),
        });
    }
}

impl Decode for Quantity {
    const SHAPE: Shape<Self> = shape::read();
}

impl Read for Quantity {
    #[inline]
    fn read(&mut self, parser: &mut Parser<'_>, depth: u32) -> Result<()> {
        if parser.peek() == b'"' {
            return parser.value(Place::of(&mut self.0), depth);
        }
        self.0 = String::from(parser.number_text()?);
        Ok(())
    }
}

impl Serialize for Quantity {
    const SHAPE: Shape<Self> = shape::behind();
}

impl Find for Quantity {
    type Target = String;

    #[inline]
    fn find(&self) -> Option<&String> {
        Some(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Pairs, from_str, to_string};
    use std::vec::Vec;

    #[derive(Default, Debug, PartialEq, crate::Fields, crate::Serialize)]
    struct Port {
        target_port: IntOrString,
        max_surge: Option<IntOrString>,
        all: Vec<IntOrString>,
        limits: Pairs<Quantity>,
        size: Quantity,
        maybe: Option<Quantity>,
    }

    #[test]
    fn they_are_numbers_or_texts() {
        let json = r#"{ "targetPort" : "ht\u0074p" , "maxSurge":-3,"all":[ 9223372036854775807, "25%",null ,"7"],
            "limits":{"cpu":"1\u0030m","memory": 1.50e3 ,"pods":250},"size":-0.5,"maybe":"64Mi"}"#;
        let port: Port = from_str(json).expect("JSON of that type");
        assert_eq!((port.target_port.as_str(), port.target_port.as_int()), (Some("http"), None));
        assert_eq!(port.max_surge, Some(IntOrString::Int(-3)));
        assert_eq!((port.all[0].as_str(), port.all[0].as_int()), (None, Some(i64::MAX)));
        assert_eq!(port.all[1..], ["25%", "7"].map(|text| IntOrString::String(text.into())));
        assert_eq!(port.limits.get("memory").map(Quantity::as_str), Some("1.50e3"));
        let written = r#"{"targetPort":"http","maxSurge":-3,"all":[9223372036854775807,"25%","7"],"limits":{"cpu":"10m","memory":"1.50e3","pods":"250"},"size":"-0.5","maybe":"64Mi"}"#;
        assert_eq!(to_string(&port), written);
        assert_eq!(from_str::<Port>(written), Ok(port));
    }

    #[test]
    fn what_is_absent_is_the_default() {
        for json in ["{}", r#"{"targetPort":null,"maxSurge":null,"limits":null,"size":null}"#] {
            assert_eq!(from_str::<Port>(json), Ok(Port::default()), "{json}");
        }
        let written = to_string(&Port::default());
        assert_eq!(written, r#"{"targetPort":0,"all":[],"limits":{},"size":""}"#);
        assert_eq!(from_str::<Port>(&written), Ok(Port::default()));
    }

    #[test]
    fn another_type_is_an_error() {
        for json in ["true", "{}", "[]", "null", "", "-", "\"", "0x1", "1 1"] {
            assert!(from_str::<IntOrString>(json).is_err(), "{json}");
            assert!(from_str::<Quantity>(json).is_err(), "{json}");
        }
        for json in ["1.0", "1e3", "9223372036854775808"] {
            assert!(from_str::<IntOrString>(json).is_err(), "{json}");
            assert_eq!(from_str::<Quantity>(json).as_ref().map(Quantity::as_str), Ok(json));
        }
    }
}
