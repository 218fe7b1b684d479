//! A call as it crosses from the sandbox to the broker, with everything that was in the guest's memory copied out of it.
//!
//! [`Call`] and its encoding are made from the import table. What is written here is how each *type* of the table crosses.

use super::frame::{Fields, Frame};
use wagather_abi::{Import, Verb, for_each_import};
use wagather_base::request::RestRequest;

/// The room that the guest has for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Bytes in the guest's buffer. For an item that is decoded: the most that its JSON may have.
    pub bytes: u32,
    /// Bytes that the sandbox has for the items after this one. 0 for imports that give no items.
    pub ahead: u32,
}

/// What stays in the sandbox: a shape, by which the sandbox itself decodes and writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsent;

/// What never leaves the sandbox. It has no value, so a call that has one cannot be made, and no frame decodes to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InSandbox {}

// The types of the table, as they cross.
type RequestPtr = Box<RestRequest>;
type BytesPtr = Vec<u8>;
type BufferPtr = Room;
type ShapePtr = Unsent;
type TextPtr = InSandbox;

/// What can be a field of a frame.
trait Field: Sized {
    fn put(&self, frame: Frame) -> Frame;
    fn take(fields: &mut Fields<'_>) -> Option<Self>;
}

impl Field for i32 {
    fn put(&self, frame: Frame) -> Frame {
        frame.int(*self)
    }
    fn take(fields: &mut Fields<'_>) -> Option<i32> {
        fields.int()
    }
}

impl Field for u32 {
    fn put(&self, frame: Frame) -> Frame {
        frame.word(*self)
    }
    fn take(fields: &mut Fields<'_>) -> Option<u32> {
        fields.word()
    }
}

impl Field for Vec<u8> {
    fn put(&self, frame: Frame) -> Frame {
        frame.bytes(self)
    }
    fn take(fields: &mut Fields<'_>) -> Option<Vec<u8>> {
        fields.bytes()
    }
}

impl Field for Room {
    fn put(&self, frame: Frame) -> Frame {
        frame.word(self.bytes).word(self.ahead)
    }
    fn take(fields: &mut Fields<'_>) -> Option<Room> {
        Some(Room { bytes: fields.word()?, ahead: fields.word()? })
    }
}

impl Field for Unsent {
    fn put(&self, frame: Frame) -> Frame {
        frame
    }
    fn take(_: &mut Fields<'_>) -> Option<Unsent> {
        Some(Unsent)
    }
}

impl Field for InSandbox {
    fn put(&self, _: Frame) -> Frame {
        match *self {}
    }
    fn take(_: &mut Fields<'_>) -> Option<InSandbox> {
        None
    }
}

impl Field for Box<RestRequest> {
    fn put(&self, frame: Frame) -> Frame {
        let head = frame.word(u32::from(self.verb.0)).word(self.limit);
        self.texts().iter().fold(head, |frame, text| frame.bytes(text))
    }
    fn take(fields: &mut Fields<'_>) -> Option<Box<RestRequest>> {
        let verb = Verb(u8::try_from(fields.word()?).ok()?);
        let limit = fields.word()?;
        let mut texts: [Vec<u8>; 10] = Default::default();
        for text in &mut texts {
            *text = fields.bytes()?;
        }
        Some(Box::new(RestRequest::new(verb, limit, texts)))
    }
}

macro_rules! calls {
    ($($(#[doc = $doc:literal])* $name:ident($($param:ident: $ty:ident $([$len:ident])?),*) -> $ret:ident;)*) => {
        /// A call of an import: one variant for each row of the [import table](wagather_abi::IMPORTS), with the names of the row.
        #[allow(non_camel_case_types, reason = "the imports' names")]
        #[allow(missing_docs, reason = "the table says what the parameters are")]
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Call {
            $(#[doc = concat!("`", stringify!($name), "`")] $name { $($param: $ty),* },)*
        }

        impl Call {
            /// Which import is called.
            pub const fn import(&self) -> Import {
                match self {
                    $(Call::$name { .. } => Import::$name,)*
                }
            }

            /// The handle that the call names.
            #[allow(unused_variables, reason = "the other parameters")]
            pub const fn handle(&self) -> Option<i32> {
                match self {
                    $(Call::$name { $($param),* } => calls!(@handle [$($param)*] $($param)*),)*
                }
            }

            /// The frame of this call. Its tag is the import's number.
            pub fn encode(&self) -> Vec<u8> {
                let frame = Frame::new(self.import() as u8);
                match self {
                    $(Call::$name { $($param),* } => {
                        $(let frame = $param.put(frame);)*
                        frame
                    })*
                }
                .finish()
            }

            /// Reads the rest of a frame with the number of that import.
            pub(super) fn decode(import: Import, fields: &mut Fields<'_>) -> Option<Call> {
                Some(match import {
                    $(Import::$name => Call::$name { $($param: Field::take(fields)?),* },)*
                })
            }
        }
    };
    // A row names its handle first. Its parameters are given twice: once for their names, once for their values.
    (@handle [handle $($name:ident)*] $handle:ident $($other:ident)*) => { Some(*$handle) };
    (@handle [$($name:ident)*] $($other:ident)*) => { None };
}
for_each_import!(calls);
