//! Kubernetes' quantities and int-or-strings, and raw JSON, as strings that an item of the host borrows.

use super::{Item, Shaped, read_as};
use crate::{Result, quantity};

/// A [quantity](crate::quantity), as a field of a [borrowed](super) struct: the text of a JSON string or number. It is
/// written as a string. An absent field is the empty text, which is not a quantity.
///
/// ```
/// use wagather::{Fields, json, typed::{Map, Quantity}};
///
/// #[derive(Fields)]
/// struct Node<'a> {
///     capacity: Map<'a, Quantity<'a>>,
/// }
///
/// let node = json::read_as::<Node>(br#"{"capacity": {"cpu": "7500m", "memory": "1Gi", "pods": 110}}"#)?;
/// let of = |name| node.get().capacity.get(name).copied().unwrap_or_default();
/// assert_eq!((of("cpu").milli_value(), of("memory").value(), of("pods").as_str()), (Some(7500), Some(1 << 30), "110"));
/// assert_eq!(of("disk").value(), None);
/// # Ok::<(), wagather::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct Quantity<'a>(pub(crate) &'a str);

impl<'a> Quantity<'a> {
    /// The text.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }

    /// The quantity in units, such as bytes: [`quantity::parse`] with one part.
    pub fn value(&self) -> Option<u64> {
        quantity::parse(self.0, 1)
    }

    /// The quantity in thousandths, such as millicores: [`quantity::parse`] with 1000 parts.
    pub fn milli_value(&self) -> Option<u64> {
        quantity::parse(self.0, 1000)
    }
}

/// Kubernetes' `IntOrString`, as a field of a [borrowed](super) struct: for example the number or the name of a port.
///
/// It is the text of a JSON string or number, and is written as a string: `8080` and `"8080"` are the same. Kubernetes
/// does not need the difference either, because a port's name has a letter, and a percentage has its `%`. To keep the
/// difference, use [`Raw`]. An absent field is the empty text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct IntOrString<'a>(pub(crate) &'a str);

impl<'a> IntOrString<'a> {
    /// The text: `http`, `25%`, or the digits of a number.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }

    /// The number, if it is an integer.
    pub fn as_int(&self) -> Option<i64> {
        self.0.parse().ok()
    }
}

/// Any JSON value, as its text, as a field of a [borrowed](super) struct: for values without a schema or with a recursive
/// one, and for values that the gatherer passes on unread. The text is one valid JSON value, and is written as it is.
///
/// An absent field, or `null`, is the empty text. It is left out of objects.
///
/// ```
/// use wagather::{Fields, json, typed::Raw};
///
/// #[derive(Fields)]
/// struct Chart<'a> {
///     values: Raw<'a>,
/// }
///
/// #[derive(Fields)]
/// struct Values<'a> {
///     image: &'a str,
/// }
///
/// let chart = json::read_as::<Chart>(br#"{"values": {"image": "web", "replicas": 2}}"#)?;
/// let values = chart.get().values;
/// assert_eq!(values.as_str(), r#"{"image": "web", "replicas": 2}"#);
/// assert_eq!(values.read_as::<Values>()?.get().image, "web");
/// # Ok::<(), wagather::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct Raw<'a>(&'a str);

impl<'a> Raw<'a> {
    /// The text; empty if the value is absent.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }

    /// Whether there is no value.
    pub const fn is_absent(&self) -> bool {
        self.0.is_empty()
    }

    /// Decodes the value, by the host. An absent value is decoded as an empty object.
    ///
    /// # Errors
    ///
    /// [`Status::DECODE`](crate::abi::Status::DECODE) if the value does not fit the type.
    #[inline(always)]
    pub fn read_as<T: Shaped>(&self) -> Result<Item<T>> {
        read_as(if self.is_absent() { b"{}" } else { self.0.as_bytes() })
    }
}
