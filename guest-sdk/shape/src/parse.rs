//! Parses a shape's bytes into validated tables.
//!
//! The input is untrusted: a guest writes shapes, and may change them between two calls.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Range;
use wagather_abi::limits::{MAX_SHAPE_BYTES, MAX_SHAPE_DEPTH, MAX_STRUCTURE_BYTES};
use wagather_abi::place::Wanted;

/// The limit for all structures of one shape together, because each one has an empty template.
const MAX_TEMPLATE_BYTES: usize = 1 << 20;

/// The size of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// In WebAssembly.
    Four,
    /// In native tests.
    Eight,
}

impl Width {
    /// In bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Width::Four => 4,
            Width::Eight => 8,
        }
    }
}

/// The bytes are not a valid shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadShape;

/// The layout of a structure in memory, and its JSON.
#[derive(Debug)]
pub struct Shape {
    /// The bytes that it was parsed from, for comparisons.
    bytes: Box<[u8]>,
    pub(crate) width: Width,
    /// The structure's size.
    pub(crate) size: usize,
    pub(crate) root: Kind,
    pub(crate) objects: Vec<Object>,
    pub(crate) elements: Vec<Element>,
    enums: Vec<Vec<Range<usize>>>,
}

/// An object with known fields.
#[derive(Debug, Default)]
pub(crate) struct Object {
    pub(crate) fields: Vec<Field>,
    /// The empty object, up to the end of its last field.
    pub(crate) template: Vec<u8>,
    depth: usize,
}

/// A field of an object.
#[derive(Debug)]
pub(crate) struct Field {
    name: Range<usize>,
    pub(crate) offset: usize,
    pub(crate) kind: Kind,
    pub(crate) absence: Absence,
}

/// How an absent field is distinguished from an empty one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absence {
    /// It is not distinguished.
    AsEmpty,
    /// The byte at this offset is 0.
    Flag(usize),
    /// Its address is 0.
    Null,
}

/// The elements of a list or a map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element {
    /// The distance between elements.
    pub(crate) stride: usize,
    /// The offset of the value after a map's key.
    pub(crate) offset: usize,
    pub(crate) kind: Kind,
}

/// The kind of a value; the numbers are indices into the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Raw,
    /// A string, or the digits of a number.
    Number,
    Bool,
    /// The same, or 2 if absent.
    MaybeBool,
    Integer {
        log: u8,
        is_signed: bool,
    },
    Float,
    Enum(usize),
    Object(usize),
    /// An object at another address, with its size.
    Away(usize, usize),
    List(usize),
    Map(usize),
}

impl Kind {
    /// Its size in place.
    pub(crate) const fn len(self, shape: &Shape) -> usize {
        self.room(shape.width, &shape.objects)
    }

    const fn room(self, width: Width, objects: &Vec<Object>) -> usize {
        match self {
            Kind::Bool | Kind::MaybeBool | Kind::Enum(_) => 1,
            Kind::Integer { log, .. } => 1 << log,
            Kind::Float => 8,
            Kind::Away(..) => width.bytes(),
            Kind::Text | Kind::Raw | Kind::Number | Kind::List(_) | Kind::Map(_) => 2 * width.bytes(),
            Kind::Object(object) => {
                let objects = objects.as_slice();
                if object < objects.len() { objects[object].template.len() } else { usize::MAX }
            }
        }
    }

    /// Whether it is an address and a length.
    const fn is_pair(self) -> bool {
        matches!(self, Kind::Text | Kind::Raw | Kind::Number | Kind::List(_) | Kind::Map(_))
    }

    /// The expected JSON type.
    pub(crate) const fn wanted(self) -> Wanted {
        match self {
            Kind::Text | Kind::Enum(_) => Wanted::STRING,
            Kind::Raw => Wanted::UNSAID,
            Kind::Number => Wanted::NUMBER_OR_STRING,
            Kind::Bool | Kind::MaybeBool => Wanted::BOOLEAN,
            Kind::Integer { log, is_signed } => {
                let sign = if is_signed { Wanted::SIGNED } else { 0 };
                Wanted(Wanted::INTEGER.0 | log as u32 | sign)
            }
            Kind::Float => Wanted::NUMBER,
            Kind::Object(_) | Kind::Away(..) => Wanted::OBJECT,
            Kind::List(_) => Wanted::ARRAY,
            Kind::Map(_) => Wanted::MAP,
        }
    }
}

