//! Builds shapes at compile time: the part that each field's type contributes, and the bytes for the host.

use core::marker::PhantomData;
use core::mem::ManuallyDrop;

/// Enough for the types of any gatherer; a longer shape does not compile.
const MAX_BYTES: usize = 4096;
const MAX_OBJECTS: usize = 96;

/// The shape of a value, as a part of a larger one.
#[doc(hidden)]
pub struct Part<T> {
    pub(super) raw: Raw,
    of: PhantomData<fn(T) -> T>,
}

impl<T> Clone for Part<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Part<T> {}

/// A part without its type.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub(super) struct Raw {
    kind: u8,
    /// How the host marks an absent value: [`NOT`], [`NULL`] or [`FLAG`].
    absence: u8,
    /// For [`FLAG`], the offset of the flag in its container.
    flag: usize,
    /// The offset of the value in its container.
    offset: usize,
    more: Bytes,
}

/// An absent value is empty.
const NOT: u8 = 0;
/// An absent value has the address 0.
const NULL: u8 = b'~';
/// A byte is 1 if the value is present, and 0 otherwise.
const FLAG: u8 = b'?';

/// The bytes of a shape.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Bytes {
    bytes: [u8; MAX_BYTES],
    len: usize,
    /// The ranges of the objects in it, inner ones first.
    objects: [(u16, u16); MAX_OBJECTS],
    count: usize,
}

const NONE: Bytes = Bytes { bytes: [0; MAX_BYTES], len: 0, objects: [(0, 0); MAX_OBJECTS], count: 0 };

impl Bytes {
    const fn put(&mut self, byte: u8) {
        assert!(
            self.len < MAX_BYTES,
            "the shape of this type is above 4 KiB: use fewer fields, `typed::Raw`, or types without a lifetime"
        );
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    const fn number(&mut self, mut number: usize) {
        assert!(number <= 0xffff, "what a host reads or writes at once is within 64 KiB");
        while number > 0x7f {
            self.put(number as u8 | 0x80);
            number >>= 7;
        }
        self.put(number as u8);
    }

    const fn name(&mut self, name: &str) {
        let name = name.as_bytes();
        let mut at = 0;
        while at < name.len() {
            assert!(name[at] != 0, "a name has no byte 0");
            self.put(name[at]);
            at += 1;
        }
        self.put(0);
    }

    /// A name that is a substring.
    const fn piece(&mut self, text: &[u8], mut at: usize, end: usize) {
        while at < end {
            assert!(text[at] != 0, "a line has no byte 0");
            self.put(text[at]);
            at += 1;
        }
        self.put(0);
    }

    const fn append(&mut self, other: &Bytes) {
        let begin = self.len as u16;
        let mut at = 0;
        while at < other.len {
            self.put(other.bytes[at]);
            at += 1;
        }
        let mut object = 0;
        while object < other.count {
            let (from, to) = other.objects[object];
            self.object(begin + from, begin + to);
            object += 1;
        }
    }

    const fn object(&mut self, from: u16, to: u16) {
        assert!(
            self.count < MAX_OBJECTS,
            "this type has more than 96 structs within it: use fewer fields, `typed::Raw`, or types without a lifetime"
        );
        self.objects[self.count] = (from, to);
        self.count += 1;
    }

    /// The longest object that begins at an offset.
    const fn object_at(&self, at: usize) -> Option<(u16, u16)> {
        let mut found = None;
        let mut object = 0;
        while object < self.count {
            let (from, _) = self.objects[object];
            if from as usize == at {
                // Outer objects come later.
                found = Some(self.objects[object]);
            }
            object += 1;
        }
        found
    }

    const fn same(&self, one: (u16, u16), other: (u16, u16)) -> bool {
        let len = one.1 - one.0;
        if other.1 - other.0 != len {
            return false;
        }
        let mut at = 0;
        while at < len {
            if self.bytes[(one.0 + at) as usize] != self.bytes[(other.0 + at) as usize] {
                return false;
            }
            at += 1;
        }
        true
    }

    /// Contains each object once: repeated objects refer to the first one.
    const fn folded(&self) -> Bytes {
        let mut folded = NONE;
        // The kept objects: old range and new offset.
        let mut kept = [((0_u16, 0_u16), 0_usize); MAX_OBJECTS];
        let mut count = 0;
        let mut at = 0;
        while at < self.len {
            if let Some(object) = self.object_at(at) {
                let mut earlier = 0;
                let mut back = 0;
                while earlier < count {
                    // Replacing a smaller object would save nothing.
                    if object.1 - object.0 > 3 && self.same(kept[earlier].0, object) {
                        back = folded.len - kept[earlier].1;
                    }
                    earlier += 1;
                }
                if back > 0 {
                    folded.put(b'@');
                    folded.number(back);
                    at = object.1 as usize;
                    continue;
                }
                // Add all objects that begin here. The objects around this one began earlier and differ from it.
                kept[count] = (object, folded.len);
                count += 1;
            }
            folded.put(self.bytes[at]);
            at += 1;
        }
        folded
    }

    /// The number of bytes.
    pub const fn size(&self) -> usize {
        self.len
    }

    /// Exactly these bytes.
    pub const fn trimmed<const N: usize>(&self) -> [u8; N] {
        let mut trimmed = [0; N];
        let mut at = 0;
        while at < N {
            trimmed[at] = self.bytes[at];
            at += 1;
        }
        trimmed
    }
}

/// The shape of a log line: the text before each number is the name of its field, and the text after the last number
/// is the name of an object without fields.
#[doc(hidden)]
pub const fn line_of(format: &str, numbers: usize) -> Bytes {
    let text = format.as_bytes();
    let mut line = NONE;
    line.number(4 * numbers);
    line.put(b'(');
    let (mut begin, mut at, mut count) = (0, 0, 0);
    while at < text.len() {
        if text[at] != b'{' && text[at] != b'}' {
            at += 1;
            continue;
        }
        assert!(
            text[at] == b'{' && at + 1 < text.len() && text[at + 1] == b'}',
            "a brace in a line is that of the place of a number"
        );
        line.put(b'I');
        line.number(4 * count);
        line.piece(text, begin, at);
        count += 1;
        at += 2;
        begin = at;
    }
    if begin < at {
        line.put(b'(');
        line.number(0);
        line.piece(text, begin, at);
        line.put(0);
    }
    line.put(0);
    assert!(count == numbers, "a line has as many numbers as places for them");
    line
}

/// Whether it is an address and a length.
const fn is_pair(kind: u8) -> bool {
    matches!(kind, b't' | b'v' | b'j' | b'[' | b'{')
}

/// How many bytes a number has; 0 for what is none.
const fn number_bytes(kind: u8) -> usize {
    match kind {
        b'b' | b'B' => 1,
        b'h' | b'H' => 2,
        b'i' | b'I' => 4,
        b'q' | b'Q' | b'd' => 8,
        _ => 0,
    }
}

impl Raw {
    const fn of(kind: u8) -> Raw {
        Raw { kind, absence: NOT, flag: 0, offset: 0, more: NONE }
    }
}

impl<T> Part<T> {
    /// A kind without further data.
    ///
    /// # Safety
    ///
    /// Values of `T` have the layout of this kind in the contract.
    pub(super) const unsafe fn plain(kind: u8) -> Self {
        Part { raw: Raw::of(kind), of: PhantomData }
    }

