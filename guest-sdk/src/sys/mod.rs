//! The imports, as safe functions with the same signatures on every target.
//!
//! Two files have the same functions: `wasm` calls the host, and `fake` calls the [fake host](crate::fake) of the
//! current thread. They return the host's numbers unchanged; the modules above interpret them. Only this module knows
//! on which side of the boundary it runs.

/// Makes a function of each import that is a plain call: numbers as they are, and bytes as slices. It calls `$with!` with the function's
/// signature, the arguments of the `extern` function, and its own. Imports that take a request, a text or a shape are more than a call, and
/// are written by hand.
macro_rules! plain_calls {
    ($($(#[doc = $doc:literal])* $name:ident($($param:ident: $ty:ident $([$len:ident])?),*) -> $ret:ident;)*) => {
        $(plain_calls! { @row [$(#[doc = $doc])*] $name $ret [$($param: $ty,)*] [] [] })*
    };
    (@row $docs:tt $name:ident $ret:ident [$param:ident: RequestPtr, $($rest:tt)*] $safe:tt $raw:tt) => {};
    (@row $docs:tt $name:ident $ret:ident [$param:ident: TextPtr, $($rest:tt)*] $safe:tt $raw:tt) => {};
    (@row $docs:tt $name:ident $ret:ident [$param:ident: ShapePtr, $($rest:tt)*] $safe:tt $raw:tt) => {};
    (@row $docs:tt $name:ident $ret:ident [$param:ident: BytesPtr, $($rest:tt)*] [$($safe:tt)*] [$($raw:tt)*]) => {
        plain_calls! { @row $docs $name $ret [$($rest)*]
            [$($safe)* $param: &[u8],] [$($raw)* $param.as_ptr(), $param.len() as u32,] }
    };
    (@row $docs:tt $name:ident $ret:ident [$param:ident: BufferPtr, $($rest:tt)*] [$($safe:tt)*] [$($raw:tt)*]) => {
        plain_calls! { @row $docs $name $ret [$($rest)*]
            [$($safe)* $param: &mut [u8],] [$($raw)* $param.as_mut_ptr(), $param.len() as u32,] }
    };
    (@row $docs:tt $name:ident $ret:ident [$param:ident: $number:ident, $($rest:tt)*] [$($safe:tt)*] [$($raw:tt)*]) => {
        plain_calls! { @row $docs $name $ret [$($rest)*] [$($safe)* $param: $number,] [$($raw)* $param,] }
    };
    (@row [$($docs:tt)*] $name:ident $ret:ident [] [$($param:ident: $ty:ty,)*] [$($raw:tt)*]) => {
        $($docs)*
        #[inline(always)]
        pub(crate) fn $name($($param: $ty),*) -> $ret {
            plain_call!($name [$($raw)*] [$($param),*])
        }
    };
}

#[cfg(any(target_arch = "wasm32", test))]
mod memory;
#[cfg(target_arch = "wasm32")]
mod wasm;
#[cfg(target_arch = "wasm32")]
pub(crate) use wasm::*;

#[cfg(not(target_arch = "wasm32"))]
mod fake;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use fake::*;

use crate::abi::Verb;

/// A request in safe types; [`abi::Request`](crate::abi::Request) documents the fields.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub verb: Verb,
    pub limit: u32,
    pub version: &'a str,
    pub resource: &'a str,
    pub group: &'a str,
    pub namespace: &'a str,
    pub name: &'a str,
    pub subresource: &'a str,
    pub labels: &'a str,
    pub fields: &'a str,
    pub mask: &'a str,
    pub query: &'a str,
}

impl Request<'_> {
    /// A request with empty fields.
    #[inline(always)]
    pub(crate) const fn new(verb: Verb) -> Self {
        Request {
            verb,
            limit: 0,
            version: "",
            resource: "",
            group: "",
            namespace: "",
            name: "",
            subresource: "",
            labels: "",
            fields: "",
            mask: "",
            query: "",
        }
    }
}
