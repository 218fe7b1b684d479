//! The size of the shape by which the host decodes a resource. The SDK computes shapes at compile time, with limits.
//! This finds what exceeds them earlier, and can say where in the declaration.

use super::{Struct, Type};

/// The limits of `guest-sdk/src/typed/part.rs`.
const MAX_BYTES: usize = 4096;
const MAX_STRUCTS: usize = 96;

/// The least size of a shape: numbers in it may be longer than this counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) bytes: usize,
    /// Structs, each as often as it occurs.
    pub(super) structs: usize,
}

impl Size {
    pub(super) fn is_too_large(self) -> bool {
        self.bytes > MAX_BYTES || self.structs > MAX_STRUCTS
    }

    fn bytes(bytes: usize) -> Size {
        Size { bytes, structs: 0 }
    }

    fn and(self, other: Size) -> Size {
        Size {
            bytes: self.bytes.saturating_add(other.bytes),
            structs: self.structs.saturating_add(other.structs),
        }
    }
}

/// The size of a struct's shape.
pub(super) fn of_struct(structs: &[Struct], index: usize) -> Size {
    let mut known = vec![None; structs.len()];
    // The size of the structure, and the kind.
    Size::bytes(2).and(object(structs, index, &mut known))
}

fn object(structs: &[Struct], index: usize, known: &mut [Option<Size>]) -> Size {
    if let Some(size) = known[index] {
        return size;
    }
    let mut size = Size { bytes: 1, structs: 1 };
    for field in &structs[index].fields {
        // The kind, the offset and the name, which ends with a 0.
        size = size.and(Size::bytes(3 + field.json.len())).and(more(structs, &field.of_type, known));
    }
    known[index] = Some(size);
    size
}

/// What a shape has after the kind of a value, or before it for an optional one.
fn more(structs: &[Struct], of_type: &Type, known: &mut [Option<Size>]) -> Size {
    match of_type {
        Type::List(inner) => Size::bytes(2).and(more(structs, inner, known)),
        Type::Map(inner) => Size::bytes(3).and(more(structs, inner, known)),
        Type::Option(inner) => {
            let absence = match **inner {
                Type::Boolean => 0,
                Type::Integer(_) | Type::Float => 2,
                _ => 1,
            };
            Size::bytes(absence).and(more(structs, inner, known))
        }
        Type::Struct(index) => object(structs, *index, known),
        _ => Size::default(),
    }
}