impl Shape {
    /// Parses the shape that some bytes begin with.
    ///
    /// # Errors
    ///
    /// If there is no valid shape, or it exceeds a limit.
    pub fn parse(bytes: &[u8], width: Width) -> Result<Shape, BadShape> {
        let bytes = bytes.get(..MAX_SHAPE_BYTES).unwrap_or(bytes);
        let mut shape = Shape {
            bytes: Box::default(),
            width,
            size: 0,
            root: Kind::Text,
            objects: Vec::new(),
            elements: Vec::new(),
            enums: Vec::new(),
        };
        let mut parser =
            Parser { bytes, at: 0, shape: &mut shape, known: BTreeMap::new(), template_bytes: 0 };
        let size = parser.number()?;
        let (root, _) = parser.element(MAX_SHAPE_DEPTH)?;
        let len = parser.at;
        shape.bytes = bytes.get(..len).ok_or(BadShape)?.into();
        if size > MAX_STRUCTURE_BYTES || root.len(&shape) > size {
            return Err(BadShape);
        }
        (shape.size, shape.root) = (size, root);
        Ok(shape)
    }

    /// Whether these bytes begin with the same shape.
    pub fn is_at(&self, bytes: &[u8]) -> bool {
        bytes.starts_with(&self.bytes)
    }

    /// The bytes that it was parsed from.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn name(&self, field: &Field) -> &[u8] {
        self.bytes.get(field.name.clone()).unwrap_or_default()
    }

    /// The names of an enumeration.
    pub(crate) fn texts(&self, number: usize) -> impl Iterator<Item = &[u8]> {
        let ranges = self.enums.get(number).map(Vec::as_slice).unwrap_or_default();
        ranges.iter().map(|range| self.bytes.get(range.clone()).unwrap_or_default())
    }

    pub(crate) fn object(&self, number: usize) -> Option<&Object> {
        self.objects.get(number)
    }
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
    shape: &'a mut Shape,
    /// The complete objects, by their start.
    known: BTreeMap<usize, usize>,
    template_bytes: usize,
}

