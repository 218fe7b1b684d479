//! Handles: the numbers by which a guest refers to what the broker keeps.
//!
//! A handle is a slot and the slot's generation. So a closed handle never becomes valid again. A slot that has used up its generations is
//! not reused.

use wagather_abi::Handle;
use wagather_base::limits::MAX_HANDLES;

const SLOT_BITS: u32 = MAX_HANDLES.trailing_zeros();
const _: () = assert!(MAX_HANDLES.is_power_of_two());
const LAST_GENERATION: u32 = (i32::MAX as u32) >> SLOT_BITS;

/// The open values, by handle.
pub(super) struct Handles<T> {
    slots: Vec<Slot<T>>,
}

struct Slot<T> {
    generation: u32,
    held: Option<T>,
}

impl<T> Handles<T> {
    /// No open handles.
    pub(super) const fn new() -> Self {
        Handles { slots: Vec::new() }
    }

    /// Whether one more can be opened.
    pub(super) fn has_room(&self) -> bool {
        self.slots.len() < MAX_HANDLES || self.free().is_some()
    }

    fn free(&self) -> Option<usize> {
        self.slots.iter().position(|slot| slot.held.is_none() && slot.generation < LAST_GENERATION)
    }

    /// Opens a handle. `None` if there is no room.
    pub(super) fn open(&mut self, value: T) -> Option<Handle> {
        let index = match self.free() {
            Some(index) => index,
            None if self.slots.len() < MAX_HANDLES => {
                self.slots.push(Slot { generation: 0, held: None });
                self.slots.len() - 1
            }
            None => return None,
        };
        let slot = &mut self.slots[index];
        slot.generation += 1;
        slot.held = Some(value);
        Some(Handle((slot.generation << SLOT_BITS | index as u32).cast_signed()))
    }

    fn slot(&mut self, handle: Handle) -> Option<&mut Slot<T>> {
        let number = u32::try_from(handle.0).ok()?;
        let slot = self.slots.get_mut(number as usize % MAX_HANDLES)?;
        (slot.generation == number >> SLOT_BITS).then_some(slot)
    }

    /// What a handle stands for.
    pub(super) fn get(&mut self, handle: Handle) -> Option<&mut T> {
        self.slot(handle)?.held.as_mut()
    }

    /// Closes a handle.
    pub(super) fn close(&mut self, handle: Handle) -> Option<T> {
        self.slot(handle)?.held.take()
    }

    /// All open values.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(|slot| slot.held.as_ref())
    }

    /// Closes all handles.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = T> {
        std::mem::take(&mut self.slots).into_iter().filter_map(|slot| slot.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stale_and_forged_handles_mean_nothing() {
        let mut handles = Handles::new();
        let first = handles.open("first").expect("room");
        assert!(first.0 > 0);
        assert_eq!(handles.get(first), Some(&mut "first"));
        assert_eq!(handles.close(first), Some("first"));
        assert_eq!(handles.close(first), None);
        let second = handles.open("second").expect("room");
        assert_ne!(first, second);
        assert_eq!(handles.get(first), None);
        for forged in [0, -1, 1, i32::MAX, i32::MIN, second.0 + 1, second.0 + MAX_HANDLES as i32] {
            assert_eq!(handles.get(Handle(forged)), None, "{forged}");
        }
    }

    #[test]
    fn room_and_generations_are_bounded() {
        let mut handles = Handles::new();
        let open: Vec<_> = (0..MAX_HANDLES).map(|n| handles.open(n).expect("room")).collect();
        assert!(!handles.has_room());
        assert_eq!(handles.open(0), None);
        handles.close(open[5]);
        handles.slots[5].generation = LAST_GENERATION;
        assert_eq!(handles.open(0), None, "a used-up slot stays closed");
        assert_eq!(handles.drain().count(), MAX_HANDLES - 1);
    }
}
