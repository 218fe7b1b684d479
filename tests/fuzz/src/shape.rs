//! Code that the targets for shapes share.

use wagather_abi::Status;
use wagather_shape::{Memory, Shape, write};

/// What is built has this many bytes at most, so that no input takes long.
pub const MOST_BYTES: usize = 1 << 16;

/// A guest's memory.
pub struct Guest<'a>(pub &'a [u8]);

impl Memory for Guest<'_> {
    type At = u32;

    fn offset(&self, at: u32, bytes: usize) -> Option<u32> {
        at.checked_add(u32::try_from(bytes).ok()?)
    }

    fn bytes(&self, at: u32, len: usize) -> Option<&[u8]> {
        if len == 0 { Some(&[]) } else { self.0.get(at as usize..(at as usize).checked_add(len)?) }
    }

    fn follow(&self, at: u32) -> Result<Option<u32>, Status> {
        let bytes = self.bytes(at, 4).and_then(|bytes| bytes.try_into().ok()).ok_or(Status::BAD_POINTER)?;
        Ok(Some(u32::from_le_bytes(bytes)).filter(|to| *to != 0))
    }
}

/// Writes a structure: JSON within the bound, or one of the statuses that the contract has.
pub fn written(shape: &Shape, memory: &[u8], from: u32) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    match write(&Guest(memory), shape, from, MOST_BYTES, &mut out) {
        Ok(()) => {
            assert!(out.len() <= MOST_BYTES);
            let json = std::str::from_utf8(&out).expect("UTF-8");
            let parsed = serde_json::from_str::<serde::de::IgnoredAny>(json);
            if let Err(error) = parsed {
                assert!(error.to_string().contains("recursion limit"), "{error}: {json}");
            }
            Some(out)
        }
        Err(status) => {
            let known = [Status::BAD_POINTER, Status::NOT_TEXT, Status::DECODE, Status::TOO_LARGE];
            assert!(known.contains(&status), "{status}");
            None
        }
    }
}