    /// A list of consecutive values at another address.
    ///
    /// # Safety
    ///
    /// A `T` is an address and a number of `U`.
    pub(super) const unsafe fn list<U>(element: Part<U>) -> Self {
        assert!(element.raw.absence == NOT, "an element of a list cannot be absent");
        let mut more = NONE;
        more.number(size_of::<U>());
        assert!(element.raw.offset == 0, "an element begins with its value");
        more.put(element.raw.kind);
        more.append(&element.raw.more);
        Part { raw: Raw { more, ..Raw::of(b'[') }, of: PhantomData }
    }

    /// A list of consecutive key-value pairs at another address.
    ///
    /// # Safety
    ///
    /// A `T` is an address and a number of `P`, which begin with a key and have a `U` at the offset.
    pub(super) const unsafe fn map<P, U>(offset: usize, value: Part<U>) -> Self {
        assert!(value.raw.absence == NOT, "a value of a map cannot be absent");
        let mut more = NONE;
        more.number(size_of::<P>());
        more.number(offset + value.raw.offset);
        more.put(value.raw.kind);
        more.append(&value.raw.more);
        Part { raw: Raw { more, ..Raw::of(b'{') }, of: PhantomData }
    }

    /// An optional struct at another address.
    ///
    /// # Safety
    ///
    /// A `T` is the address of a `U`, or 0.
    pub(super) const unsafe fn away<U>(object: Part<U>) -> Self {
        assert!(
            object.raw.kind == b'(' && object.raw.offset == 0,
            "a reference that may be absent is one of a struct"
        );
        let mut more = NONE;
        more.number(size_of::<U>());
        more.append(&object.raw.more);
        Part { raw: Raw { more, ..Raw::of(b'&') }, of: PhantomData }
    }

