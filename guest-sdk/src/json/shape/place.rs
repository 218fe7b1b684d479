//! The destination of a value that is being read.

use super::*;
use crate::abi::Status;
use crate::{Error, Result};

/// The address of a value while it is being read. The value is valid at any time.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    part: &'static Part,
    at: *mut u8,
    value: PhantomData<&'a mut ()>,
}

const MISFIT: Error = Error::new(Status::DECODE);

impl<'a> Place<'a> {
    /// The place of a value.
    #[inline(always)]
    pub(in crate::json) fn of<T: Decode>(value: &'a mut T) -> Self {
        let part = const { &T::SHAPE.part };
        Place { part, at: core::ptr::from_mut(value).cast(), value: PhantomData }.below(part)
    }

    /// The destination of a value that is skipped.
    pub(in crate::json) const NOWHERE: Self =
        Place { part: &NOTHING, at: core::ptr::null_mut(), value: PhantomData };

    fn below(self, part: &'static Part) -> Self {
        // SAFETY: the offset is that of a field of the value, or 0, so the address stays within the value.
        Place { part, at: unsafe { self.at.add(part.offset.into()) }, value: PhantomData }
    }

    /// The expected type, as a number of the contract; kinds have the same numbers.
    pub(in crate::json) fn wanted(&self) -> u32 {
        self.part.kind().into()
    }

    /// Whether a value that begins with this bracket matches.
    pub(in crate::json) fn takes(&self, open: u8) -> bool {
        match self.part.kind() {
            SKIP => true,
            SEQ => open == b'[',
            OBJECT | MAP => open == b'{',
            _ => false,
        }
    }

    /// Reads the value with its own function, if it has one.
    pub(in crate::json) fn read(&mut self, parser: &mut Parser<'_>, depth: u32) -> Option<Result<()>> {
        if self.part.kind() != OTHER {
            return None;
        }
        // SAFETY: a readable part of this kind has this field, and the address is that of a value of its type.
        Some(unsafe { (self.part.more.read)(parser, self.at, depth) })
    }

    pub(in crate::json) fn text(&mut self, text: &str) -> Result<()> {
        match self.part.kind() {
            // SAFETY: a value of this kind is a `String`, borrowed mutably.
            TEXT => unsafe { *self.at.cast::<String>() = String::from(text) },
            SKIP => {}
            _ => return Err(MISFIT),
        }
        Ok(())
    }

    pub(in crate::json) fn boolean(&mut self, value: bool) -> Result<()> {
        match self.part.kind() {
            // SAFETY: a value of this kind is a `bool`, borrowed mutably.
            BOOL => unsafe { *self.at.cast::<bool>() = value },
            SKIP => {}
            _ => return Err(MISFIT),
        }
        Ok(())
    }

    /// Whether the value is skipped.
    pub(in crate::json) fn is_nowhere(&self) -> bool {
        self.part.kind() == SKIP
    }

    pub(in crate::json) fn integer(&mut self, negative: bool, magnitude: u64) -> Result<()> {
        let kind = self.part.kind();
        if kind == SKIP {
            return Ok(());
        }
        if kind < INTEGER {
            return Err(MISFIT);
        }
        let (log, is_signed) = (kind & 3, kind & SIGNED != 0);
        let most = u64::MAX >> (64 - (8 << log) + u32::from(is_signed));
        let most = match (negative, is_signed) {
            (false, _) => most,
            (true, true) => most + 1,
            (true, false) => 0,
        };
        if magnitude > most {
            return Err(MISFIT);
        }
        let value = if negative { magnitude.wrapping_neg() } else { magnitude };
        // SAFETY: a value of this kind is an integer of this size, borrowed mutably.
        unsafe {
            match log {
                0 => *self.at = value as u8,
                1 => *self.at.cast::<u16>() = value as u16,
                2 => *self.at.cast::<u32>() = value as u32,
                _ => *self.at.cast::<u64>() = value,
            }
        }
        Ok(())
    }

    /// The destination of an element: the end of a collection, or the field of this name.
    pub(in crate::json) fn element(&mut self, name: &str) -> Place<'_> {
        match self.part.kind() {
            OBJECT => {
                // SAFETY: a part of this kind has this field.
                let mut at: *const Part = unsafe { self.part.more.fields };
                loop {
                    // SAFETY: a struct has at least one field, its last one is marked, and the loop ends there.
                    let field = unsafe { &*at };
                    if field.name() == name {
                        break self.below(field);
                    }
                    if field.kind & LAST != 0 {
                        break Place::NOWHERE;
                    }
                    // The pointer must be derived from the whole array, because a reference to one field does not
                    // reach the next.
                    at = at.wrapping_add(1);
                }
            }
            SEQ | MAP => {
                // SAFETY: a part of this kind has this field, and the value is a collection of its type, borrowed
                // mutably.
                let grow = unsafe { &*self.part.more.grow };
                // SAFETY: as above.
                let at = unsafe { (grow.append)(self.at, name) };
                Place { at, ..*self }.below(&grow.part)
            }
            _ => Place::NOWHERE,
        }
    }
}
