//! JSON: decoding the API server's answers, and writing results. It needs the [heap](crate::heap!).
//!
//! The derives generate no code, only constants: the shapes of their types. One decoder and one writer interpret them
//! (`docs/decisions/0030`). Floats have about 15 digits, because exact conversion takes 10 KB of tables. Both decoder
//! and writer recurse on the stack, with a [limit](MAX_DEPTH). [`Whole`] wraps types that only have miniserde's
//! traits, as a field or alone: `from_str::<Whole<Value>>(text)`.
//!
//! For a value without a schema, use [`Raw`], the text of the value.
//!
//! In Kubernetes' API, `null` means the same as an absent field. The decoder skips a `null` field or element, and the
//! writer leaves out a field that is `None`.

mod decode;
mod pairs;
mod parse;
mod raw;
mod scalar;
mod scan;
mod shape;
mod visit;
mod write;

pub use decode::{Decode, Mask, Whole};
pub use miniserde;
pub use pairs::Pairs;
pub use raw::Raw;
pub use scalar::IntOrString;
#[doc(hidden)]
pub use shape::{Part, Shape};
pub use write::{ArrayEntry, Serialize, to_entry, to_string, write};

use crate::abi::Status;
use crate::typed::{self, Item, Shaped};
use crate::{Error, Result};
use alloc::vec::Vec;
pub(crate) use parse::parse_item;
pub(crate) use shape::Place;

/// The maximum nesting of values. The API server allows 100 or more, its own types need 12, and a mask is limited to
/// 32. One level takes about 100 bytes of a gatherer's stack.
pub const MAX_DEPTH: u32 = 64;

/// Decodes a value from a JSON string.
///
/// # Errors
///
/// [`Status::DECODE`] if the string is not JSON, or does not match the type.
pub fn from_str<T: Decode>(text: &str) -> Result<T> {
    from_checked(&mut Vec::from(text))
}

/// Decodes JSON into a struct with a lifetime. The host decodes it, as it decodes items, so the gatherer needs
/// neither a parser nor a heap.
///
/// ```
/// use wagather::{Fields, json};
///
/// #[derive(Fields)]
/// struct Refusal<'a> {
///     message: &'a str,
/// }
///
/// # wagather::fake::Host::new().run(|| {
/// let refusal = json::read_as::<Refusal>(br#"{"kind": "Status", "message": "no such pod"}"#)?;
/// assert_eq!(refusal.get().message, "no such pod");
/// assert!(json::read_as::<Refusal>(b"no JSON").is_err());
/// # Ok(()) });
/// ```
///
/// # Errors
///
/// [`Status::DECODE`] if it is not JSON, or does not match the type; [`Status::TOO_LARGE`] or [`Status::NO_ROOM`] if
/// there is not enough memory.
/// [`Status::DECODE`] if it is not JSON, or does not fit the type; [`Status::TOO_LARGE`] or [`Status::NO_ROOM`] if there is not enough memory.
#[inline(always)]
pub fn read_as<T: Shaped>(json: &[u8]) -> Result<Item<T>> {
    typed::read_as(json)
}

/// Decodes a value from JSON bytes. It checks first that they are UTF-8.
///
/// # Errors
///
/// [`Status::DECODE`] if the bytes are not JSON, or do not match the type.
pub fn from_slice<T: Decode>(bytes: &[u8]) -> Result<T> {
    from_str(core::str::from_utf8(bytes).map_err(|_| Error::new(Status::DECODE))?)
}

/// Decodes a value from JSON that is known to be UTF-8. It overwrites the JSON.
#[inline(always)]
pub(crate) fn from_checked<T: Decode>(text: &mut [u8]) -> Result<T> {
    let mut value = T::default();
    parse::parse(text, Place::of(&mut value))?;
    Ok(value)
}

/// The destination of a value.
#[inline(always)]
pub(crate) fn place_of<T: Decode>(value: &mut T) -> Place<'_> {
    Place::of(value)
}

#[cfg(test)]
mod tests;
