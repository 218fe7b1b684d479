//! The references of one instruction to anything outside its function.

use wasmparser::Operator;

/// A reference of an instruction to something outside its function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// A function that is called, or whose address is taken.
    Function(u32),
    /// Any function of this type in a table.
    Type(u32),
    /// A number that may be an address in 32-bit memory: a constant, or the offset of a memory access.
    Address32(u64),
    /// The same with 64 bits.
    Address64(u64),
    /// A whole data segment.
    Segment(u32),
}

/// Calls `found` for each reference of an instruction.
pub fn references(operator: &Operator<'_>, mut found: impl FnMut(Reference)) {
    use Operator as O;
    match *operator {
        O::Call { function_index } | O::ReturnCall { function_index } | O::RefFunc { function_index } => {
            found(Reference::Function(function_index));
        }
        O::CallIndirect { type_index, .. } | O::ReturnCallIndirect { type_index, .. } => {
            found(Reference::Type(type_index));
        }
        O::I32Const { value } => found(Reference::Address32(u64::from(value as u32))),
        O::I64Const { value } => found(Reference::Address64(value as u64)),
        O::MemoryInit { data_index, .. } => found(Reference::Segment(data_index)),
        O::ArrayNewData { array_data_index, .. } | O::ArrayInitData { array_data_index, .. } => {
            found(Reference::Segment(array_data_index));
        }
        O::I32Load { ref memarg }
        | O::I64Load { ref memarg }
        | O::F32Load { ref memarg }
        | O::F64Load { ref memarg }
        | O::I32Load8S { ref memarg }
        | O::I32Load8U { ref memarg }
        | O::I32Load16S { ref memarg }
        | O::I32Load16U { ref memarg }
        | O::I64Load8S { ref memarg }
        | O::I64Load8U { ref memarg }
        | O::I64Load16S { ref memarg }
        | O::I64Load16U { ref memarg }
        | O::I64Load32S { ref memarg }
        | O::I64Load32U { ref memarg }
        | O::I32Store { ref memarg }
        | O::I64Store { ref memarg }
        | O::F32Store { ref memarg }
        | O::F64Store { ref memarg }
        | O::I32Store8 { ref memarg }
        | O::I32Store16 { ref memarg }
        | O::I64Store8 { ref memarg }
        | O::I64Store16 { ref memarg }
        | O::I64Store32 { ref memarg }
        | O::V128Load { ref memarg }
        | O::V128Load8x8S { ref memarg }
        | O::V128Load8x8U { ref memarg }
        | O::V128Load16x4S { ref memarg }
        | O::V128Load16x4U { ref memarg }
        | O::V128Load32x2S { ref memarg }
        | O::V128Load32x2U { ref memarg }
        | O::V128Load8Splat { ref memarg }
        | O::V128Load16Splat { ref memarg }
        | O::V128Load32Splat { ref memarg }
        | O::V128Load64Splat { ref memarg }
        | O::V128Load32Zero { ref memarg }
        | O::V128Load64Zero { ref memarg }
        | O::V128Store { ref memarg } => found(Reference::Address32(memarg.offset)),
        _ => {}
    }
}
