//! Maps as lists of pairs: labels, annotations, quantities by name.

use super::decode::{Decode, Mask};
use super::shape::{self, Append, Shape, Slice};
use super::write::Serialize;
use alloc::string::String;
use alloc::vec::Vec;

/// The entries of a map, in the order of the JSON. The API server sends maps sorted by name. It is written as the
/// same map.
///
/// Use it for maps that are searched once: a `BTreeMap` is faster, but makes `examples/nodes` 6.4 KB larger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pairs<T>(pub Vec<(String, T)>);

impl<T> Pairs<T> {
    /// The value of the first entry with this name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

impl<T> Default for Pairs<T> {
    fn default() -> Self {
        Pairs(Vec::new())
    }
}

impl<T: Decode> Decode for Pairs<T> {
    const MASK: Mask = Mask::Map(&T::MASK);
    const SHAPE: Shape<Self> = shape::map();
}

impl<T: Decode> Append for Pairs<T> {
    type Element = T;

    fn append(&mut self, name: &str) -> &mut T {
        &mut self.0.push_mut((String::from(name), T::default())).1
    }
}

impl<T: Serialize> Serialize for Pairs<T> {
    const SHAPE: Shape<Self> = shape::pairs();
}

impl<T> Slice for Pairs<T> {
    type Element = (String, T);

    fn slice(&self) -> &[(String, T)] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{from_str, to_string};
    use crate::manifest::{mask_len, mask_text};

    #[derive(Default, Debug, PartialEq, crate::Fields, crate::Serialize)]
    struct Labelled {
        labels: Pairs<String>,
        ports: Pairs<Port>,
    }

    #[derive(Default, Debug, PartialEq, crate::Fields, crate::Serialize)]
    struct Port {
        number: u32,
    }

    #[test]
    fn a_map_is_read_and_written_in_its_order() {
        let json =
            r#"{"labels":{"b":"2","a":"1","c":""},"ports":{"http":{"number":80},"none":{"number":0}}}"#;
        let labelled: Labelled = from_str(json).expect("JSON of that type");
        assert_eq!(to_string(&labelled), json);
        assert_eq!(labelled.labels.get("a").map(String::as_str), Some("1"));
        assert_eq!(labelled.labels.get("d"), None);
        assert_eq!(labelled.ports.get("http"), Some(&Port { number: 80 }));
    }

    #[test]
    fn it_is_empty_if_there_is_none_and_no_other_type() {
        assert_eq!(from_str::<Labelled>(r#"{"labels":null}"#), Ok(Labelled::default()));
        assert_eq!(to_string(&Labelled::default()), r#"{"labels":{},"ports":{}}"#);
        for json in
            [r#"{"labels":[]}"#, r#"{"labels":"a"}"#, r#"{"labels":{"a":1}}"#, r#"{"ports":{"a":"b"}}"#]
        {
            assert!(from_str::<Labelled>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_name_may_come_twice_and_a_null_is_a_default() {
        let labelled: Labelled = from_str(r#"{"labels":{"a":"1","a":"2","b":null}}"#).expect("JSON");
        assert_eq!(labelled.labels.get("a").map(String::as_str), Some("1"));
        assert_eq!(labelled.labels.get("b"), None);
    }

    #[test]
    fn its_mask_is_that_of_a_map() {
        const MASK: Mask = <Labelled as Decode>::MASK;
        const TEXT: [u8; mask_len(&MASK)] = mask_text(&MASK);
        assert_eq!(core::str::from_utf8(&TEXT), Ok("labels,ports(*(number))"));
    }
}
