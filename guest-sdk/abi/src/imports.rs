//! The import table: one row for each function that a guest may import.
//!
//! A row is all there is to say about an import's shape. These are made from the rows through
//! [`for_each_import!`](crate::for_each_import), so they cannot disagree: the guest's `extern` block, the SDK's functions that are
//! plain calls, the call that crosses from the sandbox to the broker, its encoding, how its arguments are read, the tables of the
//! contract, the C header, and the tests that look for what an import lacks.
//!
//! In the rows, five types are guest addresses (`i32` in WebAssembly):
//!
//! - `RequestPtr`: of a [`Request`](crate::Request).
//! - `BytesPtr`: of bytes that the host reads.
//! - `BufferPtr`: of bytes that the host writes.
//! - `ShapePtr`: of a [shape](crate#shapes), which says itself where it ends.
//! - `TextPtr`: of a [`Text`](crate::Text), which is an address and a length. The sandbox reads the text and asks nobody.
//!
//! `name: BytesPtr[name_len]` stands for two parameters, an address and, as `name_len: u32`, how many bytes are there.

/// Calls a macro with the rows of the import table.
#[macro_export]
macro_rules! for_each_import {
    ($with:ident) => {
        $with! {
            /// Starts a request and returns at once: a handle, or a status if the request is refused.
            rest_start(request: RequestPtr) -> i32;
            /// Waits for the head of the answer: its HTTP status, or a status if there is no answer.
            rest_status(handle: i32) -> i32;
            /// Copies the next bytes of the body: how many, 0 at the end.
            rest_read(handle: i32, buffer: BufferPtr[cap]) -> i32;
            /// Copies the next item of a list, or the object of a get, as JSON: its length, 0 after the last.
            /// A result above `cap` copies nothing and loses nothing: call again with that much room.
            rest_next(handle: i32, buffer: BufferPtr[cap]) -> i32;
            /// Decodes the next item by a shape, into the guest's memory: how many bytes of `arena` it takes, 0 after the last.
            /// A result above `cap` changes nothing and loses nothing: call again with that much room.
            rest_next_as(handle: i32, shape: ShapePtr, arena: BufferPtr[cap]) -> i32;
            /// Says that the item that `rest_next` gave last does not fit: from which of its bytes on, and [what was
            /// wanted](crate::place::Wanted) there. The host names it in the report.
            rest_reject(handle: i32, at: u32, wanted: u32) -> i32;
            /// Says whether a field is hidden of the objects that the request is for, by the grant or by redaction: 1, or 0 if
            /// it is not, so that it is absent where it does not come. `field` is a path such as `spec.nodeName`.
            rest_hides(handle: i32, field: BytesPtr[field_len]) -> i32;
            /// Gives the handle back; what was not read yet is dropped.
            rest_close(handle: i32) -> i32;
            /// Writes the whole answer to the archive without copying it to the guest: how many entries.
            /// Lists and objects go to their conventional places, a raw body goes to the entry `name`.
            archive_pipe(handle: i32, name: BytesPtr[name_len]) -> i32;
            /// Opens an entry of the gatherer's own: a handle.
            archive_open(name: BytesPtr[name_len]) -> i32;
            /// Appends to an open entry: all of `bytes`, or a status and none of them.
            archive_write(handle: i32, bytes: BytesPtr[len]) -> i32;
            /// Appends a structure to an open entry, as JSON by its shape: how many bytes, or a status. `before` is an ASCII character that
            /// goes before it, such as the comma between two elements, or 0.
            archive_write_as(handle: i32, shape: ShapePtr, from: BytesPtr, before: u32) -> i32;
            /// Completes an entry. One that is never closed is left out of the archive and reported.
            archive_close(handle: i32) -> i32;
            /// Writes one line to the log of the run.
            log(level: i32, text: BytesPtr[len]) -> i32;
            /// Writes one line to the log: of a structure, by its shape, the name and the value of each field, one after the other.
            log_as(level: i32, shape: ShapePtr, from: BytesPtr) -> i32;
            /// Decodes JSON that the guest has, by a shape: how many bytes of `arena` it takes. `text` is the address of an address and a
            /// length. A result above `cap` changes nothing.
            json_read_as(text: TextPtr, shape: ShapePtr, arena: BufferPtr[cap]) -> i32;
            /// Copies a parameter that the manifest declares: its length, or ABSENT. A result above `cap` copies nothing.
            param(name: BytesPtr[name_len], buffer: BufferPtr[cap]) -> i32;
            /// Milliseconds since the Unix epoch; in a replay, the time of the recording.
            now() -> i64;
        }
    };
}

/// The WebAssembly type of an import's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultType {
    /// A length, a handle or a [`Status`](crate::Status).
    I32,
    /// A time.
    I64,
}

/// One row of the table, as data.
#[derive(Clone, Copy, Debug)]
pub struct ImportRow {
    /// Which import it is.
    pub import: Import,
    /// The name it is imported by.
    pub name: &'static str,
    /// The parameters' names and types as the table writes them; all are `i32` in WebAssembly.
    pub params: &'static [(&'static str, &'static str)],
    /// The type of the result.
    pub result: ResultType,
    /// The sentences of the table.
    pub doc: &'static str,
}

macro_rules! table {
    ($($(#[doc = $doc:literal])* $name:ident($($param:ident: $ty:ident $([$len:ident])?),*) -> $ret:ident;)*) => {
        /// Every import, by name.
        #[allow(non_camel_case_types)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Import {
            $($(#[doc = $doc])* $name,)*
        }

        /// The rows, in the order of [`Import`].
        pub const IMPORTS: &[ImportRow] = &[
            $(ImportRow {
                import: Import::$name,
                name: stringify!($name),
                params: &[$((stringify!($param), stringify!($ty)), $((stringify!($len), "u32"),)?)*],
                result: table!(@ $ret),
                doc: concat!($($doc),*),
            },)*
        ];
    };
    (@ i32) => { ResultType::I32 };
    (@ i64) => { ResultType::I64 };
}
for_each_import!(table);

impl Import {
    /// The row of this import.
    pub const fn row(self) -> &'static ImportRow {
        &IMPORTS[self as usize]
    }

    /// The import of that name in [`IMPORT_MODULE`](crate::IMPORT_MODULE).
    pub fn by_name(name: &str) -> Option<Import> {
        IMPORTS.iter().find(|row| row.name == name).map(|row| row.import)
    }

    /// The import of that number; total, for numbers that come over a channel.
    pub fn by_number(number: u8) -> Option<Import> {
        IMPORTS.get(usize::from(number)).map(|row| row.import)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_name_and_by_number() {
        for (number, row) in IMPORTS.iter().enumerate() {
            assert_eq!(Import::by_name(row.name), Some(row.import));
            assert_eq!(Import::by_number(number as u8), Some(row.import));
            assert_eq!(row.import.row().name, row.name);
            assert!(row.doc.len() > 20, "{} has no sentence", row.name);
        }
        assert_eq!(Import::by_name("fd_write"), None);
        assert_eq!(Import::by_number(IMPORTS.len() as u8), None);
    }
}
