//! A value that is being written.

use super::*;

/// A value and its shape.
#[derive(Clone, Copy)]
pub(in crate::json) struct View<'a> {
    part: &'static Part,
    at: *const u8,
    value: PhantomData<&'a ()>,
}

/// What a value is.
pub(in crate::json) enum What<'a> {
    Text(&'a str),
    Bool(bool),
    /// Whether it is negative, and its magnitude.
    Integer(bool, u64),
    Array(Elements<'a>),
    Object(Elements<'a>),
    /// It was written by its own function.
    Written,
}

impl<'a> View<'a> {
    /// The view of a value; `None` if it is written as `null`.
    #[inline(always)]
    pub(in crate::json) fn of<T: Serialize>(value: &'a T) -> Option<Self> {
        View::found(const { &T::SHAPE.part }, core::ptr::from_ref(value).cast())
    }

    /// The value at an address, or the value that it refers to.
    fn found(mut part: &'static Part, at: *const u8) -> Option<Self> {
        // SAFETY: the offset is that of a part of the value, or 0, so the address stays within the value.
        let mut at = unsafe { at.add(part.offset.into()) };
        while part.kind() == BEHIND {
            // SAFETY: a part of this kind has this field.
            let behind = unsafe { &*part.more.behind };
            // SAFETY: the address is that of a value of its type.
            at = unsafe { (behind.find)(at) };
            if at.is_null() {
                return None;
            }
            part = &behind.part;
            // SAFETY: as above.
            at = unsafe { at.add(part.offset.into()) };
        }
        Some(View { part, at, value: PhantomData })
    }

    /// The kind and content of the value. Some kinds are written at once.
    pub(in crate::json) fn what(self, writer: &mut Writer<'_>) -> What<'a> {
        let View { part, at, .. } = self;
        // SAFETY: the address is that of a borrowed value of the kind's type, and each kind only reads its own field
        // of `more`.
        unsafe {
            match part.kind() {
                TEXT => What::Text(&*at.cast::<String>()),
                STR => What::Text(*at.cast::<&str>()),
                BOOL => What::Bool(*at.cast::<bool>()),
                OBJECT => What::Object(Elements {
                    list: None,
                    part: part.more.fields,
                    at,
                    left: usize::MAX,
                    value: PhantomData,
                }),
                kind @ (SEQ | MAP) => {
                    let list = &*part.more.list;
                    let (at, left) = (list.elements)(at);
                    let elements =
                        Elements { list: Some(list), part: &list.part, at, left, value: PhantomData };
                    if kind == MAP { What::Object(elements) } else { What::Array(elements) }
                }
                OTHER => {
                    (part.more.write)(writer, at);
                    What::Written
                }
                kind => {
                    let value = match kind & (SIGNED | 3) {
                        0 => i64::from(*at),
                        1 => i64::from(*at.cast::<u16>()),
                        2 => i64::from(*at.cast::<u32>()),
                        4 => i64::from(*at.cast::<i8>()),
                        5 => i64::from(*at.cast::<i16>()),
                        6 => i64::from(*at.cast::<i32>()),
                        _ => *at.cast::<i64>(),
                    };
                    let negative = kind & SIGNED != 0 && value < 0;
                    What::Integer(negative, if negative { value.unsigned_abs() } else { value as u64 })
                }
            }
        }
    }
}

/// The fields of a struct, or the elements of a collection.
pub(in crate::json) struct Elements<'a> {
    /// The layout of a collection; a struct has none, because each field has its own part.
    list: Option<&'static List>,
    /// A pointer into the array of a struct's fields, because a reference to one field does not reach the next.
    part: *const Part,
    at: *const u8,
    left: usize,
    value: PhantomData<&'a ()>,
}

impl<'a> Iterator for Elements<'a> {
    /// The optional name, and the value; `None` if it is written as `null`.
    type Item = (&'a str, Option<View<'a>>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        // SAFETY: it points to the part of all elements, or to a field up to the last.
        let (part, at): (&'static Part, _) = (unsafe { &*self.part }, self.at);
        let name = match self.list {
            None => {
                if part.kind & LAST == 0 {
                    self.part = self.part.wrapping_add(1);
                } else {
                    self.left = 0;
                }
                part.name()
            }
            Some(list) => {
                // SAFETY: the address is that of another element, or one past the last.
                self.at = unsafe { at.add(list.stride.into()) };
                if list.name == NO_NAME {
                    ""
                } else {
                    // SAFETY: a named element has its name at this offset.
                    unsafe { &*at.add(list.name.into()).cast::<String>() }
                }
            }
        };
        Some((name, View::found(part, at)))
    }
}