impl Parser<'_> {
    fn byte(&mut self) -> Result<u8, BadShape> {
        let byte = self.bytes.get(self.at).copied().ok_or(BadShape)?;
        self.at += 1;
        Ok(byte)
    }

    /// An unsigned LEB128 number.
    fn number(&mut self) -> Result<usize, BadShape> {
        let mut number = 0_usize;
        for shift in [0, 7, 14] {
            let byte = self.byte()?;
            number |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(BadShape)
    }

    /// The bytes before the next 0, which must be UTF-8.
    fn text(&mut self) -> Result<Range<usize>, BadShape> {
        let begin = self.at;
        while self.byte()? != 0 {}
        let range = begin..self.at - 1;
        let text = self.bytes.get(range.clone()).ok_or(BadShape)?;
        core::str::from_utf8(text).map(|_| range).map_err(|_| BadShape)
    }

    /// Parses a kind and its further data, and returns its nesting.
    fn element(&mut self, depth: usize) -> Result<(Kind, usize), BadShape> {
        let letter = self.byte()?;
        self.more(letter, depth)
    }

    fn more(&mut self, letter: u8, depth: usize) -> Result<(Kind, usize), BadShape> {
        let integer = |log, is_signed| Ok((Kind::Integer { log, is_signed }, 0));
        match letter {
            b't' => Ok((Kind::Text, 0)),
            b'j' => Ok((Kind::Raw, 0)),
            b'v' => Ok((Kind::Number, 0)),
            b'y' => Ok((Kind::Bool, 0)),
            b'Y' => Ok((Kind::MaybeBool, 0)),
            b'b' => integer(0, true),
            b'h' => integer(1, true),
            b'i' => integer(2, true),
            b'q' => integer(3, true),
            b'B' => integer(0, false),
            b'H' => integer(1, false),
            b'I' => integer(2, false),
            b'Q' => integer(3, false),
            b'd' => Ok((Kind::Float, 0)),
            b'e' => self.enumeration().map(|kind| (kind, 0)),
            b'(' => self.object(depth).map(|(number, deep)| (Kind::Object(number), deep)),
            b'&' => {
                let size = self.number()?;
                let (number, deep) = self.object(depth)?;
                let kind = Kind::Object(number);
                if size > MAX_STRUCTURE_BYTES || kind.len(self.shape) > size {
                    return Err(BadShape);
                }
                Ok((Kind::Away(number, size), deep))
            }
            b'[' | b'{' => {
                let depth = depth.checked_sub(1).ok_or(BadShape)?;
                let stride = self.number()?;
                let offset = if letter == b'{' { self.number()? } else { 0 };
                let (kind, deep) = self.element(depth)?;
                let key = if letter == b'{' { 2 * self.shape.width.bytes() } else { 0 };
                let end = offset.checked_add(kind.len(self.shape)).ok_or(BadShape)?;
                if stride > MAX_STRUCTURE_BYTES || stride == 0 || key.max(end) > stride {
                    return Err(BadShape);
                }
                self.shape.elements.push(Element { stride, offset, kind });
                let number = self.shape.elements.len() - 1;
                Ok((if letter == b'[' { Kind::List(number) } else { Kind::Map(number) }, deep + 1))
            }
            _ => Err(BadShape),
        }
    }

    fn enumeration(&mut self) -> Result<Kind, BadShape> {
        let mut texts = Vec::new();
        loop {
            let text = self.text()?;
            if text.is_empty() {
                break;
            }
            texts.push(text);
        }
        if texts.len() > usize::from(u8::MAX) {
            return Err(BadShape);
        }
        self.shape.enums.push(texts);
        Ok(Kind::Enum(self.shape.enums.len() - 1))
    }

    /// Parses the fields of an object, or a reference to an earlier object.
    fn object(&mut self, depth: usize) -> Result<(usize, usize), BadShape> {
        let depth = depth.checked_sub(1).ok_or(BadShape)?;
        let begin = self.at;
        if self.bytes.get(begin) == Some(&b'@') {
            self.at += 1;
            let back = self.number()?;
            // An incomplete object is not known yet, so no object contains itself.
            let earlier = begin.checked_sub(back).ok_or(BadShape)?;
            let number = *self.known.get(&earlier).ok_or(BadShape)?;
            let deep = self.shape.objects.get(number).map_or(0, |object| object.depth);
            return if deep <= depth + 1 { Ok((number, deep)) } else { Err(BadShape) };
        }
        let mut object = Object { depth: 1, ..Object::default() };
        loop {
            let mut letter = self.byte()?;
            if letter == 0 {
                break;
            }
            let mut absence = Absence::AsEmpty;
            if letter == b'?' {
                absence = Absence::Flag(self.number()?);
                letter = self.byte()?;
            } else if letter == b'~' {
                absence = Absence::Null;
                letter = self.byte()?;
            }
            let offset = self.number()?;
            let name = self.text()?;
            let (kind, deep) = self.more(letter, depth)?;
            if absence == Absence::Null && !kind.is_pair() {
                return Err(BadShape);
            }
            object.depth = object.depth.max(deep + 1);
            let field = Field { name, offset, kind, absence };
            self.lay_out(&field, &mut object.template)?;
            object.fields.push(field);
        }
        self.template_bytes += object.template.len();
        if self.template_bytes > MAX_TEMPLATE_BYTES {
            return Err(BadShape);
        }
        let deep = object.depth;
        self.shape.objects.push(object);
        let number = self.shape.objects.len() - 1;
        self.known.insert(begin, number);
        Ok((number, deep))
    }

    /// Reserves space for a field, and writes its empty value to the template.
    fn lay_out(&mut self, field: &Field, template: &mut Vec<u8>) -> Result<(), BadShape> {
        let len = field.kind.len(self.shape);
        let mut end = field.offset.checked_add(len).ok_or(BadShape)?;
        if let Absence::Flag(at) = field.absence {
            end = end.max(at.checked_add(1).ok_or(BadShape)?);
        }
        if end > MAX_STRUCTURE_BYTES {
            return Err(BadShape);
        }
        if template.len() < end {
            template.resize(end, 0);
        }
        let place = template.get_mut(field.offset..field.offset + len).ok_or(BadShape)?;
        match field.kind {
            Kind::Object(number) => {
                place.copy_from_slice(&self.shape.object(number).ok_or(BadShape)?.template);
            }
            Kind::MaybeBool => place.fill(2),
            kind if kind.is_pair() && field.absence != Absence::Null => put_empty(place, self.shape.width),
            _ => {}
        }
        Ok(())
    }
}

/// The address of an empty value: not 0, aligned, and never dereferenced.
pub(crate) const EMPTY_AT: u8 = 8;

fn put_empty(place: &mut [u8], width: Width) {
    place.fill(0);
    if let Some(address) = place.get_mut(..width.bytes())
        && let Some(low) = address.first_mut()
    {
        *low = EMPTY_AT;
    }
}
