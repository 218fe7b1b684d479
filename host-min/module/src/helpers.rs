//! The functions that replace instructions in the engine's copy that wasm3 0.4.7 lacks or executes wrongly.
//!
//! wasm3 has no `memory.copy` and no `memory.fill`. Its `memory.size` overwrites a register that may hold another
//! value, and its `memory.grow` by -1 pages shrinks the memory. As the first instruction of a function, neither finds
//! a value in the register. `helpers.wat` has the functions as text; a test compares both.

use std::borrow::Cow;

/// An added function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Helper {
    /// `memory.size`
    Size,
    /// `memory.grow`
    Grow,
    /// `memory.copy`
    Copy,
    /// `memory.fill`
    Fill,
    /// Replaces a refused WASI function: its parameters, and the returned number.
    Refused(&'static str, u8),
}

impl Helper {
    /// Locals and instructions.
    pub(super) fn body(self) -> Cow<'static, [u8]> {
        match self {
            Helper::Size => SIZE.into(),
            Helper::Grow => GROW.into(),
            Helper::Copy => COPY.into(),
            Helper::Fill => FILL.into(),
            // No locals; i32.const; end
            Helper::Refused(_, number) => vec![0, 0x41, number, 0x0b].into(),
        }
    }

    /// Its type, in the encoding of the type section.
    pub(super) fn ty(self) -> Vec<u8> {
        match self {
            Helper::Size => b"\x60\0\x01\x7f".to_vec(),
            Helper::Grow => b"\x60\x01\x7f\x01\x7f".to_vec(),
            Helper::Copy | Helper::Fill => b"\x60\x03\x7f\x7f\x7f\0".to_vec(),
            Helper::Refused(params, _) => {
                let mut out = vec![0x60, params.len() as u8];
                out.extend(params.bytes().map(|letter| if letter == b'I' { 0x7e } else { 0x7f }));
                out.extend([1, 0x7f]);
                out
            }
        }
    }

    /// Whether a body is that of a helper, in which nothing must be replaced.
    pub(super) fn is_one(body: &[u8]) -> bool {
        [SIZE, GROW, COPY, FILL].contains(&body)
    }
}

const SIZE: &[u8] = b"\x00\x3f\x00\x0b";

const GROW: &[u8] = b"\x00\x20\x00\x41\xff\xff\x03\x4b\x04\x40\x41\x7f\x0f\x0b\x20\x00\x40\x00\x0b";

const COPY: &[u8] = b"\x01\x01\x7e\x3f\x00\xad\x42\x10\x86\x21\x03\x20\x00\xad\x20\x02\xad\x7c\x20\x03\x56\x04\x40\x41\x7f\x2d\x00\xff\
    \xff\xff\xff\x0f\x1a\x0b\x20\x01\xad\x20\x02\xad\x7c\x20\x03\x56\x04\x40\x41\x7f\x2d\x00\xff\xff\xff\xff\x0f\x1a\
    \x0b\x20\x00\x20\x01\x4d\x04\x40\x02\x40\x03\x40\x20\x02\x41\x08\x49\x0d\x01\x20\x00\x20\x01\x29\x03\x00\x37\x03\
    \x00\x20\x00\x41\x08\x6a\x21\x00\x20\x01\x41\x08\x6a\x21\x01\x20\x02\x41\x08\x6b\x21\x02\x0c\x00\x0b\x0b\x02\x40\
    \x03\x40\x20\x02\x45\x0d\x01\x20\x00\x20\x01\x2d\x00\x00\x3a\x00\x00\x20\x00\x41\x01\x6a\x21\x00\x20\x01\x41\x01\
    \x6a\x21\x01\x20\x02\x41\x01\x6b\x21\x02\x0c\x00\x0b\x0b\x05\x02\x40\x03\x40\x20\x02\x41\x08\x49\x0d\x01\x20\x02\
    \x41\x08\x6b\x21\x02\x20\x00\x20\x02\x6a\x20\x01\x20\x02\x6a\x29\x03\x00\x37\x03\x00\x0c\x00\x0b\x0b\x02\x40\x03\
    \x40\x20\x02\x45\x0d\x01\x20\x02\x41\x01\x6b\x21\x02\x20\x00\x20\x02\x6a\x20\x01\x20\x02\x6a\x2d\x00\x00\x3a\x00\
    \x00\x0c\x00\x0b\x0b\x0b\x0b";

const FILL: &[u8] = b"\x01\x01\x7e\x3f\x00\xad\x42\x10\x86\x21\x03\x20\x00\xad\x20\x02\xad\x7c\x20\x03\x56\x04\x40\x41\x7f\x2d\x00\xff\
    \xff\xff\xff\x0f\x1a\x0b\x20\x01\x41\xff\x01\x71\xad\x42\x81\x82\x84\x88\x90\xa0\xc0\x80\x01\x7e\x21\x03\x02\x40\
    \x03\x40\x20\x02\x41\x08\x49\x0d\x01\x20\x00\x20\x03\x37\x03\x00\x20\x00\x41\x08\x6a\x21\x00\x20\x02\x41\x08\x6b\
    \x21\x02\x0c\x00\x0b\x0b\x02\x40\x03\x40\x20\x02\x45\x0d\x01\x20\x00\x20\x01\x3a\x00\x00\x20\x00\x41\x01\x6a\x21\
    \x00\x20\x02\x41\x01\x6b\x21\x02\x0c\x00\x0b\x0b\x0b";

#[cfg(test)]
mod tests {
    use super::*;
    use wasmparser::{CompositeInnerType, Parser, Payload};

    #[test]
    fn the_bodies_are_those_of_the_text() {
        let module = wat::parse_str(include_str!("helpers.wat")).expect("WebAssembly text");
        let (mut bodies, mut types, mut of) = (Vec::new(), Vec::new(), Vec::new());
        for payload in Parser::new(0).parse_all(&module) {
            match payload.expect("a payload") {
                Payload::CodeSectionEntry(body) => bodies.push(body.as_bytes().to_vec()),
                Payload::FunctionSection(functions) => of.extend(functions.into_iter().flatten()),
                Payload::TypeSection(groups) => {
                    for subtype in groups.into_iter().flatten().flat_map(|group| group.into_types()) {
                        if let CompositeInnerType::Func(ty) = subtype.composite_type.inner {
                            types.push((ty.params().len() as u8, ty.results().len() as u8));
                        }
                    }
                }
                _ => {}
            }
        }
        let helpers = [Helper::Size, Helper::Grow, Helper::Copy, Helper::Fill];
        assert_eq!(bodies, helpers.map(|helper| helper.body().into_owned()));
        for (helper, ty) in helpers.into_iter().zip(of) {
            let (params, results) = types[ty as usize];
            let i32s = |count: u8| [&[count][..], &vec![0x7f; count.into()]].concat();
            assert_eq!(helper.ty(), [vec![0x60], i32s(params), i32s(results)].concat(), "{helper:?}");
        }
    }
}
