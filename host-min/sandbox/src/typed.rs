//! Decodes items into structures in the guest's memory, and encodes structures as JSON.
//!
//! This happens on the sandbox's side of the channel, because it gives a guest nothing that its own parser could not. The broker handles only
//! JSON, and never sees shapes or the guest's memory.

use super::memory::bytes;
use wagather_abi::Status;
use wagather_abi::limits::{MAX_ARENA_BYTES, MAX_SHAPE_BYTES};
use wagather_shape::{Failed, Memory, Scratch, Shape, Width};

/// How many shapes are cached. A gatherer has one or two for each resource, and one for each kind of entry.
const MAX_KEPT_SHAPES: usize = 16;

/// How much memory is kept between calls.
const KEPT_BYTES: usize = 256 << 10;

/// The state between calls.
pub(super) struct Typed {
    /// The cached shapes by address. The bytes at an address may change between calls.
    shapes: Vec<(u32, Shape)>,
    /// The index of the current shape.
    found: usize,
    scratch: Scratch,
    /// The JSON that was written last.
    pub(super) written: Vec<u8>,
    /// The limit for a decoded item and for written JSON.
    most: usize,
}

impl Typed {
    pub(super) fn new(memory_bytes: u64) -> Typed {
        Typed {
            shapes: Vec::new(),
            found: 0,
            scratch: Scratch::default(),
            written: Vec::new(),
            most: usize::try_from(memory_bytes).map_or(MAX_ARENA_BYTES, |bytes| bytes.min(MAX_ARENA_BYTES)),
        }
    }

    /// Makes the shape at an address the current one.
    pub(super) fn find(&mut self, memory: &[u8], ptr: u32) -> Result<&Shape, Status> {
        let there =
            memory.get(ptr as usize..).filter(|there| !there.is_empty()).ok_or(Status::BAD_POINTER)?;
        if let Some(index) = self.shapes.iter().position(|(at, shape)| *at == ptr && shape.is_at(there)) {
            self.found = index;
            return Ok(&self.shapes[index].1);
        }
        let there = there.get(..MAX_SHAPE_BYTES).unwrap_or(there);
        let shape = Shape::parse(there, Width::Four).map_err(|_| Status::BAD_SHAPE)?;
        self.shapes.retain(|(at, _)| *at != ptr);
        if self.shapes.len() >= MAX_KEPT_SHAPES {
            self.shapes.remove(0);
        }
        self.found = self.shapes.len();
        self.shapes.push((ptr, shape));
        Ok(&self.shapes[self.found].1)
    }

    /// Decodes an item by the current shape, for an arena at this address.
    pub(super) fn decode(&mut self, item: &[u8], arena: u32) -> Result<&[u8], Failed> {
        let (_, shape) = &self.shapes[self.found];
        wagather_shape::decode(item, shape, arena.into(), self.most, &mut self.scratch).map(|arena| &*arena)
    }

    /// Writes a structure into [`written`](Self::written), behind a character if that is not 0.
    pub(super) fn write(&mut self, memory: &[u8], shape: u32, from: u32, before: u32) -> Result<(), Status> {
        let before = u8::try_from(before).ok().filter(u8::is_ascii).ok_or(Status::BAD_REQUEST)?;
        self.find(memory, shape)?;
        let (_, shape) = &self.shapes[self.found];
        self.written.clear();
        if before != 0 {
            self.written.push(before);
        }
        wagather_shape::append(&Guest(memory), shape, from, self.most, &mut self.written)
    }

    /// Writes a structure as a line into [`written`](Self::written).
    pub(super) fn line(&mut self, memory: &[u8], shape: u32, from: u32) -> Result<(), Status> {
        self.find(memory, shape)?;
        let (_, shape) = &self.shapes[self.found];
        wagather_shape::line(&Guest(memory), shape, from, self.most, &mut self.written)
    }

    /// The memory that is kept for the next item.
    #[cfg(test)]
    pub(super) fn held_bytes(&self) -> usize {
        self.scratch.capacity()
    }

    /// Releases memory that few calls need.
    pub(super) fn done(&mut self) {
        self.scratch.trim(KEPT_BYTES);
        if self.written.capacity() > KEPT_BYTES {
            self.written = Vec::new();
        }
    }
}

/// A guest's memory, during one call.
struct Guest<'a>(&'a [u8]);

impl Memory for Guest<'_> {
    type At = u32;

    fn offset(&self, at: u32, bytes: usize) -> Option<u32> {
        at.checked_add(u32::try_from(bytes).ok()?)
    }

    fn bytes(&self, at: u32, len: usize) -> Option<&[u8]> {
        bytes(self.0, at, u32::try_from(len).ok()?)
    }

    fn follow(&self, at: u32) -> Result<Option<u32>, Status> {
        let address = self.bytes(at, 4).and_then(|bytes| bytes.try_into().ok()).ok_or(Status::BAD_POINTER)?;
        Ok(Some(u32::from_le_bytes(address)).filter(|address| *address != 0))
    }
}