    /// A struct with these fields.
    ///
    /// # Safety
    ///
    /// They are fields of `T`.
    #[doc(hidden)]
    pub const unsafe fn object(fields: Object) -> Self {
        let mut more = fields.0;
        more.put(0);
        let end = more.len as u16;
        more.object(0, end);
        Part { raw: Raw { more, ..Raw::of(b'(') }, of: PhantomData }
    }

    /// A struct that has the JSON of its only field.
    ///
    /// # Safety
    ///
    /// `T` has such a field at the offset.
    #[doc(hidden)]
    pub const unsafe fn only<F>(offset: usize, field: Part<F>) -> Self {
        let raw = Raw { offset: offset + field.raw.offset, flag: offset + field.raw.flag, ..field.raw };
        Part { raw, of: PhantomData }
    }

    /// An optional value of this type: a string, a list, a map, a number, or a struct with one such field. The layout of
    /// most of these `Option`s is not documented. So this code looks at it, and does not compile if the host would write
    /// another one.
    #[doc(hidden)]
    pub const fn optional(self) -> Option<Part<Option<T>>> {
        let raw = self.raw;
        if raw.absence != NOT {
            return None;
        }
        let none = ManuallyDrop::new(None::<T>);
        let none = core::ptr::from_ref(&none).cast::<u8>();
        if is_pair(raw.kind) {
            assert!(size_of::<Option<T>>() == size_of::<T>(), "`None` is one of the addresses");
            // SAFETY: the offset is within `T`, and so within an `Option` of the same size.
            let address = unsafe { none.add(raw.offset).cast::<*const u8>().read_unaligned() };
            assert!(address.is_null(), "`None` is the address 0");
            return Some(Part { raw: Raw { absence: NULL, ..raw }, of: PhantomData });
        }
        if raw.kind == b'y' && raw.offset == 0 {
            assert!(size_of::<Option<T>>() == 1, "`None` is one of the bytes");
            // SAFETY: the size is 1 byte.
            assert!(unsafe { none.read() } == 2, "`None` is the byte 2");
            return Some(Part { raw: Raw { kind: b'Y', ..raw }, of: PhantomData });
        }
        let width = number_bytes(raw.kind);
        if width == 0 || raw.offset != 0 || size_of::<T>() != width {
            return None;
        }
        assert!(size_of::<Option<T>>() == 2 * width, "the tag has the size of the number, which follows it");
        // SAFETY: `T` is a number, or a struct with one number as its only field, and 0 is a valid number.
        let some = ManuallyDrop::new(Some(unsafe { core::mem::zeroed::<T>() }));
        let some = core::ptr::from_ref(&some).cast::<u8>();
        let mut at = 0;
        while at < width {
            // SAFETY: the offset is within both. Reading an uninitialized byte does not compile.
            let (of_none, of_some) = unsafe { (none.add(at).read(), some.add(at).read()) };
            assert!(
                of_none == 0 && of_some == (at == 0) as u8,
                "the tag of `None` is 0, that of `Some` is 1, and all of its bytes are set"
            );
            at += 1;
        }
        Some(Part { raw: Raw { absence: FLAG, flag: 0, offset: width, ..raw }, of: PhantomData })
    }

    pub(super) const fn is_struct(&self) -> bool {
        self.raw.kind == b'(' && self.raw.offset == 0
    }

    pub(super) const fn is_in_place(&self) -> bool {
        self.raw.offset == 0 && self.raw.absence == NOT
    }

    /// The bytes for the host.
    #[doc(hidden)]
    pub const fn shape(&self) -> Option<Bytes> {
        if self.raw.offset != 0 || self.raw.absence != NOT {
            return None;
        }
        let mut whole = NONE;
        whole.number(size_of::<T>());
        whole.put(self.raw.kind);
        whole.append(&self.raw.more);
        Some(whole.folded())
    }
}

/// The fields of a struct.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Object(Bytes);

impl Object {
    /// No fields.
    pub const NEW: Object = Object(NONE);

    /// Adds a field.
    #[must_use]
    pub const fn with<F>(self, name: &str, offset: usize, field: Part<F>) -> Object {
        let mut bytes = self.0;
        if field.raw.absence != NOT {
            bytes.put(field.raw.absence);
        }
        if field.raw.absence == FLAG {
            bytes.number(offset + field.raw.flag);
        }
        bytes.put(field.raw.kind);
        bytes.number(offset + field.raw.offset);
        bytes.name(name);
        bytes.append(&field.raw.more);
        Object(bytes)
    }
}
