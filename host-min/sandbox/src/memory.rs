//! Access to a guest's linear memory during one call.
//!
//! A guest's pointer is a claim. Only [`range`] turns a claim into a range. Nothing keeps
//! a range or a slice after the call.

use std::ops::Range;

/// The range of a claim, if (1) pointer and length do not wrap around and (2) all of it is within a
/// memory of this size. A length of 0 is always in range.
fn range(ptr: u32, len: u32, size: usize) -> Option<Range<usize>> {
    if len == 0 {
        return Some(0..0);
    }
    let end = ptr.checked_add(len)?;
    (end as usize <= size).then_some(ptr as usize..end as usize)
}

/// The bytes of a claim, for reading.
pub(super) fn bytes(memory: &[u8], ptr: u32, len: u32) -> Option<&[u8]> {
    memory.get(range(ptr, len, memory.len())?)
}

/// The bytes of a claim, for writing.
pub(super) fn bytes_mut(memory: &mut [u8], ptr: u32, len: u32) -> Option<&mut [u8]> {
    let range = range(ptr, len, memory.len())?;
    memory.get_mut(range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims() {
        let size = 65536;
        assert_eq!(range(0, 65536, size), Some(0..65536));
        assert_eq!(range(65535, 1, size), Some(65535..65536));
        assert_eq!(range(65535, 2, size), None);
        assert_eq!(range(65536, 1, size), None);
        assert_eq!(range(u32::MAX, 1, size), None);
        assert_eq!(range(u32::MAX, 2, size), None);
        assert_eq!(range(1, u32::MAX, size), None);
        assert_eq!(range(u32::MAX, 0, size), Some(0..0));
        assert_eq!(range(0, 1, 0), None);
    }
}
